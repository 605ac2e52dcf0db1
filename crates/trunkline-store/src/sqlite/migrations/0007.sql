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
