-- What figures are counted from (第十七条, 第十八条), and bulletins.
-- What changed since it was last counted: act:<instance>, ticket:<number>.
CREATE TABLE uncounted (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    thing TEXT NOT NULL
);

-- What each thing adds to the sums; what is counted can be listed.
CREATE TABLE counted (
    thing TEXT NOT NULL,
    part BIGINT NOT NULL,
    day TEXT NOT NULL,
    -- Empty: of no unit, of no matter.
    unit TEXT NOT NULL,
    channel TEXT NOT NULL,
    item TEXT NOT NULL,
    -- Words of counts between spaces.
    counts TEXT NOT NULL,
    PRIMARY KEY (thing, part)
);
CREATE INDEX counted_by_day ON counted (day, thing, part);

CREATE TABLE sums (
    day TEXT NOT NULL,
    unit TEXT NOT NULL,
    channel TEXT NOT NULL,
    item TEXT NOT NULL,
    count TEXT NOT NULL,
    many BIGINT NOT NULL,
    PRIMARY KEY (day, unit, channel, item, count)
);

INSERT INTO uncounted (thing) SELECT DISTINCT 'act:' || instance FROM ratings
    UNION SELECT 'act:call-' || id FROM calls WHERE ended_at IS NOT NULL
    UNION SELECT 'act:matter-' || number FROM matters
    UNION SELECT 'act:' || instance FROM turned_away
    UNION SELECT 'ticket:' || number FROM tickets;

CREATE TABLE bulletins (
    -- 2026-09, 2026-Q3
    period TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- JSON; what is signed is this text.
    content TEXT NOT NULL,
    -- SHA-256 of the content, hexadecimal.
    digest TEXT NOT NULL,
    drafted_at BIGINT NOT NULL,
    drafted_by TEXT NOT NULL,
    drafter_id BIGINT NOT NULL REFERENCES people (id),
    reviewed_at BIGINT,
    reviewed_by TEXT,
    reviewer_id BIGINT REFERENCES people (id),
    issued_at BIGINT,
    issued_by TEXT,
    issuer_id BIGINT REFERENCES people (id),
    PRIMARY KEY (period, version)
);
CREATE UNIQUE INDEX bulletins_issued ON bulletins (period) WHERE issued_at IS NOT NULL;

CREATE INDEX looks_by_at ON looks (at);
CREATE INDEX turned_away_by_at ON turned_away (at);
CREATE INDEX ratings_at_windows ON ratings (graded_at) WHERE channel IN ('window_device', 'window_qr');

CREATE TRIGGER bulletins_issued_no_update BEFORE UPDATE ON bulletins WHEN OLD.issued_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'an issued bulletin never changes'); END;
CREATE TRIGGER bulletins_no_delete BEFORE DELETE ON bulletins BEGIN SELECT RAISE(ABORT, 'bulletins is append-only'); END;
