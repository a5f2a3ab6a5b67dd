import Cluster
import Engine
import Migrations
import Store
import Synchronization
import Testing
import Timetable

/// Nodes of two versions, of which the newer one knows a migration more (docs/cluster.md, R12).
@Suite("A log whose schema changes", .timeLimit(.minutes(5)))
struct NodeSchemaTests {
    private static func newer(_ sql: String = "CREATE TABLE later (a INTEGER PRIMARY KEY) STRICT")
        -> SchemaFiles
    {
        SchemaFiles(
            Migrations.all + [Migrations.File(name: "9001_later", sql: Array(sql.utf8))])
    }

    private func hasTable(_ story: NodeStory) throws -> Bool {
        try story.ledger().database.integer(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'later'") == 1
    }

    /// A story whose node stops with its first turn.
    private func story(_ files: SchemaFiles) throws -> NodeStory {
        let story = try NodeStory()
        try story.place()
        story.schemaFiles = files
        story.log.script = { [inbox = story.inbox] _, request in
            if case .append(let entry, _) = request, entry.kind == .turn { inbox.post(.stop) }
            return nil
        }
        return story
    }

    /// A member's ledger is left as it is when it is opened, also by a newer binary, and whoever only
    /// reads is told why.
    @Test func openingAMemberDoesNotMigrateIt() throws {
        let story = try story(Self.newer())
        #expect(try !hasTable(story))
        #expect(try story.ledger().migrationCount() == NodeStory.schema)
        let database = try Database(path: story.path, mode: .read)
        let error = #expect(throws: StoreError.self) {
            try Migrator.check(database, against: Self.newer())
        }
        #expect(error?.advice.contains("follows a leader of an older version") == true)
    }

    /// The migration opens the term; a follower of the same version makes it, too, and has the same rows.
    @Test func aLeaderMigratesByTheLog() async throws {
        let leader = try story(Self.newer())
        try await leader.run()
        #expect(try hasTable(leader) && leader.isLevel())
        let entries = leader.log.model.entries
        #expect(entries.map(\.kind).prefix(2) == [.migration, .turn])
        #expect(Set(entries.map(\.schema)) == [NodeStory.schema + 1])
        // The other one reads all of it, from a lease that somebody else holds.
        let follower = try story(Self.newer())
        follower.log.seize()
        for entry in entries { follower.log.append(entry.body, entry.kind, schema: entry.schema) }
        let reads = Mutex(0)
        follower.log.script = { [inbox = follower.inbox] _, request in
            guard case .read = request else { return nil }
            let count = reads.withLock { reads in
                reads += 1
                return reads
            }
            if count == 4 { inbox.post(.stop) }
            return nil
        }
        try await follower.run()
        #expect(try hasTable(follower) && follower.isLevel())
        let (led, followed) = (
            try leader.ledger().rowsOfAllTables(), try follower.ledger().rowsOfAllTables()
        )
        for table in led.keys.sorted() { #expect(followed[table] == led[table], "\(table)") }
        let rows = try #require(led["schema_migrations"])
        #expect(rows.count == NodeStory.schema + 1)
    }

    /// An older binary takes what comes before the migration, stops there, and says what is to be done.
    @Test func anOlderBinaryStopsThere() async throws {
        let leader = try story(.own)
        try await leader.run()
        let turns = leader.log.model.entries
        let story = try story(.own)
        story.log.seize()
        for entry in turns { story.log.append(entry.body) }
        story.log.append(
            Array("9001_later abc 1".utf8), .migration, schema: NodeStory.schema + 1)
        story.log.script = { [inbox = story.inbox, clock = story.clock] _, _ in
            if clock.now().monotonicMilliseconds > 20_000 { inbox.post(.stop) }
            return nil
        }
        try await story.run()
        let seq = Int64(turns.count)
        let apart = story.seat.standing?.apart
        #expect(
            apart
                == .otherSchema(
                    seq: seq + 1, own: NodeStory.schema, log: NodeStory.schema + 1))
        #expect(apart?.words.contains("install that version on this host") == true)
        #expect(try story.ledger().logPlace()?.seq == seq)
        #expect(story.log.model.lease.term == 1)
    }

    /// A newer follower waits at the old schema for as long as an older leader lives.
    @Test func aNewerFollowerWaits() async throws {
        let leader = try story(.own)
        try await leader.run()
        let story = try story(Self.newer())
        story.log.seize()
        for entry in leader.log.model.entries { story.log.append(entry.body) }
        let reads = Mutex(0)
        story.log.script = { [inbox = story.inbox] log, request in
            guard case .read = request else { return nil }
            // It lives.
            let lease = log.model.lease
            _ = log.model.perform(
                .renew(Tenure(epoch: "e", term: lease.term, holder: otherNode)))
            let count = reads.withLock { reads in
                reads += 1
                return reads
            }
            if count == 100 { inbox.post(.stop) }
            return nil
        }
        try await story.run()
        #expect(try !hasTable(story) && story.isLevel())
        #expect(story.seat.standing?.role == .follower)
    }

    /// A migration of the same name from another version is not made.
    @Test func anotherMigrationOfThatNameSetsApart() async throws {
        let story = try story(Self.newer())
        story.log.seize()
        story.log.append(
            Array("9001_later abc 1".utf8), .migration, schema: NodeStory.schema + 1)
        story.log.script = { [inbox = story.inbox, clock = story.clock] _, _ in
            if clock.now().monotonicMilliseconds > 20_000 { inbox.post(.stop) }
            return nil
        }
        try await story.run()
        guard case .conflict(seq: 1, let words)? = story.seat.standing?.apart else {
            Issue.record("\(String(describing: story.seat.standing))")
            return
        }
        #expect(words == "its migration 9001_later differs from this version's")
        #expect(try !hasTable(story))
    }

    /// R1: refused by the log, the migration never was; the next term makes it.
    @Test func aRefusedMigrationIsUndone() async throws {
        let story = try story(Self.newer())
        let seized = Mutex(false)
        story.log.script = { [inbox = story.inbox] log, request in
            guard case .append(let entry, _) = request else { return nil }
            if entry.kind == .turn { inbox.post(.stop) }
            if seized.withLock({ $0 }) { return nil }
            seized.withLock { $0 = true }
            log.seize()
            return nil
        }
        try await story.run()
        #expect(try hasTable(story) && story.isLevel())
        #expect(story.log.model.entries.first?.term == 3)
        #expect(story.log.model.entries.map(\.kind).filter { $0 == .migration }.count == 1)
    }

    /// R1: in the log, and not in the ledger, whose COMMIT failed: it is read from the log.
    @Test func aMigrationWhoseCommitFailsIsReadFromTheLog() async throws {
        let story = try story(Self.newer())
        let state = Mutex((fails: false, failed: false))
        story.willStep.withLock { step in
            step = { sql in
                let fails = state.withLock { state in
                    guard state.fails, sql == "COMMIT" else { return false }
                    state = (false, true)
                    return true
                }
                guard fails else { return }
                throw StoreError(
                    kind: .full, attempted: "migrate", path: "ledger", cause: "no space left",
                    advice: "")
            }
        }
        story.log.script = { [inbox = story.inbox] log, request in
            guard case .append(let entry, _) = request else { return nil }
            if entry.kind == .turn { inbox.post(.stop) } else { state.withLock { $0.fails = true } }
            return nil
        }
        try await story.run()
        let hasFailed = state.withLock { $0.failed }
        #expect(hasFailed)
        #expect(try hasTable(story) && story.isLevel())
        let entries = story.log.model.entries
        #expect(entries.map(\.kind).prefix(2) == [.migration, .turn])
        #expect(entries.map(\.term).prefix(2) == [1, 2])
    }

    /// A migration that can't be made leaves all as it was, and the lease to another one.
    @Test func aMigrationThatFailsIsNotInTheLog() async throws {
        let story = try story(Self.newer("CREATE TABLE slots (a INTEGER PRIMARY KEY) STRICT"))
        await #expect(throws: StoreError.self) { try await story.run() }
        #expect(story.log.model.entries.isEmpty)
        #expect(try story.ledger().migrationCount() == NodeStory.schema)
    }
}
