-- Calls that were spent on what waited in the queue, noted with what became of it.
ALTER TABLE flow_runs ADD COLUMN queue_calls INTEGER NOT NULL DEFAULT 0;
