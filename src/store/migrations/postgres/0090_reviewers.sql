-- Closed tickets are counted by whose member ruled on them (第十一条): each is counted anew.
INSERT INTO uncounted (thing) SELECT 'ticket:' || number FROM tickets WHERE closed_at IS NOT NULL;
