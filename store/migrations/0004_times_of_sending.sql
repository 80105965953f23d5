-- Contacts are counted by when they were made.
CREATE INDEX runs_sent_at ON runs (partition, body ->> '$.sent_at', id) WHERE body ->> '$.sent_at' IS NOT NULL;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('runs', 'runs_sent_at', '1000000 20000 50 1');
