-- Closed tickets are counted in working days (第二十条), by this calendar; what is bad by the nine things of 第四条; and what
-- the national platform has not acknowledged (第十六条): every rated act and every ticket is counted anew.
CREATE TABLE counted_with (
    calendar TEXT NOT NULL
);
INSERT INTO uncounted (thing)
    SELECT DISTINCT 'act:' || instance FROM ratings
    UNION SELECT 'ticket:' || number FROM tickets;
