-- The ledger of Carillon (docs: DESIGN section 8). All times are Unix milliseconds in UTC, `*_at`.
-- Released migrations are never edited: their checksum is stored in every database.

CREATE TABLE config_revisions (
    revision_id   INTEGER PRIMARY KEY,
    content_hash  TEXT NOT NULL,
    applied_at    INTEGER NOT NULL,
    applied_while TEXT NOT NULL CHECK (applied_while IN ('start', 'reload')),
    summary       TEXT NOT NULL
) STRICT;

CREATE TABLE daemon (
    singleton     INTEGER PRIMARY KEY CHECK (singleton = 1),
    pid           INTEGER,
    version       TEXT,
    draining_since_at INTEGER,
    -- Set in a file made by `carillon backup`: its first start sends nothing for earlier instants.
    restored_mark INTEGER NOT NULL DEFAULT 0 CHECK (restored_mark IN (0, 1)),
    restored_at   INTEGER,
    catchup_tat_at INTEGER,
    upcoming_refreshed_at INTEGER
) STRICT;
INSERT INTO daemon (singleton) VALUES (1);

-- When the daemon was up: decides between missed (down) and expired (up).
CREATE TABLE lives (
    life_id       INTEGER PRIMARY KEY,
    started_at    INTEGER NOT NULL,
    last_turn_at  INTEGER NOT NULL,
    ended         TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE connections (
    connection        TEXT PRIMARY KEY,
    base_url          TEXT NOT NULL,
    api_version       TEXT NOT NULL,
    removed_at        INTEGER,
    -- Our own user, learned from 201 answers.
    user_id           TEXT,
    -- Server clock minus ours, from the last answer with a Date header.
    clock_skew_ms     INTEGER,
    clock_checked_at  INTEGER,
    clock_bad_since_at INTEGER,
    -- What a 429 message named, and what replaces the configured rate then.
    learned_requests  INTEGER,
    learned_window_ms INTEGER,
    learned_at        INTEGER,
    -- GCRA: theoretical arrival time of the next request, in microseconds.
    budget_tat_us     INTEGER NOT NULL DEFAULT 0,
    requests_sent     INTEGER NOT NULL DEFAULT 0,
    breaker_failures  INTEGER NOT NULL DEFAULT 0,
    breaker_opened_at INTEGER,
    breaker_closed_at INTEGER,
    next_probe_at     INTEGER,
    credential_bad_since_at INTEGER,
    credential_failures INTEGER NOT NULL DEFAULT 0,
    next_token_at     INTEGER,
    next_sweep_at     INTEGER,
    sweep_gap_ms      INTEGER NOT NULL DEFAULT 0,
    sweep_distrusted_since_at INTEGER,
    last_looked_at    INTEGER,
    list_failures     INTEGER NOT NULL DEFAULT 0,
    next_list_at      INTEGER NOT NULL DEFAULT 0,
    last_error        TEXT
) STRICT;

-- Rate-limit hints that are still running; operation '' blocks the whole connection.
CREATE TABLE hints (
    connection    TEXT NOT NULL REFERENCES connections,
    operation     TEXT NOT NULL,
    until_at      INTEGER NOT NULL,
    delay_seconds INTEGER NOT NULL,
    noted_at      INTEGER NOT NULL,
    PRIMARY KEY (connection, operation)
) STRICT, WITHOUT ROWID;

CREATE TABLE schedules (
    schedule      TEXT PRIMARY KEY,
    state         TEXT NOT NULL CHECK (state IN ('active', 'disabled', 'removed', 'set aside')),
    connection    TEXT NOT NULL,
    base_url      TEXT NOT NULL,
    process       TEXT NOT NULL,
    rule          TEXT NOT NULL,
    -- From this the rule is compiled again when it was edited while the daemon was down.
    rule_source   TEXT NOT NULL,
    timezone      TEXT NOT NULL,
    mode          TEXT NOT NULL DEFAULT 'run' CHECK (mode IN ('run', 'observe')),
    description   TEXT NOT NULL DEFAULT '',
    tags          TEXT NOT NULL DEFAULT '[]',
    -- What makes slots: connection, process, rule, zone, calendar, zone data, dst (section 5, rule 10).
    firing_key    TEXT NOT NULL,
    revision_id   INTEGER NOT NULL REFERENCES config_revisions,
    -- The instant from which the present rule makes slots.
    effective_at  INTEGER NOT NULL,
    -- Every rule slot at or before it has its row.
    cursor_at     INTEGER NOT NULL,
    -- The next instant of the rule after the cursor; NULL: never.
    next_slot_at  INTEGER,
    -- When the schedule must be looked at next (lead time of the look, spread); NULL: never.
    next_due_at   INTEGER,
    -- Run that ended the last slot as skipped by overlap, and how many in a row.
    overlap_run_id TEXT,
    overlap_skips INTEGER NOT NULL DEFAULT 0,
    aside_reason  TEXT,
    zone_data_hash TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX schedules_by_due ON schedules (next_due_at) WHERE next_due_at IS NOT NULL;

-- What a schedule's rule was, and from when: answers `why` for instants that were no slot.
CREATE TABLE schedule_revisions (
    schedule      TEXT NOT NULL,
    effective_at  INTEGER NOT NULL,
    revision_id   INTEGER NOT NULL REFERENCES config_revisions,
    state         TEXT NOT NULL,
    rule          TEXT NOT NULL,
    timezone      TEXT NOT NULL,
    process       TEXT NOT NULL,
    firing_key    TEXT NOT NULL,
    PRIMARY KEY (schedule, effective_at, revision_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE disposition_edges (
    from_disposition TEXT NOT NULL,
    to_disposition   TEXT NOT NULL,
    PRIMARY KEY (from_disposition, to_disposition)
) STRICT, WITHOUT ROWID;
INSERT INTO disposition_edges VALUES
    ('pending', 'starting'), ('pending', 'skipped'), ('pending', 'coalesced'),
    ('pending', 'missed'), ('pending', 'expired'), ('pending', 'failed'), ('pending', 'cancelled'),
    -- A slot of our own unclaimed run after a restore, or a process name that fits several.
    ('pending', 'held'),
    ('starting', 'started'), ('starting', 'pending'), ('starting', 'unknown'), ('starting', 'failed'),
    ('unknown', 'started'), ('unknown', 'pending'), ('unknown', 'held'), ('unknown', 'expired'),
    ('held', 'started'), ('held', 'pending'), ('held', 'cancelled');

CREATE TABLE process_runs (
    run_key       INTEGER PRIMARY KEY,
    base_url      TEXT NOT NULL,
    run_id        TEXT NOT NULL,
    connection    TEXT NOT NULL,
    process_id    TEXT NOT NULL,
    schedule      TEXT,
    slot_id       INTEGER UNIQUE REFERENCES slots,
    origin        TEXT NOT NULL
        CHECK (origin IN ('rule', 'manual', 'after', 'catchup', 'adopted', 'external', 'boot')),
    name          TEXT,
    user_id       TEXT,
    status        TEXT NOT NULL,
    -- Open is everything but complete and cancelled, unknown statuses included.
    is_open       INTEGER NOT NULL GENERATED ALWAYS AS (status NOT IN ('complete', 'cancelled')) STORED,
    outcome       TEXT NOT NULL
        CHECK (outcome IN ('active', 'succeeded', 'cancelled', 'failed', 'attention', 'lost')),
    outcome_reason TEXT,
    counts        TEXT NOT NULL DEFAULT '{}' CHECK (counts GLOB '{*}'),
    job_counts    TEXT NOT NULL DEFAULT '{}' CHECK (job_counts GLOB '{*}'),
    revision      INTEGER,
    created_at    INTEGER,
    modified_at   INTEGER,
    completed_at  INTEGER,
    due_date      TEXT,
    first_seen_at INTEGER NOT NULL,
    last_polled_at INTEGER,
    changed_at    INTEGER NOT NULL,
    -- When the run must be read in full next; NULL once nothing more is expected of it.
    next_poll_at  INTEGER,
    poll_gap_ms   INTEGER NOT NULL DEFAULT 30000,
    poll_failures INTEGER NOT NULL DEFAULT 0,
    -- A sweep saw another modified or status than ours: read it in full now.
    changed_hint  INTEGER NOT NULL DEFAULT 0 CHECK (changed_hint IN (0, 1)),
    watch_until_at INTEGER,
    run_within_at INTEGER,
    tree          TEXT,
    UNIQUE (base_url, run_id),
    CHECK (is_open = 0 OR outcome = 'lost' OR next_poll_at IS NOT NULL)
) STRICT;
CREATE INDEX process_runs_by_poll ON process_runs (next_poll_at) WHERE next_poll_at IS NOT NULL;
CREATE INDEX process_runs_open ON process_runs (base_url, process_id) WHERE is_open = 1;
CREATE INDEX process_runs_over_time ON process_runs (run_within_at)
    WHERE run_within_at IS NOT NULL AND is_open = 1;
CREATE INDEX process_runs_by_process ON process_runs (base_url, process_id, first_seen_at);
CREATE INDEX process_runs_by_schedule ON process_runs (schedule, created_at);

CREATE TABLE slots (
    slot_id       INTEGER PRIMARY KEY,
    schedule      TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('rule', 'manual', 'after', 'boot')),
    slot_at       INTEGER NOT NULL,
    due_at        INTEGER NOT NULL,
    utc_offset_seconds INTEGER NOT NULL,
    disposition   TEXT NOT NULL CHECK (disposition IN ('pending', 'starting', 'unknown', 'held',
        'started', 'skipped', 'coalesced', 'missed', 'expired', 'failed', 'cancelled')),
    reason        TEXT NOT NULL CHECK (reason <> ''),
    connection    TEXT NOT NULL,
    base_url      TEXT NOT NULL,
    -- The process this slot starts; '' until a process named by pattern is resolved.
    process_id    TEXT NOT NULL,
    process_pattern TEXT,
    revision_id   INTEGER NOT NULL REFERENCES config_revisions,
    mode          TEXT NOT NULL DEFAULT 'run' CHECK (mode IN ('run', 'observe')),
    -- Becomes the origin of the run: catchup when the slot was late.
    is_late       INTEGER NOT NULL DEFAULT 0 CHECK (is_late IN (0, 1)),
    attempts      INTEGER NOT NULL DEFAULT 0,
    -- Attempts that count against retry.max_attempts.
    attempts_counted INTEGER NOT NULL DEFAULT 0,
    -- The slot's own deadline: when it must be decided again. Every non-final slot has one (I5).
    next_action_at INTEGER,
    -- Waits for a look since then (look_patience counts from here).
    look_wanted_since_at INTEGER,
    -- Waits for a read of the run that may block it since then, with the same patience.
    run_wanted_since_at INTEGER,
    -- The windows of rule 8 count from here: due_at, or when the blocking run closed.
    window_from_at INTEGER NOT NULL,
    blocked_by    TEXT,
    run_key       INTEGER UNIQUE REFERENCES process_runs,
    forced        INTEGER NOT NULL DEFAULT 0 CHECK (forced IN (0, 1)),
    trigger_uuid  TEXT UNIQUE,
    requested_by  TEXT,
    upstream_slot_id INTEGER REFERENCES slots,
    -- This slot, ended, has been used by a schedule that waits for it (names, JSON).
    start_lag_ms  INTEGER,
    validated_at  INTEGER,
    last_error_id INTEGER,
    created_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    UNIQUE (schedule, kind, slot_at),
    -- I5, never stuck: what is not final has a deadline, what is final has an end.
    CHECK ((disposition IN ('pending', 'starting', 'unknown', 'held')) = (next_action_at IS NOT NULL)),
    CHECK ((disposition IN ('pending', 'starting', 'unknown', 'held')) = (ended_at IS NULL)),
    CHECK ((disposition = 'started') = (run_key IS NOT NULL))
) STRICT;
CREATE INDEX slots_by_action ON slots (next_action_at) WHERE next_action_at IS NOT NULL;
CREATE INDEX slots_by_schedule ON slots (schedule, slot_at);
CREATE INDEX slots_open_by_process ON slots (base_url, process_id, due_at) WHERE ended_at IS NULL;
CREATE INDEX slots_by_disposition ON slots (disposition) WHERE ended_at IS NULL;
CREATE INDEX slots_by_run ON slots (run_key) WHERE run_key IS NOT NULL;

CREATE TRIGGER slots_insert_edge BEFORE INSERT ON slots
WHEN NEW.disposition IN ('starting', 'unknown', 'started', 'held', 'failed')
BEGIN
    SELECT RAISE(ABORT, 'a slot cannot begin in this disposition');
END;

CREATE TRIGGER slots_update_edge BEFORE UPDATE OF disposition ON slots
WHEN OLD.disposition <> NEW.disposition
    AND NOT EXISTS (SELECT 1 FROM disposition_edges
        WHERE from_disposition = OLD.disposition AND to_disposition = NEW.disposition)
BEGIN
    SELECT RAISE(ABORT, 'no such edge between dispositions');
END;

CREATE TABLE looks (
    look_id       INTEGER PRIMARY KEY,
    base_url      TEXT NOT NULL,
    process_id    TEXT NOT NULL,
    process_name  TEXT,
    -- Sent and answered, our clock; server_at is the answer's own Date.
    requested_at  INTEGER NOT NULL,
    looked_at     INTEGER NOT NULL,
    server_at     INTEGER,
    run_id        TEXT,
    run_status    TEXT,
    run_created_at INTEGER,
    run_modified_at INTEGER,
    run_user_id   TEXT
) STRICT;
CREATE INDEX looks_by_process ON looks (base_url, process_id, requested_at);

CREATE TABLE attempts (
    attempt_id    INTEGER PRIMARY KEY,
    slot_id       INTEGER NOT NULL REFERENCES slots,
    number        INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('starting', 'unknown', 'held', 'started', 'adopted',
        'not sent', 'refused', 'absent', 'withdrawn')),
    base_url      TEXT NOT NULL,
    process_id    TEXT NOT NULL,
    -- What the last look showed: a run id, 'none' or 'not known'.
    baseline      TEXT NOT NULL,
    baseline_look_id INTEGER,
    began_at      INTEGER NOT NULL,
    send_by_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    -- Until then the attempt may still create a run; NULL while it is on the wire.
    exposure_end_at INTEGER,
    -- Looks after the exposure that showed exactly the baseline.
    absent_looks  INTEGER NOT NULL DEFAULT 0,
    last_absent_at INTEGER,
    candidate_run_id TEXT,
    http_status   INTEGER,
    error_id      INTEGER,
    run_key       INTEGER REFERENCES process_runs,
    UNIQUE (slot_id, number)
) STRICT;
-- Rule 2, one in doubt: an index, not code.
CREATE UNIQUE INDEX attempts_one_in_doubt ON attempts (base_url, process_id)
    WHERE state IN ('starting', 'unknown');
CREATE INDEX attempts_by_exposure ON attempts (base_url, process_id, began_at);

CREATE TABLE status_counts (
    run_key       INTEGER NOT NULL REFERENCES process_runs,
    scope         TEXT NOT NULL CHECK (scope IN ('actions', 'jobs')),
    status        TEXT NOT NULL,
    count         INTEGER NOT NULL,
    PRIMARY KEY (run_key, scope, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE status_history (
    history_id    INTEGER PRIMARY KEY,
    run_key       INTEGER NOT NULL REFERENCES process_runs,
    seen_at       INTEGER NOT NULL,
    modified_at   INTEGER,
    status        TEXT NOT NULL,
    outcome       TEXT NOT NULL,
    counts        TEXT NOT NULL,
    job_counts    TEXT NOT NULL
) STRICT;
CREATE INDEX status_history_by_run ON status_history (run_key, seen_at);

CREATE TABLE errors (
    error_id      INTEGER PRIMARY KEY,
    occurred_at   INTEGER NOT NULL,
    operation     TEXT NOT NULL,
    connection    TEXT,
    schedule      TEXT,
    slot_id       INTEGER REFERENCES slots,
    attempt       INTEGER,
    run_key       INTEGER REFERENCES process_runs,
    http_status   INTEGER,
    code          TEXT,
    message       TEXT NOT NULL,
    target        TEXT,
    meta          TEXT,
    details       TEXT,
    documentation_url TEXT,
    retry_after_seconds INTEGER,
    next_step     TEXT NOT NULL,
    -- The same error again and again is one row that counts.
    repeats       INTEGER NOT NULL DEFAULT 0,
    last_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX errors_by_time ON errors (occurred_at);
CREATE INDEX errors_by_slot ON errors (slot_id) WHERE slot_id IS NOT NULL;
CREATE INDEX errors_by_run ON errors (run_key) WHERE run_key IS NOT NULL;

-- Things that need a person and are not the state of a slot or run: raised and cleared by the daemon.
CREATE TABLE alarms (
    kind          TEXT NOT NULL,
    subject       TEXT NOT NULL,
    since_at      INTEGER NOT NULL,
    what_to_do    TEXT NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE pauses (
    pause_id      INTEGER PRIMARY KEY,
    -- NULL: all schedules.
    schedule      TEXT,
    kind          TEXT NOT NULL CHECK (kind IN ('pause', 'skip')),
    from_at       INTEGER NOT NULL,
    -- NULL: until resumed. A skip has from_at = until_at = the slot.
    until_at      INTEGER,
    reason        TEXT NOT NULL,
    requested_by  TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    lifted_at     INTEGER
) STRICT;
CREATE INDEX pauses_in_force ON pauses (schedule) WHERE lifted_at IS NULL;

CREATE TABLE after_uses (
    schedule      TEXT NOT NULL,
    upstream_slot_id INTEGER NOT NULL REFERENCES slots,
    slot_id       INTEGER REFERENCES slots,
    used_at       INTEGER NOT NULL,
    note          TEXT NOT NULL,
    PRIMARY KEY (schedule, upstream_slot_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE upcoming_slots (
    schedule      TEXT NOT NULL,
    slot_at       INTEGER NOT NULL,
    utc_offset_seconds INTEGER NOT NULL,
    note          TEXT NOT NULL,
    zone_data_hash TEXT NOT NULL,
    PRIMARY KEY (schedule, slot_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    audit_id      INTEGER PRIMARY KEY,
    at            INTEGER NOT NULL,
    actor         TEXT NOT NULL,
    action        TEXT NOT NULL,
    subject       TEXT NOT NULL,
    reason        TEXT NOT NULL DEFAULT '',
    detail        TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE notifications (
    notification_id INTEGER PRIMARY KEY,
    created_at    INTEGER NOT NULL,
    kind          TEXT NOT NULL,
    subject       TEXT NOT NULL,
    body          TEXT NOT NULL,
    sent_at       INTEGER
) STRICT;
