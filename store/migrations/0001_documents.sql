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
