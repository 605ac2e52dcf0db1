-- Calls that were spent on what waited in the queue, noted with what became of it.
ALTER TABLE flow_runs ADD COLUMN queue_calls INTEGER NOT NULL DEFAULT 0;

-- Which contact an identity led to a moment ago, and who is about to make one, so that processes make no two of one. An identity is kept as a
-- digest under a key of the store's own. What is held or known counts until `ends_at`; of what was left open, `sent_by` says until when its
-- creation may have been sent.
CREATE TABLE identities (
    workspace TEXT NOT NULL,
    digest TEXT NOT NULL,
    owner TEXT NOT NULL,
    run TEXT NOT NULL,
    is_guarded INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    sent_by INTEGER,
    contact TEXT,
    has_gone INTEGER NOT NULL,
    PRIMARY KEY (workspace, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_of_contact ON identities (workspace, contact) WHERE contact IS NOT NULL;
CREATE INDEX identities_by_end ON identities (ends_at);

-- What became of records whose whole way is kept: a row for each record of the source and each destination, or for its dead letter, or one
-- that says it was let go. What several were joined into stands in the row of the first.
CREATE TABLE fates (
    id TEXT NOT NULL PRIMARY KEY,
    flow TEXT NOT NULL,
    run TEXT NOT NULL,
    version INTEGER NOT NULL,
    origin INTEGER NOT NULL,
    record_id TEXT,
    key TEXT,
    destination TEXT NOT NULL,
    outcome TEXT NOT NULL,
    head TEXT,
    source_record TEXT,
    record TEXT,
    joined INTEGER NOT NULL,
    joined_into TEXT,
    answer TEXT,
    letter TEXT,
    attempts INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX fates_of_flow ON fates (flow, id);
CREATE INDEX fates_of_destination ON fates (flow, destination, id);
CREATE INDEX fates_of_run ON fates (run, id);
CREATE INDEX fates_of_origin ON fates (run, origin, id);
CREATE INDEX fates_of_record ON fates (record_id, id) WHERE record_id IS NOT NULL;
CREATE INDEX fates_of_key ON fates (flow, key, id) WHERE key IS NOT NULL;
CREATE INDEX fates_not_delivered ON fates (flow, outcome, id) WHERE outcome <> 'delivered';
CREATE INDEX fates_not_delivered_of_any ON fates (outcome, id) WHERE outcome <> 'delivered';
ALTER TABLE deliveries ADD COLUMN origins TEXT;
ALTER TABLE dead_letters ADD COLUMN origins TEXT;
ALTER TABLE flow_runs ADD COLUMN followed INTEGER NOT NULL DEFAULT 0;
-- Errors of what waited in the queue, noted with what became of it.
CREATE TABLE queue_errors (
    run TEXT NOT NULL REFERENCES flow_runs (id) ON DELETE CASCADE,
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (run, code)
) STRICT, WITHOUT ROWID;

-- Those that are due in a workspace, in their order: the index by workspace and number alone leads through all that ever came.
DROP INDEX notifications_waiting;
CREATE INDEX notifications_due ON notifications (workspace, seq, next_at) WHERE state = 'waiting';
