-- +goose Up
-- What was said stays said. INSERT OR REPLACE deletes without firing a DELETE trigger
-- (recursive_triggers is off by default), so an insert over an existing row is refused too.

-- +goose StatementBegin
CREATE TRIGGER judgement_no_update BEFORE UPDATE ON judgement
BEGIN SELECT RAISE(ABORT, 'judgement is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER judgement_no_delete BEFORE DELETE ON judgement
BEGIN SELECT RAISE(ABORT, 'judgement is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER judgement_no_replace BEFORE INSERT ON judgement
  WHEN EXISTS (SELECT 1 FROM judgement WHERE id = NEW.id OR uuid = NEW.uuid OR supersedes = NEW.supersedes)
BEGIN SELECT RAISE(ABORT, 'judgement is append-only'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER event_no_update BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER event_no_delete BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER event_no_replace BEFORE INSERT ON event
  WHEN EXISTS (SELECT 1 FROM event WHERE seq = NEW.seq OR hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER candidate_no_update BEFORE UPDATE ON candidate
BEGIN SELECT RAISE(ABORT, 'candidate is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER candidate_no_delete BEFORE DELETE ON candidate
BEGIN SELECT RAISE(ABORT, 'candidate is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER candidate_no_replace BEFORE INSERT ON candidate
  WHEN EXISTS (SELECT 1 FROM candidate WHERE id = NEW.id OR (item_id = NEW.item_id AND ord = NEW.ord))
BEGIN SELECT RAISE(ABORT, 'candidate is append-only'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER guideline_no_update BEFORE UPDATE ON guideline
BEGIN SELECT RAISE(ABORT, 'guideline is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER guideline_no_delete BEFORE DELETE ON guideline
BEGIN SELECT RAISE(ABORT, 'guideline is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER guideline_no_replace BEFORE INSERT ON guideline
  WHEN EXISTS (SELECT 1 FROM guideline WHERE id = NEW.id OR (project_id = NEW.project_id AND version = NEW.version))
BEGIN SELECT RAISE(ABORT, 'guideline is append-only'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER skip_no_update BEFORE UPDATE ON skip
BEGIN SELECT RAISE(ABORT, 'skip is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER skip_no_delete BEFORE DELETE ON skip
BEGIN SELECT RAISE(ABORT, 'skip is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER skip_no_replace BEFORE INSERT ON skip
  WHEN EXISTS (SELECT 1 FROM skip WHERE id = NEW.id OR (item_id = NEW.item_id AND annotator_id = NEW.annotator_id))
BEGIN SELECT RAISE(ABORT, 'skip is append-only'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER demonstration_no_update BEFORE UPDATE ON demonstration
BEGIN SELECT RAISE(ABORT, 'demonstration is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER demonstration_no_delete BEFORE DELETE ON demonstration
BEGIN SELECT RAISE(ABORT, 'demonstration is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER demonstration_no_replace BEFORE INSERT ON demonstration
  WHEN EXISTS (SELECT 1 FROM demonstration WHERE id = NEW.id OR uuid = NEW.uuid)
BEGIN SELECT RAISE(ABORT, 'demonstration is append-only'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER adjudication_no_update BEFORE UPDATE ON adjudication
BEGIN SELECT RAISE(ABORT, 'adjudication is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER adjudication_no_delete BEFORE DELETE ON adjudication
BEGIN SELECT RAISE(ABORT, 'adjudication is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER adjudication_no_replace BEFORE INSERT ON adjudication
  WHEN EXISTS (SELECT 1 FROM adjudication WHERE id = NEW.id OR uuid = NEW.uuid)
BEGIN SELECT RAISE(ABORT, 'adjudication is append-only'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER export_run_no_update BEFORE UPDATE ON export_run
BEGIN SELECT RAISE(ABORT, 'export_run is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER export_run_no_delete BEFORE DELETE ON export_run
BEGIN SELECT RAISE(ABORT, 'export_run is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER export_run_no_replace BEFORE INSERT ON export_run
  WHEN EXISTS (SELECT 1 FROM export_run WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'export_run is append-only'); END;
-- +goose StatementEnd

-- Items change their state, never their content.
-- +goose StatementBegin
CREATE TRIGGER item_no_update BEFORE UPDATE OF id, project_id, ref, kind, prompt, messages, priority, sha256 ON item
BEGIN SELECT RAISE(ABORT, 'the content of an item never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER item_no_delete BEFORE DELETE ON item
BEGIN SELECT RAISE(ABORT, 'the content of an item never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER item_no_replace BEFORE INSERT ON item
  WHEN EXISTS (SELECT 1 FROM item WHERE id = NEW.id OR (project_id = NEW.project_id AND ref = NEW.ref))
BEGIN SELECT RAISE(ABORT, 'the content of an item never changes'); END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER item_no_replace;
DROP TRIGGER item_no_delete;
DROP TRIGGER item_no_update;
DROP TRIGGER export_run_no_replace;
DROP TRIGGER export_run_no_delete;
DROP TRIGGER export_run_no_update;
DROP TRIGGER adjudication_no_replace;
DROP TRIGGER adjudication_no_delete;
DROP TRIGGER adjudication_no_update;
DROP TRIGGER demonstration_no_replace;
DROP TRIGGER demonstration_no_delete;
DROP TRIGGER demonstration_no_update;
DROP TRIGGER skip_no_replace;
DROP TRIGGER skip_no_delete;
DROP TRIGGER skip_no_update;
DROP TRIGGER guideline_no_replace;
DROP TRIGGER guideline_no_delete;
DROP TRIGGER guideline_no_update;
DROP TRIGGER candidate_no_replace;
DROP TRIGGER candidate_no_delete;
DROP TRIGGER candidate_no_update;
DROP TRIGGER event_no_replace;
DROP TRIGGER event_no_delete;
DROP TRIGGER event_no_update;
DROP TRIGGER judgement_no_replace;
DROP TRIGGER judgement_no_delete;
DROP TRIGGER judgement_no_update;
