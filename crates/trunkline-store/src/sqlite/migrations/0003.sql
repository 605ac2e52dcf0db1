ALTER TABLE deliveries ADD COLUMN head TEXT;
ALTER TABLE deliveries ADD COLUMN source_record TEXT;
ALTER TABLE dead_letters ADD COLUMN head TEXT;
ALTER TABLE flow_runs ADD COLUMN queued INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flow_runs ADD COLUMN queue_delivered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flow_runs ADD COLUMN queue_dead INTEGER NOT NULL DEFAULT 0;
ALTER TABLE flow_runs ADD COLUMN queue_retried INTEGER NOT NULL DEFAULT 0;

CREATE TABLE pushes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    flow TEXT NOT NULL,
    dedup TEXT NOT NULL,
    body TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    UNIQUE (flow, dedup)
) STRICT;
CREATE INDEX pushes_by_flow ON pushes (flow, seq);
CREATE INDEX notifications_by_workspace ON notifications (workspace, seq);
