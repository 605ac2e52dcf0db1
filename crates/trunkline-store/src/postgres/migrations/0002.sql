CREATE TABLE flows (
    name TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL,
    digest TEXT NOT NULL,
    state TEXT NOT NULL,
    origin TEXT NOT NULL,
    version BIGINT NOT NULL,
    applied_at BIGINT NOT NULL,
    by_whom TEXT NOT NULL
);

CREATE TABLE flow_checkpoints (
    flow TEXT NOT NULL,
    part TEXT NOT NULL,
    cursor TEXT NOT NULL,
    fence BIGINT NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (flow, part)
);

CREATE TABLE flow_runs (
    id TEXT NOT NULL PRIMARY KEY,
    flow TEXT NOT NULL,
    version BIGINT NOT NULL,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    records_read BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    filtered BIGINT NOT NULL,
    dead BIGINT NOT NULL,
    retried BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    bytes BIGINT,
    errors TEXT NOT NULL,
    note TEXT
);
CREATE INDEX flow_runs_by_flow ON flow_runs (flow, id);
CREATE INDEX flow_runs_not_done ON flow_runs (state, id) WHERE state <> 'done';

CREATE TABLE flow_lanes (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    flow TEXT NOT NULL REFERENCES flows (name),
    destination TEXT NOT NULL,
    is_loose BIGINT NOT NULL,
    slot BIGINT NOT NULL,
    slots BIGINT NOT NULL,
    last BIGINT NOT NULL,
    pending BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    owner TEXT,
    fence BIGINT NOT NULL,
    turn BIGINT NOT NULL,
    fruitless BIGINT NOT NULL,
    UNIQUE (flow, destination, is_loose, slot)
);

CREATE TABLE deliveries (
    lane BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    is_loose BIGINT NOT NULL,
    key TEXT,
    dedupe_key TEXT,
    record TEXT NOT NULL,
    form TEXT NOT NULL,
    run TEXT,
    due_at BIGINT NOT NULL,
    enqueued_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    error TEXT,
    first_at BIGINT,
    PRIMARY KEY (lane, seq)
);
CREATE INDEX deliveries_loose ON deliveries (lane, due_at, seq) WHERE is_loose = 1;

CREATE TABLE delivery_keys (
    flow TEXT NOT NULL,
    destination TEXT NOT NULL,
    dedupe_key TEXT NOT NULL,
    lane BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    done_at BIGINT,
    UNIQUE (flow, destination, dedupe_key)
);
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
    attempts BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX dead_letters_waiting ON dead_letters (flow, destination, id) WHERE state = 'waiting';
CREATE INDEX dead_letters_by_flow ON dead_letters (flow, id);
CREATE INDEX dead_letters_by_time ON dead_letters (last_at);
