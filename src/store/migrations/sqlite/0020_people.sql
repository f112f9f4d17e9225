-- Units, people with posts in them, and what a token may be used for (第三条, 第十四条).
CREATE TABLE units (
    id TEXT PRIMARY KEY,
    -- centre, general_office, handling_unit, bureau
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at BIGINT
);
-- The two organs that the regulation itself names.
INSERT INTO units (id, kind, name, created_at) VALUES ('centre', 'centre', '政务服务中心', 0);
INSERT INTO units (id, kind, name, created_at) VALUES ('general_office', 'general_office', '局办公室', 0);

ALTER TABLE people ADD COLUMN full_name TEXT NOT NULL DEFAULT '';
-- 工号
ALTER TABLE people ADD COLUMN staff TEXT;
ALTER TABLE people ADD COLUMN disabled_at BIGINT;
CREATE UNIQUE INDEX people_by_staff ON people (staff) WHERE disabled_at IS NULL;

-- A role in a unit, from a day to a day (inclusive); a post that was held stays on record.
CREATE TABLE posts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id BIGINT NOT NULL REFERENCES people (id),
    role TEXT NOT NULL,
    unit TEXT NOT NULL REFERENCES units (id),
    -- The bureau that sent the person (第十条（三）).
    seconded_from TEXT REFERENCES units (id),
    from_day TEXT NOT NULL,
    until_day TEXT,
    granted_at BIGINT NOT NULL,
    granted_by TEXT NOT NULL,
    revoked_at BIGINT,
    revoked_by TEXT
);
CREATE INDEX posts_by_person ON posts (person_id, id);

INSERT INTO posts (person_id, role, unit, from_day, granted_at, granted_by)
    SELECT id, role, 'centre', '2026-01-01', created_at, 'first start' FROM people;
ALTER TABLE people DROP COLUMN role;

-- Telephones of staff: a rating from one of them is not eligible (第十九条).
CREATE TABLE phones (
    person_id BIGINT NOT NULL REFERENCES people (id),
    number TEXT NOT NULL,
    PRIMARY KEY (person_id, number)
);
CREATE INDEX phones_by_number ON phones (number);

-- What a token made before could do.
ALTER TABLE tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT 'read listen';
