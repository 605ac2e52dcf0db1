-- What every mirror has beside the tables of its streams. Those are declared in src/tables and compared with the file
-- each time it is opened.
CREATE TABLE _trunkline_meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE _trunkline_workspace (
    id_code TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    region TEXT NOT NULL,
    version TEXT NOT NULL,
    seen_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE _trunkline_checkpoints (
    stream TEXT NOT NULL PRIMARY KEY,
    cursor TEXT NOT NULL,
    saved_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE _trunkline_stream_state (
    stream TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    noted_at TEXT NOT NULL,
    PRIMARY KEY (stream, kind)
) WITHOUT ROWID;

-- The complete reading that is going on; tracked is 0 while it fills a table that was empty.
CREATE TABLE _trunkline_passes (
    stream TEXT NOT NULL PRIMARY KEY,
    pass INTEGER NOT NULL,
    tracked INTEGER NOT NULL,
    started_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE _trunkline_seen (
    stream TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (stream, id)
) WITHOUT ROWID;

CREATE TABLE _trunkline_aliases (
    stream TEXT NOT NULL,
    old_id TEXT NOT NULL,
    new_id TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    PRIMARY KEY (stream, old_id)
) WITHOUT ROWID;

CREATE TABLE _trunkline_rejects (
    stream TEXT NOT NULL,
    hash INTEGER NOT NULL,
    error TEXT NOT NULL,
    record BLOB NOT NULL,
    times INTEGER NOT NULL,
    first_seen_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    PRIMARY KEY (stream, hash)
) WITHOUT ROWID;

-- The custom attributes seen so far: the columns of the views <stream>_custom.
CREATE TABLE _trunkline_attributes (
    stream TEXT NOT NULL,
    name TEXT NOT NULL,
    first_seen_at TEXT NOT NULL,
    PRIMARY KEY (stream, name)
) WITHOUT ROWID;
