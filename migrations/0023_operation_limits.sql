-- A limit that a 429 names for the operation that was called is that operation's own: the others go at
-- the connection's pace.
CREATE TABLE operation_limits (
    connection    TEXT NOT NULL REFERENCES connections,
    operation     TEXT NOT NULL,
    requests      INTEGER NOT NULL,
    window_ms     INTEGER NOT NULL,
    budget_tat_us INTEGER NOT NULL,
    learned_at    INTEGER NOT NULL,
    PRIMARY KEY (connection, operation)
) STRICT, WITHOUT ROWID;
