-- Who listened to what (第十四条, 第十七条). Append-only; one row per sitting, not per request.
CREATE TABLE listenings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    call_id TEXT NOT NULL REFERENCES calls (id),
    -- `recording`, `remark`, `voice`.
    sound TEXT NOT NULL,
    -- The person's or the token's name, as it was then.
    listener TEXT NOT NULL,
    -- `page` or `api`.
    door TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX listenings_by_call ON listenings (call_id, at);

CREATE TRIGGER listenings_no_update BEFORE UPDATE ON listenings BEGIN SELECT RAISE(ABORT, 'listenings is append-only'); END;
CREATE TRIGGER listenings_no_delete BEFORE DELETE ON listenings BEGIN SELECT RAISE(ABORT, 'listenings is append-only'); END;
