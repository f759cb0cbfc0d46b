"""The tables of the journal file, and what a file must be before we write to it."""

from typing import Final

APPLICATION_ID: Final = 0x526F7561
"""`Roua`, in the header of every journal: a foreign database is never touched."""

SCHEMA_VERSION: Final = 5

OPEN_STATES_SQL: Final = (
    "('queued', 'running', 'waiting', 'waiting_node', 'blocked', 'needs_attention')"
)

TABLES: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE definition (
  number INTEGER PRIMARY KEY,
  hash TEXT NOT NULL,
  recipe TEXT NOT NULL,
  accepted INTEGER NOT NULL,
  body BLOB NOT NULL,
  file,
  source BLOB,
  UNIQUE (hash, recipe)
);
CREATE INDEX definition_by_recipe ON definition (recipe, accepted);

CREATE TABLE event (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  source NOT NULL,
  key NOT NULL,
  time INTEGER NOT NULL,
  received INTEGER NOT NULL,
  data,
  subject,
  matched INTEGER NOT NULL,
  trail TEXT,
  blanked INTEGER,
  UNIQUE (source, key)
);
CREATE INDEX event_by_subject ON event (subject, seq) WHERE subject IS NOT NULL;
CREATE INDEX event_unmatched ON event (seq) WHERE matched = 0;
CREATE INDEX event_forgotten ON event (received) WHERE matched = 2;

CREATE TABLE "match" (
  event INTEGER NOT NULL,
  recipe NOT NULL,
  outcome TEXT NOT NULL,
  definition TEXT,
  conditions,
  error,
  run INTEGER,
  PRIMARY KEY (event, recipe)
) WITHOUT ROWID;

CREATE TABLE run (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  event INTEGER NOT NULL,
  recipe NOT NULL,
  definition TEXT NOT NULL,
  protocol INTEGER NOT NULL,
  state TEXT NOT NULL,
  mode TEXT NOT NULL,
  key,
  maximum INTEGER,
  created INTEGER NOT NULL,
  started INTEGER,
  ended INTEGER,
  reason,
  error,
  outputs,
  cancel,
  parent INTEGER,
  parent_path TEXT,
  replay_of INTEGER
);
CREATE INDEX run_by_parent ON run (parent) WHERE parent IS NOT NULL;
CREATE INDEX run_by_origin ON run (replay_of) WHERE replay_of IS NOT NULL;
CREATE INDEX run_by_event ON run (event);
CREATE INDEX run_by_recipe ON run (recipe, seq);
CREATE INDEX run_by_state ON run (state, seq) WHERE state <> 'succeeded';

CREATE TABLE step (
  run INTEGER NOT NULL,
  path TEXT NOT NULL,
  state TEXT NOT NULL,
  action TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  parameters,
  conditions,
  result,
  error,
  started INTEGER,
  ended INTEGER,
  next_attempt INTEGER,
  resolution,
  PRIMARY KEY (run, path)
) WITHOUT ROWID;

CREATE TABLE effect (
  run INTEGER NOT NULL,
  path TEXT NOT NULL,
  number INTEGER NOT NULL,
  inverse,
  undone INTEGER,
  PRIMARY KEY (run, path, number)
) WITHOUT ROWID;

CREATE TABLE lineage (
  run INTEGER NOT NULL,
  path TEXT NOT NULL,
  number INTEGER NOT NULL,
  role INTEGER NOT NULL,
  file NOT NULL,
  hash BLOB,
  PRIMARY KEY (run, path, number)
) WITHOUT ROWID;
CREATE INDEX lineage_by_hash ON lineage (hash) WHERE hash IS NOT NULL;
CREATE INDEX lineage_by_file ON lineage (file);

CREATE TABLE waiter (
  run INTEGER NOT NULL,
  path TEXT NOT NULL,
  kind TEXT NOT NULL,
  deadline INTEGER,
  name,
  question,
  created INTEGER NOT NULL,
  PRIMARY KEY (run, path)
) WITHOUT ROWID;
CREATE INDEX waiter_by_name ON waiter (name) WHERE name IS NOT NULL;

CREATE TABLE signal (
  run INTEGER NOT NULL,
  name NOT NULL,
  id TEXT NOT NULL,
  payload,
  author TEXT NOT NULL,
  received INTEGER NOT NULL,
  PRIMARY KEY (run, name, id)
) WITHOUT ROWID;

CREATE TABLE claim (
  scope NOT NULL,
  key NOT NULL,
  event INTEGER,
  run INTEGER,
  path TEXT,
  state TEXT NOT NULL,
  result,
  expires INTEGER,
  PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE INDEX claim_by_expiry ON claim (expires) WHERE expires IS NOT NULL;
CREATE INDEX claim_open ON claim (run) WHERE state = 'started';

CREATE TABLE trigger_item (
  owner NOT NULL,
  key BLOB NOT NULL,
  value NOT NULL,
  PRIMARY KEY (owner, key)
) WITHOUT ROWID;

CREATE TABLE blob (hash BLOB PRIMARY KEY, body BLOB NOT NULL);
"""
