-- What the desk that had a call notes of it afterwards (话后小结), and the matter it was about. Append-only: of one desk the
-- last one counts. seq counts within the call.
CREATE TABLE call_notes (
    call_id TEXT NOT NULL REFERENCES calls (id),
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    -- The login's name, as it was then.
    author TEXT NOT NULL,
    person_id BIGINT NOT NULL REFERENCES people (id),
    desk TEXT NOT NULL,
    -- 工号 of the desk, as it was then.
    staff TEXT,
    note TEXT NOT NULL,
    -- The code of an item of the registered matters (matters.item); NULL: none was named.
    matter TEXT,
    matter_name TEXT,
    PRIMARY KEY (call_id, seq)
);
CREATE TRIGGER call_notes_no_update BEFORE UPDATE ON call_notes BEGIN SELECT RAISE(ABORT, 'call_notes is append-only'); END;
CREATE TRIGGER call_notes_no_delete BEFORE DELETE ON call_notes BEGIN SELECT RAISE(ABORT, 'call_notes is append-only'); END;
-- Matters are looked for by code and name.
CREATE INDEX matters_by_item ON matters (item, item_name);
