-- The second schema: spans that have not ended. `spans.status` may be PENDING, and a row of that status is replaced by a later
-- form of the span; `runs.state` may be unfinished.

ALTER TABLE runs ADD COLUMN lead_pending INTEGER NOT NULL DEFAULT 0;  -- the span that the name is from has not ended
ALTER TABLE runs ADD COLUMN replaced     INTEGER NOT NULL DEFAULT 0;  -- how many spans were pending and are complete
ALTER TABLE runs ADD COLUMN heard        INTEGER NOT NULL DEFAULT 0;  -- when the last span arrived

-- Of runs from before this step it is not known: what goes on has ended no later than it arrived, unless its clock was wrong.
UPDATE runs SET heard = min(end_time, unixepoch() * 1000000000) WHERE state <> 'completed' AND state = 'running';

-- Which runs are to be looked at for how long nothing was heard of them.
CREATE INDEX runs_running ON runs (heard) WHERE state = 'running';

-- The words of a run: what arrived of it at one time is one document, from here on numbered
-- run * 2^24 + the spans that were there before + the spans that had been replaced before.
