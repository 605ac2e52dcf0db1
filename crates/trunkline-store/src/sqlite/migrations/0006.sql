-- How many dead letters of a kind wait, kept in the transaction that changes them, whoever it is: counting them takes longer the more
-- there are. In a file writers take turns, so the share is always 0.
CREATE TABLE dead_letter_counts (
    flow TEXT NOT NULL,
    destination TEXT NOT NULL,
    code TEXT NOT NULL,
    share INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    PRIMARY KEY (flow, destination, code, share)
) STRICT, WITHOUT ROWID;
INSERT INTO dead_letter_counts (flow, destination, code, share, waiting)
SELECT flow, destination, code, 0, count(*) FROM dead_letters WHERE state = 'waiting' GROUP BY flow, destination, code;

CREATE TRIGGER dead_letters_added AFTER INSERT ON dead_letters WHEN new.state = 'waiting'
BEGIN
    INSERT INTO dead_letter_counts (flow, destination, code, share, waiting) VALUES (new.flow, new.destination, new.code, 0, 1)
    ON CONFLICT (flow, destination, code, share) DO UPDATE SET waiting = waiting + 1;
END;
CREATE TRIGGER dead_letters_removed AFTER DELETE ON dead_letters WHEN old.state = 'waiting'
BEGIN
    UPDATE dead_letter_counts SET waiting = waiting - 1
    WHERE flow = old.flow AND destination = old.destination AND code = old.code AND share = 0;
END;
CREATE TRIGGER dead_letters_moved AFTER UPDATE OF state ON dead_letters WHEN (old.state = 'waiting') <> (new.state = 'waiting')
BEGIN
    INSERT INTO dead_letter_counts (flow, destination, code, share, waiting)
    VALUES (new.flow, new.destination, new.code, 0, CASE WHEN new.state = 'waiting' THEN 1 ELSE -1 END)
    ON CONFLICT (flow, destination, code, share) DO UPDATE SET waiting = waiting + excluded.waiting;
END;

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
    seconds INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
