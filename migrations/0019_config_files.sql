-- The files of each configuration that was in force (`carillon config`): what the daemon runs on while
-- those on disk are refused. Named by their content, so that the same ones are kept once.
CREATE TABLE config_files (
    content_hash  TEXT NOT NULL,
    number        INTEGER NOT NULL,
    path          TEXT NOT NULL,
    content       TEXT NOT NULL,
    PRIMARY KEY (content_hash, number)
) STRICT, WITHOUT ROWID;
