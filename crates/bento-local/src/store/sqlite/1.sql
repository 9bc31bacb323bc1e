-- The first schema. Times are nanoseconds since the Unix epoch, money is in millionths of a millionth of a US dollar,
-- lists and maps are JSON.

CREATE TABLE workspaces (
    id       TEXT NOT NULL PRIMARY KEY,
    name     TEXT NOT NULL,
    position INTEGER NOT NULL                -- in the order of their making
);
INSERT INTO workspaces (id, name, position) VALUES ('local', 'local', 0);

-- What the spans of each trace add up to, kept up with every span that arrives.
CREATE TABLE runs (
    key             INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order of arrival
    workspace       TEXT NOT NULL,
    trace_id        TEXT NOT NULL UNIQUE,    -- 32 hex digits
    name            TEXT NOT NULL,
    status          TEXT NOT NULL,           -- ok, error
    state           TEXT NOT NULL,           -- running, completed, failed, cancelled
    start_time      INTEGER NOT NULL,
    end_time        INTEGER NOT NULL,
    duration        INTEGER NOT NULL,
    span_count      INTEGER NOT NULL,
    error_count     INTEGER NOT NULL,
    input_tokens    INTEGER NOT NULL,
    output_tokens   INTEGER NOT NULL,
    total_tokens    INTEGER NOT NULL,
    cost            INTEGER,                 -- NULL where no price is known
    user_id         TEXT,
    session_id      TEXT,
    trigger         TEXT,
    version         TEXT,
    tags            TEXT NOT NULL,           -- ["…"]
    models          TEXT NOT NULL,           -- {"model": when it was first asked}
    lead_span_id    TEXT NOT NULL,           -- the span that the name is from
    lead_start_time INTEGER NOT NULL,
    lead_is_root    INTEGER NOT NULL,
    lead_broken_off INTEGER NOT NULL
);

-- Lists and sums read this index alone; the table is read for the runs of one page.
CREATE INDEX runs_by_start ON runs (
    workspace, start_time, key, status, state, duration, span_count, input_tokens, output_tokens, total_tokens, cost
);
-- What is looked for because it is rare.
CREATE INDEX runs_with_errors ON runs (workspace, start_time, key) WHERE status = 'error';
CREATE INDEX runs_not_completed ON runs (workspace, state, start_time, key) WHERE state <> 'completed';

-- Which runs have a model or a tag.
CREATE TABLE run_models (
    model TEXT NOT NULL,
    run   INTEGER NOT NULL,
    PRIMARY KEY (model, run)
) WITHOUT ROWID;
CREATE TABLE run_tags (
    tag TEXT NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (tag, run)
) WITHOUT ROWID;

-- One row a span; what may be long stands last, so that a list does not read it.
CREATE TABLE spans (
    key             INTEGER PRIMARY KEY,
    run             INTEGER NOT NULL,
    span_id         TEXT NOT NULL,           -- 16 hex digits
    parent_id       TEXT,
    name            TEXT NOT NULL,
    kind            TEXT,                    -- NULL where the sender did not say
    status          TEXT NOT NULL,           -- UNSET, OK, ERROR
    start_time      INTEGER NOT NULL,
    end_time        INTEGER NOT NULL,
    model           TEXT,
    provider        TEXT,
    input_tokens    INTEGER,
    output_tokens   INTEGER,
    cost            INTEGER,
    user_id         TEXT,
    session_id      TEXT,
    service_name    TEXT,
    service_version TEXT,
    tags            TEXT,                    -- ["…"], NULL for none
    status_message  TEXT,
    attributes      TEXT,                    -- {"key": value}, NULL for none
    events          TEXT,                    -- [{"name", "time", "attributes"}], NULL for none
    input           TEXT,
    output          TEXT
);
CREATE UNIQUE INDEX spans_by_id ON spans (run, span_id);
CREATE INDEX spans_by_start ON spans (run, start_time, span_id);
CREATE INDEX spans_by_parent ON spans (run, parent_id) WHERE parent_id IS NOT NULL;

-- The words of a run: what arrived of it at one time is one document, numbered run * 2^24 + the spans that were there before.
CREATE VIRTUAL TABLE search USING fts5 (
    words, content = '', contentless_delete = 1, detail = none,
    tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* P* S* C* Zl Zp'"
);
-- Fewer and larger merges: a third less to do for each span that arrives.
INSERT INTO search (search, rank) VALUES ('automerge', 16);
INSERT INTO search (search, rank) VALUES ('crisismerge', 64);
