-- The ticket's whole life: orders of its handling slips, clocks that a tick finds by index, and a trail
-- that is a hash chain from which a ticket is replayed.

ALTER TABLE tickets ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tickets ADD COLUMN officer TEXT;
-- Of the primary order.
ALTER TABLE tickets ADD COLUMN unit TEXT;
ALTER TABLE tickets ADD COLUMN closed_at BIGINT;
ALTER TABLE tickets ADD COLUMN listed BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE tickets ADD COLUMN escalated BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX tickets_by_state ON tickets (state, opened_at, number);
CREATE INDEX tickets_by_unit ON tickets (unit, opened_at, number);
CREATE INDEX tickets_by_closed_at ON tickets (closed_at, number) WHERE closed_at IS NOT NULL;

-- One per responsible unit of a ticket.
CREATE TABLE orders (
    ticket TEXT NOT NULL REFERENCES tickets (number),
    number BIGINT NOT NULL,
    round BIGINT NOT NULL,
    slip TEXT NOT NULL,
    slip_version BIGINT NOT NULL,
    unit TEXT NOT NULL,
    -- Row of the decision table of article 10.
    rule BIGINT NOT NULL,
    state TEXT NOT NULL,
    void BOOLEAN NOT NULL,
    complex BOOLEAN NOT NULL,
    received_at BIGINT,
    deemed BOOLEAN NOT NULL,
    contested BOOLEAN NOT NULL,
    -- How often a rectification was returned.
    returns BIGINT NOT NULL,
    PRIMARY KEY (ticket, number)
);
CREATE UNIQUE INDEX orders_by_slip ON orders (slip);
CREATE INDEX orders_by_unit ON orders (unit, state);

-- Every version of a handling slip as it was written.
CREATE TABLE slips (
    number TEXT NOT NULL,
    version BIGINT NOT NULL,
    ticket TEXT NOT NULL REFERENCES tickets (number),
    order_number BIGINT NOT NULL,
    unit TEXT NOT NULL,
    matter TEXT NOT NULL,
    contact TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    -- A void copy (作废).
    void_at BIGINT,
    PRIMARY KEY (number, version)
);
CREATE INDEX slips_by_ticket ON slips (ticket, number, version);

CREATE TABLE clocks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- rating:…, ticket:…, order:…/n, listing:…
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    rating_id TEXT REFERENCES ratings (id),
    ticket TEXT REFERENCES tickets (number),
    article TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    met_at BIGINT,
    void_at BIGINT,
    -- When it was put on record that it was missed.
    missed_at BIGINT,
    provisional BOOLEAN NOT NULL,
    -- The calendar's version it was counted with.
    calendar TEXT NOT NULL,
    rehearsal BOOLEAN NOT NULL,
    -- When somebody or something has to look at it; NULL: never again.
    next_at BIGINT
);
INSERT INTO clocks (subject, kind, epoch, rating_id, ticket, article, started_at, due_at, met_at,
    provisional, calendar, rehearsal, next_at)
    SELECT CASE d.subject WHEN 'ticket' THEN 'ticket:' || d.ticket ELSE 'rating:' || d.rating_id END,
    d.kind, 1, d.rating_id, d.ticket, d.article, d.started_at, d.due_at, d.met_at, d.provisional,
    d.calendar, r.rehearsal, CASE WHEN d.met_at IS NULL THEN d.due_at + 1 END
    FROM deadlines d JOIN ratings r ON r.id = d.rating_id ORDER BY d.started_at, d.kind;
DROP TABLE deadlines;
ALTER TABLE clocks RENAME TO deadlines;
CREATE UNIQUE INDEX deadlines_by_name ON deadlines (subject, kind, epoch);
CREATE INDEX deadlines_by_ticket ON deadlines (ticket, due_at);
CREATE INDEX deadlines_by_rating ON deadlines (rating_id);
CREATE INDEX deadlines_next ON deadlines (next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX deadlines_open ON deadlines (due_at) WHERE met_at IS NULL AND void_at IS NULL;
CREATE INDEX deadlines_by_kind ON deadlines (kind, due_at);

-- Lines without seq are older than the chain.
ALTER TABLE trail ADD COLUMN seq BIGINT;
ALTER TABLE trail ADD COLUMN person TEXT;
ALTER TABLE trail ADD COLUMN record TEXT;
ALTER TABLE trail ADD COLUMN hash TEXT;
CREATE UNIQUE INDEX trail_by_seq ON trail (seq);

-- The hash of each day's last line.
CREATE TABLE trail_heads (
    day TEXT PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL,
    closed_at BIGINT NOT NULL
);

ALTER TABLE notices ADD COLUMN subject TEXT;
ALTER TABLE notices ADD COLUMN due_at BIGINT;
CREATE INDEX notices_due ON notices (due_at) WHERE sent_at IS NULL;

-- Acts that were told once already.
CREATE TABLE act_keys (
    key TEXT PRIMARY KEY,
    ticket TEXT NOT NULL,
    digest TEXT NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TRIGGER trail_heads_no_update BEFORE UPDATE ON trail_heads BEGIN SELECT RAISE(ABORT, 'trail_heads is append-only'); END;
CREATE TRIGGER trail_heads_no_delete BEFORE DELETE ON trail_heads BEGIN SELECT RAISE(ABORT, 'trail_heads is append-only'); END;
CREATE TRIGGER slips_no_delete BEFORE DELETE ON slips BEGIN SELECT RAISE(ABORT, 'slips is append-only'); END;
