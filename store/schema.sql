-- One table for each container. `seq` is the store's clock: every write takes the next one; it is a document's etag
-- and the mark of `changes`. `expires` is in epoch seconds. Declared fields are indexed as they stand in the document.

CREATE TABLE clock (only INTEGER PRIMARY KEY CHECK (only = 1), seq INTEGER NOT NULL);
INSERT INTO clock VALUES (1, 0);

CREATE TABLE people (
    partition TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    expires REAL,
    body TEXT NOT NULL,
    PRIMARY KEY (partition, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX people_seq ON people (seq);
CREATE INDEX people_tenant ON people (body ->> '$.tenant', partition, id) WHERE body ->> '$.tenant' IS NOT NULL;
CREATE INDEX people_given_role ON people (body ->> '$.given_role', partition, id) WHERE body ->> '$.given_role' IS NOT NULL;

CREATE TABLE surveys (
    partition TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    expires REAL,
    body TEXT NOT NULL,
    PRIMARY KEY (partition, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX surveys_seq ON surveys (seq);
CREATE INDEX surveys_kind ON surveys (body ->> '$.kind', partition, id) WHERE body ->> '$.kind' IS NOT NULL;

CREATE TABLE runs (
    partition TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    expires REAL,
    body TEXT NOT NULL,
    PRIMARY KEY (partition, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX runs_seq ON runs (seq);
CREATE INDEX runs_id ON runs (id);
CREATE INDEX runs_kind ON runs (partition, body ->> '$.kind', id) WHERE body ->> '$.kind' IS NOT NULL;
CREATE INDEX runs_state ON runs (partition, body ->> '$.state', id) WHERE body ->> '$.state' IS NOT NULL;
CREATE INDEX runs_reason ON runs (partition, body ->> '$.reason', id) WHERE body ->> '$.reason' IS NOT NULL;
CREATE INDEX runs_sent_at ON runs (partition, body ->> '$.sent_at', id) WHERE body ->> '$.sent_at' IS NOT NULL;
CREATE INDEX runs_slice ON runs (partition, body ->> '$.slice', id) WHERE body ->> '$.slice' IS NOT NULL;
CREATE INDEX runs_created_at ON runs (body ->> '$.created_at', partition, id) WHERE body ->> '$.created_at' IS NOT NULL;
CREATE INDEX runs_created_by ON runs (body ->> '$.created_by', partition, id) WHERE body ->> '$.created_by' IS NOT NULL;
CREATE INDEX runs_survey_id ON runs (body ->> '$.survey_id', partition, id) WHERE body ->> '$.survey_id' IS NOT NULL;

CREATE TABLE ledger (
    partition TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    expires REAL,
    body TEXT NOT NULL,
    PRIMARY KEY (partition, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX ledger_seq ON ledger (seq);
CREATE INDEX ledger_id ON ledger (id);
CREATE INDEX ledger_kind ON ledger (partition, body ->> '$.kind', id) WHERE body ->> '$.kind' IS NOT NULL;
CREATE INDEX ledger_at ON ledger (partition, body ->> '$.at', id) WHERE body ->> '$.at' IS NOT NULL;
CREATE INDEX ledger_author ON ledger (partition, body ->> '$.author', id) WHERE body ->> '$.author' IS NOT NULL;

CREATE TABLE state (
    partition TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    expires REAL,
    body TEXT NOT NULL,
    PRIMARY KEY (partition, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX state_seq ON state (seq);
CREATE INDEX state_expires ON state (expires) WHERE expires IS NOT NULL;
CREATE INDEX state_kind ON state (body ->> '$.kind', partition, id) WHERE body ->> '$.kind' IS NOT NULL;
CREATE INDEX state_due_at ON state (body ->> '$.due_at', partition, id) WHERE body ->> '$.due_at' IS NOT NULL;

CREATE TABLE audit (
    partition TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    expires REAL,
    body TEXT NOT NULL,
    PRIMARY KEY (partition, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX audit_seq ON audit (seq);
CREATE INDEX audit_id ON audit (id);
CREATE INDEX audit_at ON audit (partition, body ->> '$.at', id) WHERE body ->> '$.at' IS NOT NULL;

-- What the planner should expect: large partitions, in which few documents share a value. Without it, SQLite would
-- rather read a whole partition than use the index of a field.
ANALYZE;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('people', 'people', '1000000 1 1'),
    ('people', 'people_seq', '1000000 1'),
    ('people', 'people_tenant', '1000000 50000 1 1'),
    ('people', 'people_given_role', '10000 1000 1 1'),
    ('surveys', 'surveys', '1000000 1 1'),
    ('surveys', 'surveys_seq', '1000000 1'),
    ('surveys', 'surveys_kind', '1000000 50000 1 1'),
    ('runs', 'runs', '1000000 20000 1'),
    ('runs', 'runs_seq', '1000000 1'),
    ('runs', 'runs_id', '1000000 50 1'),
    ('runs', 'runs_kind', '1000000 20000 15000 1'),
    ('runs', 'runs_state', '1000000 20000 5000 1'),
    ('runs', 'runs_reason', '1000000 20000 500 1'),
    ('runs', 'runs_sent_at', '1000000 20000 50 1'),
    ('runs', 'runs_slice', '1000000 20000 100 1'),
    ('runs', 'runs_created_at', '10000 10 1 1'),
    ('runs', 'runs_created_by', '10000 10 1 1'),
    ('runs', 'runs_survey_id', '10000 10 1 1'),
    ('ledger', 'ledger', '1000000 20000 1'),
    ('ledger', 'ledger_seq', '1000000 1'),
    ('ledger', 'ledger_id', '1000000 50 1'),
    ('ledger', 'ledger_kind', '1000000 20000 15000 1'),
    ('ledger', 'ledger_at', '1000000 20000 50 1'),
    ('ledger', 'ledger_author', '1000000 20000 50 1'),
    ('state', 'state', '1000000 1 1'),
    ('state', 'state_seq', '1000000 1'),
    ('state', 'state_expires', '1000000 10 1 1'),
    ('state', 'state_kind', '1000000 50000 1 1'),
    ('state', 'state_due_at', '1000000 50000 1 1'),
    ('audit', 'audit', '1000000 20000 1'),
    ('audit', 'audit_seq', '1000000 1'),
    ('audit', 'audit_id', '1000000 50 1'),
    ('audit', 'audit_at', '1000000 20000 50 1');
