CREATE TABLE secrets (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (owner, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE apps (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    details TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE connections (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    app TEXT REFERENCES apps (id),
    workspace TEXT,
    is_default INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    details TEXT NOT NULL,
    identity TEXT,
    tested_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX connections_by_workspace ON connections (workspace);

CREATE TABLE grants (
    state_hash TEXT NOT NULL PRIMARY KEY,
    connection TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    browser_hash TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE notifications (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace TEXT NOT NULL,
    dedup TEXT NOT NULL,
    notification TEXT,
    topic TEXT NOT NULL,
    via TEXT NOT NULL,
    body BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    created_at INTEGER,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    error TEXT,
    UNIQUE (workspace, dedup)
) STRICT;
CREATE INDEX notifications_waiting ON notifications (workspace, next_at) WHERE state = 'waiting';
CREATE INDEX notifications_by_time ON notifications (received_at);

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    fence INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ledgers (
    name TEXT NOT NULL PRIMARY KEY,
    fence INTEGER NOT NULL,
    page TEXT NOT NULL,
    written_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE mirrors (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    connection TEXT NOT NULL REFERENCES connections (id),
    details TEXT NOT NULL,
    is_paused INTEGER NOT NULL,
    next_run_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    mirror TEXT NOT NULL REFERENCES mirrors (id) ON DELETE CASCADE,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    report TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_mirror ON runs (mirror, started_at);

CREATE TABLE requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    connection TEXT NOT NULL,
    at INTEGER NOT NULL,
    status INTEGER,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX requests_by_connection ON requests (connection, seq);
CREATE INDEX requests_by_time ON requests (at);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
