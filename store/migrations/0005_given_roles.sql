-- Few people have a role of their own, and they are listed.
CREATE INDEX people_given_role ON people (body ->> '$.given_role', partition, id) WHERE body ->> '$.given_role' IS NOT NULL;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('people', 'people_given_role', '10000 1000 1 1');
