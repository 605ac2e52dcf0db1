-- Calls that were spent on what waited in the queue, noted with what became of it.
ALTER TABLE flow_runs ADD COLUMN queue_calls BIGINT NOT NULL DEFAULT 0;
