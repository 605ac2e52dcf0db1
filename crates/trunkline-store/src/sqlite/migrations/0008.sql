-- What somebody looks for by a word that may be rare: without these, all that ever came is read for it.
CREATE INDEX notifications_by_topic ON notifications (topic, seq);
CREATE INDEX audit_by_deed ON audit (deed, seq);
CREATE INDEX action_runs_by_action ON action_runs (action, id);
CREATE INDEX dead_letters_settled_by_code ON dead_letters (code, state, id) WHERE state <> 'waiting';
