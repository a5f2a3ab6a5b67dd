-- What is known of the difference between a server's clock and ours is an interval: Date and created
-- are cut to whole seconds, and an answer takes its time on the way. An attempt keeps what was known
-- when it began, since our clock may be set while the daemon is down.
-- Which client of the API the config named when the user was learned; NULL: a ledger of before.
ALTER TABLE connections ADD COLUMN client TEXT;
ALTER TABLE connections ADD COLUMN clock_low_ms INTEGER;
ALTER TABLE connections ADD COLUMN clock_high_ms INTEGER;
ALTER TABLE connections ADD COLUMN clock_read_at INTEGER;
ALTER TABLE attempts ADD COLUMN clock_low_ms INTEGER;
ALTER TABLE attempts ADD COLUMN clock_high_ms INTEGER;
