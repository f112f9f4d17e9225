-- Ratings of every channel (第七条), and matters with what their completion starts (第六条, 第十五条).
-- JSON: what was ticked beside the grade; NULL: nothing.
ALTER TABLE ratings ADD COLUMN choices TEXT;
-- Digest of a proven identity.
ALTER TABLE ratings ADD COLUMN applicant TEXT;

CREATE TABLE matters (
    number TEXT PRIMARY KEY,
    item TEXT NOT NULL,
    item_name TEXT NOT NULL,
    unit TEXT NOT NULL REFERENCES units (id),
    applicant_name TEXT NOT NULL,
    applicant_phone TEXT,
    applicant TEXT,
    completed_at BIGINT,
    rehearsal BOOLEAN NOT NULL,
    registered_at BIGINT NOT NULL,
    registered_by TEXT NOT NULL
);
CREATE INDEX matters_by_phone ON matters (applicant_phone) WHERE applicant_phone IS NOT NULL;
CREATE INDEX matters_by_completed_at ON matters (completed_at, number);

-- What was handed in and is no rating, each counted once (第十九条).
CREATE TABLE turned_away (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    intake_key TEXT NOT NULL,
    channel TEXT NOT NULL,
    instance TEXT NOT NULL,
    -- staff_number, duplicate
    why TEXT NOT NULL,
    person_id BIGINT,
    rehearsal BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX turned_away_by_key ON turned_away (intake_key);
CREATE INDEX turned_away_by_instance ON turned_away (instance);

-- Slips of the suggestion box (第七条（四）); with a grade they are ratings as well.
CREATE TABLE suggestions (
    slip TEXT PRIMARY KEY,
    opened_on TEXT NOT NULL,
    body TEXT NOT NULL,
    scan TEXT,
    grade TEXT,
    entered_at BIGINT NOT NULL,
    entered_by TEXT NOT NULL
);

CREATE TRIGGER turned_away_no_update BEFORE UPDATE ON turned_away BEGIN SELECT RAISE(ABORT, 'turned_away is append-only'); END;
CREATE TRIGGER turned_away_no_delete BEFORE DELETE ON turned_away BEGIN SELECT RAISE(ABORT, 'turned_away is append-only'); END;
