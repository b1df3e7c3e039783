CREATE TABLE project (
  id      INTEGER PRIMARY KEY,
  name    TEXT    NOT NULL UNIQUE,
  task    TEXT    NOT NULL CHECK (json_valid(task)),
  overlap INTEGER NOT NULL CHECK (overlap BETWEEN 1 AND 15),
  seed    INTEGER NOT NULL,
  wanted  INTEGER NOT NULL DEFAULT 0  -- slots, kept so that progress needs no counting
) STRICT;

CREATE TABLE guideline (
  id         INTEGER PRIMARY KEY,
  project_id INTEGER NOT NULL REFERENCES project(id),
  version    INTEGER NOT NULL CHECK (version >= 1),
  body       {{bytes}}    NOT NULL,
  sha256     TEXT    NOT NULL,
  UNIQUE (project_id, version)
) STRICT;

CREATE TABLE annotator (
  id        INTEGER PRIMARY KEY,
  handle    TEXT    NOT NULL UNIQUE,
  key_fp    TEXT    UNIQUE,             -- fingerprint of the SSH key, for those who come by network
  role      TEXT    NOT NULL CHECK (role IN ('annotator', 'adjudicator', 'manager')),
  status    TEXT    NOT NULL DEFAULT 'active' CHECK (status IN ('screening', 'active', 'paused', 'blocked')),
  simulated INTEGER NOT NULL CHECK (simulated IN (0, 1))
) STRICT;

CREATE TABLE item (
  id         INTEGER PRIMARY KEY,
  project_id INTEGER NOT NULL REFERENCES project(id),
  ref        TEXT    NOT NULL,
  kind       TEXT    NOT NULL DEFAULT 'task' CHECK (kind IN ('task', 'gold', 'attention', 'repeat', 'tutorial')),
  prompt     {{bytes}}    NOT NULL,          -- the text, byte for byte; empty where there are messages
  messages   TEXT    CHECK (json_valid(messages)),
  priority   REAL    NOT NULL DEFAULT 0,
  sha256     TEXT    NOT NULL,          -- of all content
  state      TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'complete', 'adjudicate', 'final', 'withdrawn')),
  UNIQUE (project_id, ref)
) STRICT;

CREATE TABLE candidate (
  id      INTEGER PRIMARY KEY,
  item_id INTEGER NOT NULL REFERENCES item(id),
  ord     INTEGER NOT NULL CHECK (ord >= 0),
  source  TEXT    NOT NULL,
  body    {{bytes}}    NOT NULL,
  UNIQUE (item_id, ord)
) STRICT;

-- One row per judgement wanted: too many judgements cannot be written down.
CREATE TABLE slot (
  id           INTEGER PRIMARY KEY,
  project_id   INTEGER NOT NULL REFERENCES project(id),
  item_id      INTEGER NOT NULL REFERENCES item(id),
  n            INTEGER NOT NULL CHECK (n >= 0),
  priority     REAL    NOT NULL,
  shown        TEXT    NOT NULL CHECK (json_valid(shown)), -- candidate ids from left to right
  state        TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'leased', 'done')),
  annotator_id INTEGER REFERENCES annotator(id),
  lease_until  INTEGER,                 -- milliseconds since 1970, as all times here
  token        TEXT,
  UNIQUE (item_id, n),
  UNIQUE (item_id, annotator_id),       -- nobody judges an item twice
  CHECK ((state = 'open') = (annotator_id IS NULL)),
  CHECK ((state = 'leased') = (lease_until IS NOT NULL AND token IS NOT NULL))
) STRICT;
-- Breadth first: every item gets its first judgement before any gets its second.
CREATE INDEX slot_open ON slot (project_id, priority DESC, n, id) WHERE state = 'open';
CREATE INDEX slot_lease ON slot (project_id, lease_until) WHERE state = 'leased';
CREATE INDEX slot_who ON slot (annotator_id, state);

CREATE TABLE skip (
  id           INTEGER PRIMARY KEY,
  item_id      INTEGER NOT NULL REFERENCES item(id),
  annotator_id INTEGER NOT NULL REFERENCES annotator(id),
  reason       {{bytes}}    NOT NULL,
  at           INTEGER NOT NULL,
  UNIQUE (item_id, annotator_id)
) STRICT;

CREATE TABLE judgement (
  id           INTEGER PRIMARY KEY,
  uuid         TEXT    NOT NULL UNIQUE, -- made by the client: a retry finds it
  slot_id      INTEGER NOT NULL REFERENCES slot(id),
  item_id      INTEGER NOT NULL REFERENCES item(id),
  annotator_id INTEGER NOT NULL REFERENCES annotator(id),
  guideline_id INTEGER NOT NULL REFERENCES guideline(id),
  shown        TEXT    NOT NULL CHECK (json_valid(shown)),
  answer       TEXT    NOT NULL CHECK (json_valid(answer)), -- in candidate ids
  active_ms    INTEGER NOT NULL CHECK (active_ms >= 0),
  wall_ms      INTEGER NOT NULL CHECK (wall_ms >= 0),
  at           INTEGER NOT NULL,
  supersedes   TEXT    UNIQUE REFERENCES judgement(uuid)
) STRICT;
CREATE INDEX judgement_item ON judgement (item_id, slot_id, id);
CREATE INDEX judgement_who ON judgement (annotator_id, id);

CREATE TABLE draft (
  item_id      INTEGER NOT NULL REFERENCES item(id),
  annotator_id INTEGER NOT NULL REFERENCES annotator(id),
  answer       TEXT    NOT NULL CHECK (json_valid(answer)),
  at           INTEGER NOT NULL,
  PRIMARY KEY (annotator_id, item_id)
) STRICT, WITHOUT ROWID;

-- What each annotator did, kept so that progress needs no counting.
CREATE TABLE progress (
  project_id   INTEGER NOT NULL REFERENCES project(id),
  annotator_id INTEGER NOT NULL REFERENCES annotator(id),
  done         INTEGER NOT NULL DEFAULT 0,
  skipped      INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (project_id, annotator_id)
) STRICT, WITHOUT ROWID;

-- A better response written by an annotator: edited is the candidate it came from.
CREATE TABLE demonstration (
  id           INTEGER PRIMARY KEY,
  uuid         TEXT    NOT NULL UNIQUE,
  item_id      INTEGER NOT NULL REFERENCES item(id),
  annotator_id INTEGER NOT NULL REFERENCES annotator(id),
  edited       INTEGER REFERENCES candidate(id),
  body         TEXT    NOT NULL,
  at           INTEGER NOT NULL
) STRICT;

-- The final word on an item that annotators disagree about.
CREATE TABLE adjudication (
  id           INTEGER PRIMARY KEY,
  uuid         TEXT    NOT NULL UNIQUE,
  item_id      INTEGER NOT NULL REFERENCES item(id),
  annotator_id INTEGER NOT NULL REFERENCES annotator(id),
  answer       TEXT    NOT NULL CHECK (json_valid(answer)),
  at           INTEGER NOT NULL
) STRICT;

-- The log. hash covers the row and the hash before it; digest covers what subject names.
CREATE TABLE event (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  actor   INTEGER REFERENCES annotator(id),
  kind    TEXT    NOT NULL,
  subject TEXT    NOT NULL,
  digest  TEXT    NOT NULL,
  prev    TEXT    NOT NULL,
  hash    TEXT    NOT NULL UNIQUE
) STRICT;
CREATE INDEX event_subject ON event (kind, subject);

CREATE TABLE export_run (
  id         INTEGER PRIMARY KEY,
  project_id INTEGER NOT NULL REFERENCES project(id),
  format     TEXT    NOT NULL,
  sha256     TEXT    NOT NULL,
  lines      INTEGER NOT NULL,
  bytes      INTEGER NOT NULL,
  head       TEXT    NOT NULL,          -- hash of the last event before it
  at         INTEGER NOT NULL
) STRICT;
