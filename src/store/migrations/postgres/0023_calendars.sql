-- Calendars that somebody proposed and somebody else approved: the notices change what every term means.
CREATE TABLE calendar_proposals (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    year BIGINT NOT NULL,
    -- The file's text, as it goes into the calendars' folder.
    body TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposer_id BIGINT NOT NULL REFERENCES people (id),
    proposed_at BIGINT NOT NULL,
    approved_by TEXT,
    approver_id BIGINT REFERENCES people (id),
    approved_at BIGINT
);
