-- The blocklist (第十一条). What happened to a listing is in the trail; the row is what is asked for quickly.
CREATE TABLE listings (
    number BIGINT PRIMARY KEY,
    -- Digest of a proven identity.
    applicant TEXT NOT NULL,
    ticket TEXT NOT NULL REFERENCES tickets (number),
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    proposed_at BIGINT NOT NULL,
    -- What is rated from then to ends_at is 待核.
    signed_at BIGINT,
    ends_at BIGINT,
    closed_at BIGINT
);
-- Nobody is listed, or to be listed, twice at a time.
CREATE UNIQUE INDEX listings_running ON listings (applicant) WHERE closed_at IS NULL;
CREATE INDEX listings_by_applicant ON listings (applicant, number);
CREATE INDEX ratings_by_applicant ON ratings (applicant) WHERE applicant IS NOT NULL;
CREATE INDEX trail_of_listings ON trail (subject, seq) WHERE subject LIKE 'listing:%';

CREATE TRIGGER listings_no_delete BEFORE DELETE ON listings BEGIN SELECT RAISE(ABORT, 'a listing that was stays on record'); END;
