-- Conditions that somebody wants to know of, and the notices that are on their way to channels.

CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    facts TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    held_at BIGINT NOT NULL,
    noticed_at BIGINT,
    ended_at BIGINT
);

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
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    code TEXT,
    message TEXT,
    created_at BIGINT NOT NULL,
    sent_at BIGINT
);

CREATE INDEX alert_notices_alert ON alert_notices (alert);
CREATE INDEX alert_notices_waiting ON alert_notices (next_at) WHERE state = 'waiting';
