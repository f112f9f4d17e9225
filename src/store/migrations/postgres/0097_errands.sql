-- Calls that the house makes (errands), and how often each was tried.
CREATE TABLE errands (
    id TEXT PRIMARY KEY,
    -- revisit, result, callback
    purpose TEXT NOT NULL,
    ticket TEXT,
    -- The call it is about: the rated one, or the one in which a callback was asked for.
    call_id TEXT,
    -- In its national form
    number TEXT NOT NULL,
    -- 工号 of the desk that is rung first; none: any, or the machine
    staff TEXT,
    -- A person; none: the machine or the command line
    asked_by TEXT,
    asked_at BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    -- Those of them that tried the called person
    tried BIGINT NOT NULL DEFAULT 0,
    -- waiting, calling, closed
    state TEXT NOT NULL,
    result TEXT,
    closed_at BIGINT,
    rehearsal BOOLEAN NOT NULL
);
CREATE INDEX errands_open ON errands (not_before, id) WHERE state <> 'closed';
CREATE INDEX errands_under_way ON errands (id) WHERE state = 'calling';
CREATE INDEX errands_of_number ON errands (number, purpose) WHERE state <> 'closed';
CREATE INDEX errands_by_time ON errands (asked_at, id);
CREATE INDEX errands_of_ticket ON errands (ticket, asked_at);
CREATE INDEX errands_of_call ON errands (call_id, purpose);

CREATE TABLE errand_attempts (
    errand TEXT NOT NULL REFERENCES errands (id),
    seq BIGINT NOT NULL,
    number TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    -- The call that it is, where it was answered
    call_id TEXT NOT NULL,
    ended_at BIGINT,
    result TEXT,
    -- The final response, where there was one
    status BIGINT,
    PRIMARY KEY (errand, seq)
);
-- No errand is under way twice.
CREATE UNIQUE INDEX errand_attempts_under_way ON errand_attempts (errand) WHERE ended_at IS NULL;
CREATE INDEX errand_attempts_by_call ON errand_attempts (call_id);
CREATE INDEX errand_attempts_by_time ON errand_attempts (started_at);

-- Callbacks that were asked for lately and are not made yet
CREATE INDEX callbacks_by_time ON callbacks (requested_at);
