-- Reasons are counted, so they are indexed.
CREATE INDEX runs_reason ON runs (partition, body ->> '$.reason', id) WHERE body ->> '$.reason' IS NOT NULL;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('runs', 'runs_reason', '1000000 20000 500 1');
