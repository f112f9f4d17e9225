-- Who had the caller, one after another, and whom he was handed to or a colleague asked. seq is the order of answering.
CREATE TABLE call_desks (
    call_id TEXT NOT NULL REFERENCES calls (id),
    seq BIGINT NOT NULL,
    desk TEXT NOT NULL,
    -- 工号
    staff TEXT,
    -- From the call's answer, which is the recording's zero
    from_ms BIGINT NOT NULL,
    to_ms BIGINT,
    -- How long caller and desk heard each other
    talked_ms BIGINT NOT NULL,
    PRIMARY KEY (call_id, seq)
);
