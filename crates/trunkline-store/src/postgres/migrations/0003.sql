ALTER TABLE deliveries ADD COLUMN head TEXT;
ALTER TABLE deliveries ADD COLUMN source_record TEXT;
ALTER TABLE dead_letters ADD COLUMN head TEXT;
ALTER TABLE flow_runs ADD COLUMN queued BIGINT NOT NULL DEFAULT 0;
ALTER TABLE flow_runs ADD COLUMN queue_delivered BIGINT NOT NULL DEFAULT 0;
ALTER TABLE flow_runs ADD COLUMN queue_dead BIGINT NOT NULL DEFAULT 0;
ALTER TABLE flow_runs ADD COLUMN queue_retried BIGINT NOT NULL DEFAULT 0;

CREATE TABLE pushes (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    flow TEXT NOT NULL,
    dedup TEXT NOT NULL,
    body TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    UNIQUE (flow, dedup)
);
CREATE INDEX pushes_by_flow ON pushes (flow, seq);
CREATE INDEX notifications_by_workspace ON notifications (workspace, seq);

-- Who adds a row has this lock before it gets its number, until its transaction ends; so a reader who gets the lock for itself knows
-- that no smaller number is still to come.
CREATE FUNCTION trunkline_numbers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1414679379, (TG_RELID::bigint % 2147483647)::integer);
    RETURN NULL;
END
$$;
CREATE TRIGGER numbers BEFORE INSERT ON notifications FOR EACH STATEMENT EXECUTE FUNCTION trunkline_numbers();
CREATE TRIGGER numbers BEFORE INSERT ON pushes FOR EACH STATEMENT EXECUTE FUNCTION trunkline_numbers();
