-- What was said stays said. INSERT OR REPLACE deletes without firing a DELETE trigger
-- (recursive_triggers is off by default), so an insert over an existing row is refused too.
{{guard "judgement" "id = NEW.id OR uuid = NEW.uuid OR supersedes = NEW.supersedes"}}
{{guard "event" "seq = NEW.seq OR hash = NEW.hash"}}
{{guard "candidate" "id = NEW.id OR (item_id = NEW.item_id AND ord = NEW.ord)"}}
{{guard "guideline" "id = NEW.id OR (project_id = NEW.project_id AND version = NEW.version)"}}
{{guard "skip" "id = NEW.id OR (item_id = NEW.item_id AND annotator_id = NEW.annotator_id)"}}
{{guard "demonstration" "id = NEW.id OR uuid = NEW.uuid"}}
{{guard "adjudication" "id = NEW.id OR uuid = NEW.uuid"}}
{{guard "export_run" "id = NEW.id"}}

-- Items change their state, never their content.
{{refuse "UPDATE OF id, project_id, ref, kind, prompt, messages, priority, sha256" "item" "the content of an item never changes"}}
{{refuse "DELETE" "item" "the content of an item never changes"}}
{{refuseReplace "item" "id = NEW.id OR (project_id = NEW.project_id AND ref = NEW.ref)" "the content of an item never changes"}}
