-- How many dead letters of a kind wait, kept in the transaction that changes them, whoever it is: counting them takes longer the more
-- there are. Those who write at once keep shares of their own, so that they do not wait for each other; what counts is the sum.
CREATE TABLE dead_letter_counts (
    flow TEXT NOT NULL,
    destination TEXT NOT NULL,
    code TEXT NOT NULL,
    share BIGINT NOT NULL,
    waiting BIGINT NOT NULL,
    PRIMARY KEY (flow, destination, code, share)
) WITH (fillfactor = 50);
INSERT INTO dead_letter_counts (flow, destination, code, share, waiting)
SELECT flow, destination, code, 0, count(*) FROM dead_letters WHERE state = 'waiting' GROUP BY flow, destination, code;

-- Kinds in one order, so that two who change the same shares do not wait for each other.
CREATE FUNCTION trunkline_dead_letters_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO dead_letter_counts AS kept (flow, destination, code, share, waiting)
    SELECT flow, destination, code, pg_backend_pid() % 32, count(*) FROM entered WHERE state = 'waiting'
    GROUP BY flow, destination, code ORDER BY flow, destination, code
    ON CONFLICT (flow, destination, code, share) DO UPDATE SET waiting = kept.waiting + excluded.waiting;
    RETURN NULL;
END
$$;
CREATE FUNCTION trunkline_dead_letters_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO dead_letter_counts AS kept (flow, destination, code, share, waiting)
    SELECT flow, destination, code, pg_backend_pid() % 32, -count(*) FROM gone WHERE state = 'waiting'
    GROUP BY flow, destination, code ORDER BY flow, destination, code
    ON CONFLICT (flow, destination, code, share) DO UPDATE SET waiting = kept.waiting + excluded.waiting;
    RETURN NULL;
END
$$;
CREATE FUNCTION trunkline_dead_letters_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO dead_letter_counts AS kept (flow, destination, code, share, waiting)
    SELECT flow, destination, code, pg_backend_pid() % 32, sum(change) FROM (
        SELECT flow, destination, code, 1 AS change FROM entered WHERE state = 'waiting'
        UNION ALL SELECT flow, destination, code, -1 FROM gone WHERE state = 'waiting'
    ) AS changes
    GROUP BY flow, destination, code HAVING sum(change) <> 0 ORDER BY flow, destination, code
    ON CONFLICT (flow, destination, code, share) DO UPDATE SET waiting = kept.waiting + excluded.waiting;
    RETURN NULL;
END
$$;
CREATE TRIGGER added AFTER INSERT ON dead_letters REFERENCING NEW TABLE AS entered
    FOR EACH STATEMENT EXECUTE FUNCTION trunkline_dead_letters_added();
CREATE TRIGGER removed AFTER DELETE ON dead_letters REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION trunkline_dead_letters_removed();
CREATE TRIGGER moved AFTER UPDATE ON dead_letters REFERENCING OLD TABLE AS gone NEW TABLE AS entered
    FOR EACH STATEMENT EXECUTE FUNCTION trunkline_dead_letters_moved();

-- For the newest of each kind, for lists of one state, of a flow or of all, and for those of a run.
CREATE INDEX dead_letters_newest ON dead_letters (flow, destination, code, id) WHERE state = 'waiting';
CREATE INDEX dead_letters_by_state ON dead_letters (state, id);
CREATE INDEX dead_letters_by_run ON dead_letters (run, id) WHERE run IS NOT NULL;
DROP INDEX dead_letters_by_flow;
CREATE INDEX dead_letters_of_flow ON dead_letters (flow, id) WHERE state = 'waiting';
CREATE INDEX dead_letters_settled_of_flow ON dead_letters (flow, state, id) WHERE state <> 'waiting';
-- What is under way, and what went wrong, is looked for among much that went well.
CREATE INDEX notifications_open ON notifications (seq) WHERE state = 'waiting';
CREATE INDEX notifications_failed ON notifications (seq) WHERE state = 'failed';
CREATE INDEX requests_refused ON requests (seq) WHERE status IS NULL OR status >= 400;
CREATE INDEX requests_refused_of ON requests (connection, seq) WHERE status IS NULL OR status >= 400;
CREATE INDEX audit_by_whom ON audit (by_whom, seq);

-- How long things are kept, where somebody said so.
CREATE TABLE retention (
    what TEXT NOT NULL PRIMARY KEY,
    seconds BIGINT NOT NULL
);
