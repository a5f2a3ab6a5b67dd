import Foundation
import Migrations
import Store
import Testing
import Timetable

/// Ledgers of before come up to this schema with all they hold.
@Suite struct MigrationTests {
    /// A ledger as a binary with the first `count` migrations left it.
    private static func scratch(migrations count: Int, filledWith sql: String) throws -> Scratch {
        let scratch = try Scratch()
        let database = try Database(path: scratch.path, mode: .write)
        try database.execute(
            """
            PRAGMA foreign_keys = ON; PRAGMA application_id = \(Migrator.applicationID);
            CREATE TABLE schema_migrations (
                name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL
            ) STRICT
            """)
        for file in Migrations.all.prefix(count) {
            if file.isRebuilding {
                try database.execute("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON")
            }
            try database.execute(String(decoding: file.sql, as: UTF8.self))
            try database.run(
                "INSERT INTO schema_migrations VALUES (?, ?, 1)", .text(file.name),
                .text(Migrator.checksum(file.sql)))
        }
        try database.execute(sql)
        return scratch
    }

    /// Runs of each kind, one of them a slot's.
    private static let runs = """
        INSERT INTO config_revisions VALUES (1, 'h', 1, 'start', '');
        INSERT INTO slots (slot_id, schedule, kind, slot_at, due_at, utc_offset_seconds, disposition,
            reason, connection, base_url, process_id, revision_id, next_action_at, window_from_at,
            created_at)
        VALUES (7, 's', 'rule', 5, 5, 0, 'pending', 'due', 'prod', 'u', 'p', 1, 5, 5, 5);
        INSERT INTO process_runs (run_key, base_url, run_id, connection, process_id, schedule, slot_id,
            origin, name, status, outcome, counts, created_at, first_seen_at, changed_at, next_poll_at,
            tree)
        VALUES
            (3, 'u', 'r3', 'prod', 'p', 's', 7, 'rule', 'Été', 'complete', 'succeeded', '{"a":1}', 5,
                5, 5, NULL, '{"root":{}}'),
            (4, 'u', 'r4', 'prod', 'p', NULL, NULL, 'external', NULL, 'running', 'active', '{}', 6,
                6, 6, 9, NULL),
            (9, 'u', 'r9', 'prod', 'p', NULL, NULL, 'external', NULL, 'Complete', 'active', '{}',
                NULL, 6, 6, 9, NULL),
            (10, 'u', 'r10', 'prod', 'p', NULL, NULL, 'external', NULL, 'cancelled', 'cancelled',
                '{}', NULL, 6, 6, NULL, NULL);
        UPDATE slots SET disposition = 'starting' WHERE slot_id = 7;
        UPDATE slots SET disposition = 'started', run_key = 3, next_action_at = NULL, ended_at = 6
            WHERE slot_id = 7;
        INSERT INTO status_counts VALUES (3, 'jobs', 'complete', 1);
        INSERT INTO status_history (run_key, seen_at, status, outcome, counts, job_counts)
        VALUES (3, 6, 'complete', 'succeeded', '{}', '{}');
        INSERT INTO attempts (slot_id, number, state, base_url, process_id, baseline, began_at,
            send_by_at, run_key)
        VALUES (7, 1, 'started', 'u', 'p', 'none', 5, 6, 3);
        """

    private static func rows(_ database: Database, _ sql: String) throws -> [String] {
        var rows: [String] = []
        try database.step(sql, []) { row in
            rows.append(
                row.columnNames.indices.map { "\(row.value(Int32($0)))" }.joined(separator: " "))
            return true
        }
        return rows
    }

    /// 6: the last schema that was released; 29: the last with a generated column.
    @Test(arguments: [6, 29])
    func runsAreAsTheyWereAndOpenIsAPlainColumn(migrations: Int) throws {
        let scratch = try Self.scratch(migrations: migrations, filledWith: Self.runs)
        let all = "SELECT * FROM process_runs ORDER BY run_key"
        let (columns, before) = try {
            let old = try Database(path: scratch.path, mode: .read)
            let columns = try old.columns(of: all).joined(separator: ", ")
            return (
                columns,
                try Self.rows(old, "SELECT \(columns) FROM process_runs ORDER BY run_key")
            )
        }()
        let ledger = try scratch.ledger()
        let database = ledger.database
        let after = try Self.rows(
            database, "SELECT \(columns) FROM process_runs ORDER BY run_key")
        #expect(after == before && after.count == 4)
        #expect(
            try Self.rows(database, "SELECT is_open FROM process_runs ORDER BY run_key")
                == ["0", "1", "1", "0"].map { "integer(\($0))" })
        #expect(try ledger.isSound())
        #expect(try Self.rows(database, "SELECT * FROM pragma_foreign_key_check").isEmpty)
        // What the rebuilding switched is switched back.
        #expect(try database.integer("PRAGMA foreign_keys") == 1)
        #expect(try database.integer("PRAGMA legacy_alter_table") == 0)
        #expect(throws: StoreError.self) {
            try database.run("UPDATE process_runs SET status = 'complete' WHERE run_key = 4")
        }
        #expect(throws: StoreError.self) {
            try database.run("DELETE FROM process_runs WHERE run_key = 3")
        }
        for view in try Self.rows(database, "SELECT name FROM sqlite_schema WHERE type = 'view'") {
            let name = view.dropFirst("string(\"".count).dropLast(2)
            _ = try Self.rows(database, "SELECT * FROM \(name)")
        }
    }

    /// A file that drops a table and gives another one its name needs the switches; a mere new name doesn't.
    @Test func theListSaysWhichFilesBuildATableAnew() {
        for file in Migrations.all {
            let text = String(decoding: file.sql, as: UTF8.self)
            let named = text.matches(of: /RENAME TO (\w+)/).map { $0.output.1 }
            let isRebuilding = named.contains { text.contains("DROP TABLE \($0);") }
            #expect(file.isRebuilding == isRebuilding, "\(file.name)")
        }
        #expect(!Migrations.all.filter(\.isRebuilding).isEmpty)
    }

    @Test func indexesTriggersAndViewsComeBackAsTheyWere() throws {
        let scratch = try Self.scratch(migrations: 29, filledWith: "")
        let sql = """
            SELECT type, name, tbl_name, sql FROM sqlite_schema
            WHERE name NOT IN ('process_runs', 'lives', 'cluster_local') ORDER BY type, name
            """
        let before = try Self.rows(Database(path: scratch.path, mode: .read), sql)
        let rebuilt = try Self.scratch(migrations: 30, filledWith: "")
        let database = try Database(path: rebuilt.path, mode: .read)
        #expect(before.count > 100)
        #expect(try Self.rows(database, sql) == before)
        // Triggers of one event fire in the order in which the schema has them.
        let order = """
            SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'process_runs'
            ORDER BY rowid
            """
        let old = try Self.scratch(migrations: 29, filledWith: "")
        #expect(
            try Self.rows(Database(path: old.path, mode: .read), order)
                == Self.rows(database, order))
    }

    /// Somebody who took a row out by hand, with foreign keys off as `sqlite3` has them.
    @Test func aRowThatIsMissingAlreadyIsNoReasonToRefuse() throws {
        let scratch = try Self.scratch(
            migrations: 29,
            filledWith: Self.runs
                + "; PRAGMA foreign_keys = OFF; DELETE FROM process_runs WHERE run_key = 3")
        let ledger = try scratch.ledger()
        #expect(try ledger.database.integer("SELECT count(*) FROM process_runs") == 3)
        #expect(try ledger.database.integer("PRAGMA foreign_keys") == 1)
    }

    /// What a log of turns asks of the schema (docs/cluster.md): each row has a key, and no column is
    /// made of others.
    @Test func noTableHasAGeneratedColumnOrLacksAKey() throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        let odd = try Self.rows(
            ledger.database,
            """
            SELECT t.name FROM sqlite_schema AS t
            WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
                AND (EXISTS (SELECT 1 FROM pragma_table_xinfo(t.name) WHERE hidden > 0)
                    OR NOT EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE pk > 0))
            """)
        #expect(odd.isEmpty)
    }
}
