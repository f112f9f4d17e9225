-- A call's wait for a desk: when the caller came into the queue, how long he waited, and what he got (talk, callback,
-- message) or that he left (abandoned). Without it the caller was never queued, or waits.
ALTER TABLE calls ADD COLUMN queued_at BIGINT;
ALTER TABLE calls ADD COLUMN queue_waited_ms BIGINT;
ALTER TABLE calls ADD COLUMN queue_end TEXT;
