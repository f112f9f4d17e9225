-- Each wait of a call's caller for a desk, from 1: he may be handed on to a queue, or lose his desk and wait again. The
-- first one stands on the call's row as well, by which each caller is counted once.
CREATE TABLE call_queue_waits (
    call_id TEXT NOT NULL REFERENCES calls (id),
    nth BIGINT NOT NULL,
    -- The group or skill that was asked for; NULL: any desk
    queue TEXT,
    queued_at BIGINT NOT NULL,
    -- Both NULL while he waits
    waited_ms BIGINT,
    how TEXT,
    PRIMARY KEY (call_id, nth)
);
INSERT INTO call_queue_waits (call_id, nth, queued_at, waited_ms, how)
    SELECT id, 1, queued_at, queue_waited_ms, queue_end FROM calls WHERE queued_at IS NOT NULL;
INSERT INTO uncounted (thing) SELECT 'act:call-' || id FROM calls WHERE queued_at IS NOT NULL AND ended_at IS NOT NULL;
