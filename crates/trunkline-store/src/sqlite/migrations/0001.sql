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

CREATE TABLE action_runs (
    id TEXT NOT NULL PRIMARY KEY,
    workspace TEXT NOT NULL,
    action TEXT NOT NULL,
    input_digest TEXT NOT NULL,
    key TEXT,
    state TEXT NOT NULL,
    owner TEXT NOT NULL,
    fence INTEGER NOT NULL,
    writes INTEGER NOT NULL,
    outcome TEXT,
    error TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    undo_of TEXT,
    batch TEXT,
    by_whom TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX action_runs_by_key ON action_runs (workspace, key) WHERE key IS NOT NULL;
CREATE INDEX action_runs_by_workspace ON action_runs (workspace, id);
CREATE INDEX action_runs_not_done ON action_runs (state, id) WHERE state <> 'done';
CREATE INDEX action_runs_by_undone ON action_runs (undo_of) WHERE undo_of IS NOT NULL;
CREATE INDEX action_runs_by_batch ON action_runs (batch, id) WHERE batch IS NOT NULL;

CREATE TABLE action_inputs (
    run TEXT NOT NULL PRIMARY KEY REFERENCES action_runs (id) ON DELETE CASCADE,
    input TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE action_writes (
    run TEXT NOT NULL REFERENCES action_runs (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    operation TEXT NOT NULL,
    subject TEXT,
    path TEXT,
    query TEXT,
    payload TEXT,
    before TEXT,
    after TEXT,
    inverse TEXT,
    state TEXT NOT NULL,
    status INTEGER,
    request_id TEXT,
    sent_at INTEGER NOT NULL,
    answered_at INTEGER,
    PRIMARY KEY (run, seq)
) STRICT;
CREATE INDEX action_writes_by_subject ON action_writes (subject) WHERE subject IS NOT NULL;

CREATE TABLE batches (
    id TEXT NOT NULL PRIMARY KEY,
    workspace TEXT NOT NULL,
    action TEXT NOT NULL,
    source_digest TEXT NOT NULL,
    input_name TEXT NOT NULL,
    options TEXT NOT NULL,
    state TEXT NOT NULL,
    owner TEXT NOT NULL,
    fence INTEGER NOT NULL,
    rows_done INTEGER NOT NULL,
    position TEXT,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX batches_open ON batches (workspace, action, source_digest) WHERE state IN ('running', 'stopped');
