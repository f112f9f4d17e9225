-- Who wanted to see a rater's identity or hear a recording, on what ground and why, and what came of it
-- (第十四条, 第十七条). Append-only, refusals too.
CREATE TABLE looks (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    call_id TEXT NOT NULL REFERENCES calls (id),
    -- identity, recording, download
    sight TEXT NOT NULL,
    -- The person's or the token's name, as it was then.
    asker TEXT NOT NULL,
    -- NULL for a token.
    person_id BIGINT REFERENCES people (id),
    -- 工号 of the person, as it was then.
    staff TEXT,
    -- The ticket that is the ground; NULL where it is the caller's own request.
    ticket TEXT,
    callers_request BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    -- granted, pending, refused
    verdict TEXT NOT NULL,
    refusal TEXT
);
CREATE INDEX looks_by_call ON looks (call_id, id);
CREATE INDEX looks_pending ON looks (id) WHERE verdict = 'pending';

-- What the second person said to a pending one.
CREATE TABLE look_answers (
    look_id BIGINT PRIMARY KEY REFERENCES looks (id),
    at BIGINT NOT NULL,
    second TEXT NOT NULL,
    person_id BIGINT NOT NULL REFERENCES people (id),
    agreed BOOLEAN NOT NULL,
    note TEXT NOT NULL
);

-- On what ground somebody listened; NULL for a rehearsal, which is nobody's case.
ALTER TABLE listenings ADD COLUMN look_id BIGINT REFERENCES looks (id);
ALTER TABLE listenings ADD COLUMN ticket TEXT;
ALTER TABLE listenings ADD COLUMN reason TEXT;

CREATE TRIGGER looks_no_update BEFORE UPDATE ON looks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER looks_no_delete BEFORE DELETE ON looks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER look_answers_no_update BEFORE UPDATE ON look_answers FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER look_answers_no_delete BEFORE DELETE ON look_answers FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
