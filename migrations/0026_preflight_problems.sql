-- What a check ahead of a slot has found is a kind, and in `problem` what tells it from others of its
-- kind: its words are made where they are shown.
ALTER TABLE preflights ADD COLUMN problem_kind TEXT
    CHECK (problem_kind IN ('unlisted', 'misnamed', 'invalid', 'refused'));
-- Until its next check, an earlier finding is what most are.
UPDATE preflights SET problem_kind = 'invalid' WHERE problem <> '';
