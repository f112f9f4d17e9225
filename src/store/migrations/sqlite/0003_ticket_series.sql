-- Rehearsals count their tickets apart, so that the real numbers have no holes.
-- The last number given of a year in a series; the series by its letter, T or R.
CREATE TABLE ticket_series (
    series TEXT NOT NULL,
    year BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (series, year)
);
INSERT INTO ticket_series (series, year, last) SELECT 'T', year, last FROM ticket_numbers;
DROP TABLE ticket_numbers;
