CREATE TABLE flows (
    name TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL,
    digest TEXT NOT NULL,
    state TEXT NOT NULL,
    origin TEXT NOT NULL,
    version INTEGER NOT NULL,
    applied_at INTEGER NOT NULL,
    by_whom TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE flow_checkpoints (
    flow TEXT NOT NULL,
    part TEXT NOT NULL,
    cursor TEXT NOT NULL,
    fence INTEGER NOT NULL,
    saved_at INTEGER NOT NULL,
    PRIMARY KEY (flow, part)
) STRICT, WITHOUT ROWID;

CREATE TABLE flow_runs (
    id TEXT NOT NULL PRIMARY KEY,
    flow TEXT NOT NULL,
    version INTEGER NOT NULL,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    records_read INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    filtered INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    retried INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    bytes INTEGER,
    errors TEXT NOT NULL,
    note TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX flow_runs_by_flow ON flow_runs (flow, id);
CREATE INDEX flow_runs_not_done ON flow_runs (state, id) WHERE state <> 'done';

CREATE TABLE flow_lanes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    flow TEXT NOT NULL REFERENCES flows (name),
    destination TEXT NOT NULL,
    is_loose INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    slots INTEGER NOT NULL,
    last INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    owner TEXT,
    fence INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    fruitless INTEGER NOT NULL,
    UNIQUE (flow, destination, is_loose, slot)
) STRICT;

CREATE TABLE deliveries (
    lane INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    is_loose INTEGER NOT NULL,
    key TEXT,
    dedupe_key TEXT,
    record TEXT NOT NULL,
    form TEXT NOT NULL,
    run TEXT,
    due_at INTEGER NOT NULL,
    enqueued_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    error TEXT,
    first_at INTEGER,
    PRIMARY KEY (lane, seq)
) STRICT;
CREATE INDEX deliveries_loose ON deliveries (lane, due_at, seq) WHERE is_loose = 1;

CREATE TABLE delivery_keys (
    flow TEXT NOT NULL,
    destination TEXT NOT NULL,
    dedupe_key TEXT NOT NULL,
    lane INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    done_at INTEGER,
    UNIQUE (flow, destination, dedupe_key)
) STRICT;
CREATE INDEX delivery_keys_by_delivery ON delivery_keys (lane, seq);
CREATE INDEX delivery_keys_done ON delivery_keys (done_at) WHERE done_at IS NOT NULL;

CREATE TABLE dead_letters (
    id TEXT NOT NULL PRIMARY KEY,
    flow TEXT NOT NULL,
    destination TEXT NOT NULL,
    run TEXT,
    key TEXT,
    dedupe_key TEXT,
    source_record TEXT,
    record TEXT,
    steps TEXT NOT NULL,
    request TEXT,
    answer TEXT,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;
CREATE INDEX dead_letters_waiting ON dead_letters (flow, destination, id) WHERE state = 'waiting';
CREATE INDEX dead_letters_by_flow ON dead_letters (flow, id);
CREATE INDEX dead_letters_by_time ON dead_letters (last_at);
