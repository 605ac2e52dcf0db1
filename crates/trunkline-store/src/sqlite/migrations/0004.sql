-- Conditions that somebody wants to know of, and the notices that are on their way to channels.

CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    facts TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    held_at INTEGER NOT NULL,
    noticed_at INTEGER,
    ended_at INTEGER
) STRICT, WITHOUT ROWID;

-- A condition of a thing stands once.
CREATE UNIQUE INDEX alerts_standing ON alerts (kind, subject) WHERE ended_at IS NULL;
CREATE INDEX alerts_ended ON alerts (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE alert_notices (
    id TEXT PRIMARY KEY,
    alert TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    channel TEXT NOT NULL,
    word TEXT NOT NULL,
    facts TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    code TEXT,
    message TEXT,
    created_at INTEGER NOT NULL,
    sent_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_notices_alert ON alert_notices (alert);
CREATE INDEX alert_notices_waiting ON alert_notices (next_at) WHERE state = 'waiting';
