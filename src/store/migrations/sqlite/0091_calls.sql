-- A call by the end of its number, and calls by how they ended: found without walking through all there ever were.
CREATE INDEX calls_by_tail ON calls (SUBSTR(caller, LENGTH(caller) - 3), started_at, id);
CREATE INDEX calls_by_outcome ON calls (outcome, started_at, id);
