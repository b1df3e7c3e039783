-- How annotators are watched, as JSON; part of what the event of the project vouches for.
ALTER TABLE project ADD COLUMN control TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(control));
-- 0: the states of its items were written before disputes were known of.
ALTER TABLE project ADD COLUMN settled INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1));

ALTER TABLE item ADD COLUMN expected TEXT CHECK (json_valid(expected)); -- the known answer; candidates by place, from 1
ALTER TABLE item ADD COLUMN why {{bytes}} NOT NULL DEFAULT '';
ALTER TABLE item ADD COLUMN origin INTEGER REFERENCES item(id);         -- what a repeat repeats
CREATE INDEX item_kind ON item (project_id, kind, id) WHERE kind <> 'task';
CREATE INDEX item_state ON item (project_id, state, id) WHERE state = 'adjudicate';
CREATE INDEX item_origin ON item (origin) WHERE origin IS NOT NULL;

-- work: for whoever comes; personal: made for one annotator, who alone may have it, and
-- so never open; offline: work that an annotator took along.
ALTER TABLE slot ADD COLUMN mode TEXT NOT NULL DEFAULT 'work'
  CHECK (mode IN ('work', 'personal', 'offline') AND (mode <> 'personal' OR state <> 'open'));

ALTER TABLE progress ADD COLUMN worked INTEGER NOT NULL DEFAULT 0; -- of done, those that count towards project.wanted
ALTER TABLE progress ADD COLUMN day INTEGER NOT NULL DEFAULT 0;    -- of the last judgement, since 1970 (UTC)
ALTER TABLE progress ADD COLUMN days INTEGER NOT NULL DEFAULT 0;   -- in a row, up to that one
UPDATE progress SET worked = done;

-- Only leases are looked for by annotator: a slot that is done costs no place in it.
DROP INDEX slot_who;
CREATE INDEX slot_who ON slot (annotator_id) WHERE state = 'leased';

ALTER TABLE export_run ADD COLUMN note TEXT NOT NULL DEFAULT '';

-- In the place of annotator.key_fp: several keys per annotator.
CREATE TABLE annotator_key (
  fingerprint  TEXT    PRIMARY KEY,
  annotator_id INTEGER NOT NULL REFERENCES annotator(id)
) STRICT, WITHOUT ROWID;
CREATE INDEX annotator_key_who ON annotator_key (annotator_id);

-- Every role, status and key that somebody was given or lost, but the role annotator and
-- the status active that one begins with.
CREATE TABLE change (
  id           INTEGER PRIMARY KEY,
  annotator_id INTEGER NOT NULL REFERENCES annotator(id),
  field        TEXT    NOT NULL CHECK (field IN ('role', 'status', 'add key', 'drop key')),
  value        TEXT    NOT NULL,
  actor_id     INTEGER REFERENCES annotator(id), -- NULL is the program
  reason       {{bytes}}    NOT NULL,
  at           INTEGER NOT NULL
) STRICT;
CREATE INDEX change_who ON change (annotator_id, id);

CREATE TABLE withdrawal (
  id           INTEGER PRIMARY KEY,
  annotator_id INTEGER NOT NULL REFERENCES annotator(id),
  actor_id     INTEGER REFERENCES annotator(id),
  reason       {{bytes}}    NOT NULL,
  counted      INTEGER NOT NULL CHECK (counted >= 0), -- judgements that were current until then
  at           INTEGER NOT NULL
) STRICT;

-- Which judgements a withdrawal took out; the event of the withdrawal vouches for them.
CREATE TABLE withdrawn (
  judgement_id  INTEGER PRIMARY KEY REFERENCES judgement(id),
  withdrawal_id INTEGER NOT NULL REFERENCES withdrawal(id)
) STRICT;
CREATE INDEX withdrawn_by ON withdrawn (withdrawal_id, judgement_id);

CREATE INDEX adjudication_item ON adjudication (item_id, id);

-- Demonstrations travel within answers.
{{unguard "demonstration"}}
DROP TABLE demonstration;

{{guard "change" "id = NEW.id"}}
{{guard "withdrawal" "id = NEW.id"}}
{{guard "withdrawn" "judgement_id = NEW.judgement_id"}}

{{allow "UPDATE" "item"}}
{{refuse "UPDATE OF id, project_id, ref, kind, prompt, messages, priority, sha256, expected, why, origin" "item" "the content of an item never changes"}}
