BEGIN TRANSACTION;
CREATE TABLE adjudication (
  id           INTEGER PRIMARY KEY,
  uuid         TEXT    NOT NULL UNIQUE,
  item_id      INTEGER NOT NULL REFERENCES item(id),
  annotator_id INTEGER NOT NULL REFERENCES annotator(id),
  answer       TEXT    NOT NULL CHECK (json_valid(answer)),
  at           INTEGER NOT NULL
) STRICT;
CREATE TABLE annotator (
  id        INTEGER PRIMARY KEY,
  handle    TEXT    NOT NULL UNIQUE,
  key_fp    TEXT    UNIQUE,             -- fingerprint of the SSH key, for those who come by network
  role      TEXT    NOT NULL CHECK (role IN ('annotator', 'adjudicator', 'manager')),
  status    TEXT    NOT NULL DEFAULT 'active' CHECK (status IN ('screening', 'active', 'paused', 'blocked')),
  simulated INTEGER NOT NULL CHECK (simulated IN (0, 1))
) STRICT;
INSERT INTO "annotator" VALUES(1,'ann',NULL,'annotator','active',0);
INSERT INTO "annotator" VALUES(2,'bob',NULL,'annotator','active',0);
CREATE TABLE candidate (
  id      INTEGER PRIMARY KEY,
  item_id INTEGER NOT NULL REFERENCES item(id),
  ord     INTEGER NOT NULL CHECK (ord >= 0),
  source  TEXT    NOT NULL,
  body    TEXT    NOT NULL,
  UNIQUE (item_id, ord)
) STRICT;
INSERT INTO "candidate" VALUES(1,1,0,'sft','one');
INSERT INTO "candidate" VALUES(2,1,1,'ppo','two');
INSERT INTO "candidate" VALUES(3,2,0,'sft','one');
INSERT INTO "candidate" VALUES(4,2,1,'ppo','two');
INSERT INTO "candidate" VALUES(5,3,0,'sft','one');
INSERT INTO "candidate" VALUES(6,3,1,'ppo','two');
CREATE TABLE demonstration (
  id           INTEGER PRIMARY KEY,
  uuid         TEXT    NOT NULL UNIQUE,
  item_id      INTEGER NOT NULL REFERENCES item(id),
  annotator_id INTEGER NOT NULL REFERENCES annotator(id),
  edited       INTEGER REFERENCES candidate(id),
  body         TEXT    NOT NULL,
  at           INTEGER NOT NULL
) STRICT;
CREATE TABLE draft (
  item_id      INTEGER NOT NULL REFERENCES item(id),
  annotator_id INTEGER NOT NULL REFERENCES annotator(id),
  answer       TEXT    NOT NULL CHECK (json_valid(answer)),
  at           INTEGER NOT NULL,
  PRIMARY KEY (annotator_id, item_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "draft" VALUES(3,1,'{"preferred":5,"strength":2}',1772355626000);
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
INSERT INTO "event" VALUES(1,1772355601000,NULL,'project','1','758c81aa8f50979aa05ddf4a0d453f0f01e4206553d03c81756dde4b26fa7157','','22dd871c92294580af9057b691c1eb041e1f484a2074c5b7897eb4a9a83cd3a1');
INSERT INTO "event" VALUES(2,1772355602000,NULL,'guideline','1','cee56d8e3bca0b09eadc666e04b015451f9483f477014638b4f04364317c79d4','22dd871c92294580af9057b691c1eb041e1f484a2074c5b7897eb4a9a83cd3a1','fbb5f9e23e2a55247b3ead6ae56aaa5975874e32d1e12b8e8a49437fdb288066');
INSERT INTO "event" VALUES(3,1772355603000,NULL,'item','1','93ac3cdfa0927d2970fb37d9db9841a6dbcd189ea69aca3aa969abee2c144611','fbb5f9e23e2a55247b3ead6ae56aaa5975874e32d1e12b8e8a49437fdb288066','0b17c00f9830671ffb583ca4d0837b50fb1fd8f42a5894b6da6e19d8d53f0d51');
INSERT INTO "event" VALUES(4,1772355604000,NULL,'item','2','2cebf1074a647bdff44fe9b4fc3e6a0feba78e410adb10807af8825bd4a12b6a','0b17c00f9830671ffb583ca4d0837b50fb1fd8f42a5894b6da6e19d8d53f0d51','e5e66397d2071673c76cad3ea813cec0f9db6878805b157697eca329dbc5700c');
INSERT INTO "event" VALUES(5,1772355605000,NULL,'item','3','7f0543df4e7b57cac4054228c74aa503ed355e42a65cf9ce91053e091012909b','e5e66397d2071673c76cad3ea813cec0f9db6878805b157697eca329dbc5700c','26e76fe7e2d5a7a957e35d8ddfef864975557f8488df3c00fb75becd97b464b0');
INSERT INTO "event" VALUES(6,1772355606000,NULL,'annotator','1','8a1d00798958ddedee1c85bbfc13798567a03fdff9a4f5006ca3b2a58f6fc54e','26e76fe7e2d5a7a957e35d8ddfef864975557f8488df3c00fb75becd97b464b0','e485b4a59c3cde2eebdcd652eacd6bb3fe6eef10e85e5b92821bbe911259b7d2');
INSERT INTO "event" VALUES(7,1772355607000,NULL,'annotator','2','e5406bbf1a66f1565bc4461c7391db210b3b8ce16ee1c55955ba20edc470696b','e485b4a59c3cde2eebdcd652eacd6bb3fe6eef10e85e5b92821bbe911259b7d2','f787a16a7201fb0e662681ecc14eb7369645b9d97bcfacd6aa4d9d3218364d49');
INSERT INTO "event" VALUES(8,1772355610000,1,'judgement','6238ca7b-2d69-5d26-b969-28badcca1181','317b47ac0060f8f45666e958b2f08a9e56215a55d80456132de1cfd48da3537c','f787a16a7201fb0e662681ecc14eb7369645b9d97bcfacd6aa4d9d3218364d49','bd21ab7c43045050b16f5c5274b89f5c1e0c790b1195a9837cd07ef4e05a1bea');
INSERT INTO "event" VALUES(9,1772355613000,1,'judgement','fa7cfe01-2c7a-5492-bfb4-3647dadd52a0','0f428cfdf0c4ad40ec22342f4b8532da36b3fc35feea87e9ba44b84aa2db852a','bd21ab7c43045050b16f5c5274b89f5c1e0c790b1195a9837cd07ef4e05a1bea','36f71fbf3e4304405022acedba9a4ab536822d2d62d4d06b8a6c23c6c1d0c545');
INSERT INTO "event" VALUES(10,1772355616000,2,'judgement','44077674-aab1-5fee-8bc7-c91e0bb806af','9f8351a3f135a62aa0bd749c764b41be0e11f4c80f172ec02fee2412a716337c','36f71fbf3e4304405022acedba9a4ab536822d2d62d4d06b8a6c23c6c1d0c545','9f9bd4e58d15879e23b136a42b5738db783d2a9432b675a62c4cfafe0be3cecc');
INSERT INTO "event" VALUES(11,1772355619000,2,'judgement','a4fdf3c3-dad3-5bf6-a202-67b2b999dc33','f3da4b6ca48471bfc0d7e04856a10897e02241ccc1874357ada920a7717b40c4','9f9bd4e58d15879e23b136a42b5738db783d2a9432b675a62c4cfafe0be3cecc','66836538a1e5115cb4c90b40f5263d558bff64c633b51b1a224b132cfabab6ae');
INSERT INTO "event" VALUES(12,1772355622000,2,'judgement','f033b28b-12f2-52d1-906b-dd54b331ca9b','ff5f33ab3fe25889bf823fa67eec66b4356f6b4dc542c9289c630d902f3f2611','66836538a1e5115cb4c90b40f5263d558bff64c633b51b1a224b132cfabab6ae','9a615db084559ba72721ab4abfcdfe802fb01294d6bad1e9d705ceb5218348a8');
INSERT INTO "event" VALUES(13,1772355624000,2,'judgement','049a1a57-a537-5f4a-9e47-d4c557bce549','c73b4a5b5e0bfbd1f57d54c53f19216e4ae3a8319b1883d695ef3d3de9c8141f','9a615db084559ba72721ab4abfcdfe802fb01294d6bad1e9d705ceb5218348a8','809be04a252a1d2626d3f8b71bc7ee483ee3402850a120aa1c9fc83f86376347');
INSERT INTO "event" VALUES(14,1772355628000,NULL,'export','1','cf06b6b9ece8d94eecb29ac8e9510f62eb8d92eac43240c7ae12faf5f698fcf4','809be04a252a1d2626d3f8b71bc7ee483ee3402850a120aa1c9fc83f86376347','37c0a52af5968b81f67c0b2c229e0b534c81c1d0b6dacfd91e9a2578cb08f7a4');
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
INSERT INTO "export_run" VALUES(1,1,'trl','00',1,2,'809be04a252a1d2626d3f8b71bc7ee483ee3402850a120aa1c9fc83f86376347',1772355627000);
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
INSERT INTO "goose_db_version" VALUES(1,0,1,'2026-11-24 17:41:53');
INSERT INTO "goose_db_version" VALUES(2,1,1,'2026-11-24 17:41:53');
INSERT INTO "goose_db_version" VALUES(3,2,1,'2026-11-24 17:41:53');
CREATE TABLE guideline (
  id         INTEGER PRIMARY KEY,
  project_id INTEGER NOT NULL REFERENCES project(id),
  version    INTEGER NOT NULL CHECK (version >= 1),
  body       TEXT    NOT NULL,
  sha256     TEXT    NOT NULL,
  UNIQUE (project_id, version)
) STRICT;
INSERT INTO "guideline" VALUES(1,1,1,'Pick one.','018afc3bf8ba6eed1530a826eb14017dec7c6be97786be996f5745b9a395d8bc');
CREATE TABLE item (
  id         INTEGER PRIMARY KEY,
  project_id INTEGER NOT NULL REFERENCES project(id),
  ref        TEXT    NOT NULL,
  kind       TEXT    NOT NULL DEFAULT 'task' CHECK (kind IN ('task', 'gold', 'attention', 'repeat', 'tutorial')),
  prompt     TEXT    NOT NULL,          -- the text, byte for byte; empty where there are messages
  messages   TEXT    CHECK (json_valid(messages)),
  priority   REAL    NOT NULL DEFAULT 0,
  sha256     TEXT    NOT NULL,          -- of all content
  state      TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'complete', 'adjudicate', 'final', 'withdrawn')),
  UNIQUE (project_id, ref)
) STRICT;
INSERT INTO "item" VALUES(1,1,'i0','task','prompt 0',NULL,0.0,'e1ed69003c18547d05bddc3dca83accf95f59d547e991b4d3e983c39b5a68b5f','complete');
INSERT INTO "item" VALUES(2,1,'i1','task','prompt 1',NULL,0.0,'c6e0cd436553681192bc3d8417ebfd095a81aabe347a3a045de670914768d210','complete');
INSERT INTO "item" VALUES(3,1,'i2','task','prompt 2',NULL,0.0,'e9c3f1c923d4a86954fb902a95a884a9a621831d92099d5ec2283c73d9365613','open');
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
INSERT INTO "judgement" VALUES(1,'6238ca7b-2d69-5d26-b969-28badcca1181',1,1,1,1,'[1,2]','{"preferred":1,"strength":3}',1000,2000,1772355609000,NULL);
INSERT INTO "judgement" VALUES(2,'fa7cfe01-2c7a-5492-bfb4-3647dadd52a0',3,2,1,1,'[4,3]','{"tie":true}',1000,2000,1772355612000,NULL);
INSERT INTO "judgement" VALUES(3,'44077674-aab1-5fee-8bc7-c91e0bb806af',5,3,2,1,'[5,6]','{"preferred":5,"strength":3}',1000,2000,1772355615000,NULL);
INSERT INTO "judgement" VALUES(4,'a4fdf3c3-dad3-5bf6-a202-67b2b999dc33',2,1,2,1,'[2,1]','{"preferred":2,"strength":1,"comment":"良い"}',1000,2000,1772355618000,NULL);
INSERT INTO "judgement" VALUES(5,'f033b28b-12f2-52d1-906b-dd54b331ca9b',4,2,2,1,'[3,4]','{"tie":true}',1000,2000,1772355621000,NULL);
INSERT INTO "judgement" VALUES(6,'049a1a57-a537-5f4a-9e47-d4c557bce549',4,2,2,1,'[3,4]','{"tie":true,"comment":"still"}',0,0,1772355623000,'f033b28b-12f2-52d1-906b-dd54b331ca9b');
CREATE TABLE progress (
  project_id   INTEGER NOT NULL REFERENCES project(id),
  annotator_id INTEGER NOT NULL REFERENCES annotator(id),
  done         INTEGER NOT NULL DEFAULT 0,
  skipped      INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (project_id, annotator_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "progress" VALUES(1,1,2,0);
INSERT INTO "progress" VALUES(1,2,3,0);
CREATE TABLE project (
  id      INTEGER PRIMARY KEY,
  name    TEXT    NOT NULL UNIQUE,
  task    TEXT    NOT NULL CHECK (json_valid(task)),
  overlap INTEGER NOT NULL CHECK (overlap BETWEEN 1 AND 15),
  seed    INTEGER NOT NULL,
  wanted  INTEGER NOT NULL DEFAULT 0  -- slots, kept so that progress needs no counting
) STRICT;
INSERT INTO "project" VALUES(1,'first','{"kind":"pair","ties":true}',2,7,6);
CREATE TABLE skip (
  id           INTEGER PRIMARY KEY,
  item_id      INTEGER NOT NULL REFERENCES item(id),
  annotator_id INTEGER NOT NULL REFERENCES annotator(id),
  reason       TEXT    NOT NULL,
  at           INTEGER NOT NULL,
  UNIQUE (item_id, annotator_id)
) STRICT;
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
INSERT INTO "slot" VALUES(1,1,1,0,0.0,'[1,2]','done',1,NULL,NULL);
INSERT INTO "slot" VALUES(2,1,1,1,0.0,'[2,1]','done',2,NULL,NULL);
INSERT INTO "slot" VALUES(3,1,2,0,0.0,'[4,3]','done',1,NULL,NULL);
INSERT INTO "slot" VALUES(4,1,2,1,0.0,'[3,4]','done',2,NULL,NULL);
INSERT INTO "slot" VALUES(5,1,3,0,0.0,'[5,6]','done',2,NULL,NULL);
INSERT INTO "slot" VALUES(6,1,3,1,0.0,'[6,5]','open',NULL,NULL,NULL);
CREATE INDEX slot_open ON slot (project_id, priority DESC, n, id) WHERE state = 'open';
CREATE INDEX slot_lease ON slot (project_id, lease_until) WHERE state = 'leased';
CREATE INDEX slot_who ON slot (annotator_id, state);
CREATE INDEX judgement_item ON judgement (item_id, slot_id, id);
CREATE INDEX judgement_who ON judgement (annotator_id, id);
CREATE INDEX event_subject ON event (kind, subject);
CREATE TRIGGER judgement_no_update BEFORE UPDATE ON judgement
BEGIN SELECT RAISE(ABORT, 'judgement is append-only'); END;
CREATE TRIGGER judgement_no_delete BEFORE DELETE ON judgement
BEGIN SELECT RAISE(ABORT, 'judgement is append-only'); END;
CREATE TRIGGER judgement_no_replace BEFORE INSERT ON judgement
  WHEN EXISTS (SELECT 1 FROM judgement WHERE id = NEW.id OR uuid = NEW.uuid OR supersedes = NEW.supersedes)
BEGIN SELECT RAISE(ABORT, 'judgement is append-only'); END;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;
CREATE TRIGGER event_no_replace BEFORE INSERT ON event
  WHEN EXISTS (SELECT 1 FROM event WHERE seq = NEW.seq OR hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;
CREATE TRIGGER candidate_no_update BEFORE UPDATE ON candidate
BEGIN SELECT RAISE(ABORT, 'candidate is append-only'); END;
CREATE TRIGGER candidate_no_delete BEFORE DELETE ON candidate
BEGIN SELECT RAISE(ABORT, 'candidate is append-only'); END;
CREATE TRIGGER candidate_no_replace BEFORE INSERT ON candidate
  WHEN EXISTS (SELECT 1 FROM candidate WHERE id = NEW.id OR (item_id = NEW.item_id AND ord = NEW.ord))
BEGIN SELECT RAISE(ABORT, 'candidate is append-only'); END;
CREATE TRIGGER guideline_no_update BEFORE UPDATE ON guideline
BEGIN SELECT RAISE(ABORT, 'guideline is append-only'); END;
CREATE TRIGGER guideline_no_delete BEFORE DELETE ON guideline
BEGIN SELECT RAISE(ABORT, 'guideline is append-only'); END;
CREATE TRIGGER guideline_no_replace BEFORE INSERT ON guideline
  WHEN EXISTS (SELECT 1 FROM guideline WHERE id = NEW.id OR (project_id = NEW.project_id AND version = NEW.version))
BEGIN SELECT RAISE(ABORT, 'guideline is append-only'); END;
CREATE TRIGGER skip_no_update BEFORE UPDATE ON skip
BEGIN SELECT RAISE(ABORT, 'skip is append-only'); END;
CREATE TRIGGER skip_no_delete BEFORE DELETE ON skip
BEGIN SELECT RAISE(ABORT, 'skip is append-only'); END;
CREATE TRIGGER skip_no_replace BEFORE INSERT ON skip
  WHEN EXISTS (SELECT 1 FROM skip WHERE id = NEW.id OR (item_id = NEW.item_id AND annotator_id = NEW.annotator_id))
BEGIN SELECT RAISE(ABORT, 'skip is append-only'); END;
CREATE TRIGGER demonstration_no_update BEFORE UPDATE ON demonstration
BEGIN SELECT RAISE(ABORT, 'demonstration is append-only'); END;
CREATE TRIGGER demonstration_no_delete BEFORE DELETE ON demonstration
BEGIN SELECT RAISE(ABORT, 'demonstration is append-only'); END;
CREATE TRIGGER demonstration_no_replace BEFORE INSERT ON demonstration
  WHEN EXISTS (SELECT 1 FROM demonstration WHERE id = NEW.id OR uuid = NEW.uuid)
BEGIN SELECT RAISE(ABORT, 'demonstration is append-only'); END;
CREATE TRIGGER adjudication_no_update BEFORE UPDATE ON adjudication
BEGIN SELECT RAISE(ABORT, 'adjudication is append-only'); END;
CREATE TRIGGER adjudication_no_delete BEFORE DELETE ON adjudication
BEGIN SELECT RAISE(ABORT, 'adjudication is append-only'); END;
CREATE TRIGGER adjudication_no_replace BEFORE INSERT ON adjudication
  WHEN EXISTS (SELECT 1 FROM adjudication WHERE id = NEW.id OR uuid = NEW.uuid)
BEGIN SELECT RAISE(ABORT, 'adjudication is append-only'); END;
CREATE TRIGGER export_run_no_update BEFORE UPDATE ON export_run
BEGIN SELECT RAISE(ABORT, 'export_run is append-only'); END;
CREATE TRIGGER export_run_no_delete BEFORE DELETE ON export_run
BEGIN SELECT RAISE(ABORT, 'export_run is append-only'); END;
CREATE TRIGGER export_run_no_replace BEFORE INSERT ON export_run
  WHEN EXISTS (SELECT 1 FROM export_run WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'export_run is append-only'); END;
CREATE TRIGGER item_no_update BEFORE UPDATE OF id, project_id, ref, kind, prompt, messages, priority, sha256 ON item
BEGIN SELECT RAISE(ABORT, 'the content of an item never changes'); END;
CREATE TRIGGER item_no_delete BEFORE DELETE ON item
BEGIN SELECT RAISE(ABORT, 'the content of an item never changes'); END;
CREATE TRIGGER item_no_replace BEFORE INSERT ON item
  WHEN EXISTS (SELECT 1 FROM item WHERE id = NEW.id OR (project_id = NEW.project_id AND ref = NEW.ref))
BEGIN SELECT RAISE(ABORT, 'the content of an item never changes'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('goose_db_version',3);
INSERT INTO "sqlite_sequence" VALUES('event',14);
COMMIT;
