-- The languages that files of a folder are or were in, as a set of bits: a query is made into the terms
-- of each of them.
ALTER TABLE folders ADD COLUMN languages INTEGER NOT NULL DEFAULT 0;

-- Why a file is left out, in words; none for one that is indexed.
ALTER TABLE folder_files ADD COLUMN problem TEXT;

-- Words are stemmed by their language now, and sentences that belong together stay in one passage: every
-- file is read anew once.
UPDATE folder_files SET size = -1;
