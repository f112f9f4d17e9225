-- Instants are BIGINT, UTC milliseconds; days are TEXT, YYYY-MM-DD. The two migration folders
-- describe one schema; a test compares them.

CREATE TABLE calls (
    id TEXT PRIMARY KEY,
    sip_call_id TEXT NOT NULL,
    caller TEXT,
    callee TEXT NOT NULL,
    source TEXT NOT NULL,
    dialplan TEXT NOT NULL,
    dialplan_digest TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    rehearsal BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    staff TEXT,
    desk_answered_at BIGINT,
    talked_ms BIGINT,
    offered_at BIGINT,
    ended_at BIGINT,
    hung_up_by TEXT,
    outcome TEXT,
    outcome_after_ms BIGINT,
    -- The grade that stands: of the last row of keyed_grades, written together with it.
    grade TEXT
);
CREATE INDEX calls_by_start ON calls (started_at, id);
CREATE INDEX calls_open ON calls (id) WHERE ended_at IS NULL;

-- No foreign key: a line is kept even if its call's row failed.
CREATE TABLE call_events (
    call_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    offset_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (call_id, seq)
);

-- Append-only. A grade taken back is a row with the key * and no grade.
CREATE TABLE keyed_grades (
    call_id TEXT NOT NULL REFERENCES calls (id),
    seq BIGINT NOT NULL,
    grade TEXT,
    key TEXT NOT NULL,
    at BIGINT NOT NULL,
    offset_ms BIGINT,
    PRIMARY KEY (call_id, seq)
);

CREATE TABLE reasons (
    call_id TEXT NOT NULL REFERENCES calls (id),
    seq BIGINT NOT NULL,
    code TEXT NOT NULL,
    key TEXT NOT NULL,
    at BIGINT NOT NULL,
    offset_ms BIGINT NOT NULL,
    PRIMARY KEY (call_id, seq)
);

CREATE TABLE clips (
    call_id TEXT NOT NULL REFERENCES calls (id),
    path TEXT NOT NULL,
    kind TEXT NOT NULL,
    length_ms BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (call_id, path)
);

CREATE TABLE recordings (
    call_id TEXT PRIMARY KEY REFERENCES calls (id),
    path TEXT NOT NULL,
    length_ms BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    -- JSON: [[from_ms, length_ms], ...]
    gaps TEXT NOT NULL
);

CREATE TABLE callbacks (
    call_id TEXT PRIMARY KEY REFERENCES calls (id),
    number TEXT,
    requested_at BIGINT NOT NULL
);

CREATE TABLE ratings (
    -- instance#sequence
    id TEXT PRIMARY KEY,
    -- The service instance that was rated; the last rating of it that stands counts.
    instance TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    call_id TEXT REFERENCES calls (id),
    intake_key TEXT NOT NULL,
    channel TEXT NOT NULL,
    -- JSON
    service TEXT NOT NULL,
    number TEXT,
    identity TEXT NOT NULL,
    grade TEXT NOT NULL,
    graded_at BIGINT NOT NULL,
    -- JSON
    reasons TEXT NOT NULL,
    -- JSON
    remark TEXT,
    -- JSON
    evidence TEXT NOT NULL,
    standing TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    rehearsal BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX ratings_by_intake_key ON ratings (intake_key);
CREATE UNIQUE INDEX ratings_by_instance ON ratings (instance, sequence);
CREATE INDEX ratings_by_graded_at ON ratings (graded_at, id);
CREATE INDEX ratings_by_call ON ratings (call_id);

CREATE TABLE tickets (
    number TEXT PRIMARY KEY,
    rating_id TEXT NOT NULL REFERENCES ratings (id),
    state TEXT NOT NULL,
    round BIGINT NOT NULL,
    grade TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    rehearsal BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX tickets_by_rating ON tickets (rating_id);
CREATE INDEX tickets_by_opened_at ON tickets (opened_at, number);

-- The last number given of a year.
CREATE TABLE ticket_numbers (
    year BIGINT PRIMARY KEY,
    last BIGINT NOT NULL
);

CREATE TABLE deadlines (
    rating_id TEXT NOT NULL REFERENCES ratings (id),
    ticket TEXT REFERENCES tickets (number),
    -- rating or ticket: whose deadline it is
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    article TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    met_at BIGINT,
    provisional BOOLEAN NOT NULL,
    -- The calendar's version it was counted with.
    calendar TEXT NOT NULL,
    PRIMARY KEY (rating_id, kind, started_at)
);
CREATE INDEX deadlines_by_ticket ON deadlines (ticket);
CREATE INDEX deadlines_open ON deadlines (due_at) WHERE met_at IS NULL;

-- The outbox.
CREATE TABLE notices (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind TEXT NOT NULL,
    addressee TEXT NOT NULL,
    body TEXT NOT NULL,
    rehearsal BOOLEAN NOT NULL,
    rating_id TEXT,
    ticket TEXT,
    created_at BIGINT NOT NULL,
    sent_at BIGINT
);
CREATE INDEX notices_unsent ON notices (id) WHERE sent_at IS NULL;

-- Append-only (第十七条).
CREATE TABLE trail (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    article TEXT NOT NULL,
    detail TEXT NOT NULL,
    rehearsal BOOLEAN NOT NULL,
    rating_id TEXT,
    ticket TEXT
);
CREATE INDEX trail_by_ticket ON trail (ticket, id);
CREATE INDEX trail_by_rating ON trail (rating_id, id);

CREATE TABLE people (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    must_change_password BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX people_by_name ON people (name);

CREATE TABLE logins (
    digest TEXT PRIMARY KEY,
    person_id BIGINT NOT NULL REFERENCES people (id),
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX logins_by_person ON logins (person_id);

-- By the digest of the name: what people mistype into the field may be a password.
CREATE TABLE login_failures (
    name_digest TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);

CREATE TABLE tokens (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    revoked_at BIGINT
);
CREATE UNIQUE INDEX tokens_by_digest ON tokens (digest);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
CREATE TRIGGER keyed_grades_no_update BEFORE UPDATE ON keyed_grades FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keyed_grades_no_delete BEFORE DELETE ON keyed_grades FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER trail_no_update BEFORE UPDATE ON trail FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER trail_no_delete BEFORE DELETE ON trail FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
