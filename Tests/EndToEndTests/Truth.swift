import Foundation
import Testing

/// What must hold after any fault: the ledger, the rules and the world tell the same story.
struct Truth {
    let site: Site
    let world: World
    /// Every schedule with the seconds between its slots.
    let periods: [String: Int]
    /// Where the ledger can be seen, if not from here.
    var place: Place?

    /// What the ledger says in numbers, for the line that a test prints.
    struct Figures: CustomStringConvertible {
        var slots = 0
        var runs = 0
        var adopted = 0
        var held = 0
        var heldReasons = ""
        var description: String {
            "\(slots) slots, \(runs) runs, \(adopted) adopted after a lost answer, \(held) held"
                + (heldReasons.isEmpty ? "" : " (\(heldReasons))")
        }
    }

    /// Whether each slot up to an instant (Unix milliseconds) has found its end, or waits for a person.
    func isSettled(upTo instant: Int64) async throws -> Bool {
        guard try await isEnumerated(upTo: instant) else { return false }
        return try await ask(
            "SELECT count(*) = 0 FROM slots WHERE slot_at <= \(instant) "
                + "AND disposition IN ('pending', 'starting', 'unknown')") == "1"
    }

    /// Whether each slot up to an instant is there.
    private func isEnumerated(upTo instant: Int64) async throws -> Bool {
        for (schedule, seconds) in periods {
            let last = try await ask(
                "SELECT max(slot_at) FROM slots WHERE schedule = '\(schedule)' AND kind = 'rule'")
            guard let last = Int64(last), last + Int64(seconds) * 1000 > instant else {
                return false
            }
        }
        return true
    }

    /// Stops the daemon once it has created the slots of this moment: one that becomes due while it
    /// stops is left to its next life.
    ///
    /// - Parameters:
    ///   - life: The daemon.
    ///   - now: This moment by the daemon's clock.
    ///   - sourceLocation: Where a failure is told.
    /// - Returns: How it ended, and up to when slots must be there.
    /// - Throws: What keeps us from asking the ledger.
    func stop(
        _ life: Life, now: Int64 = Truth.now, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> (outcome: Outcome, stoppedAt: Int64) {
        let isThere = try await life.turns { try await isEnumerated(upTo: now) }
        #expect(isThere, "said: \(life.log)", sourceLocation: sourceLocation)
        return (await life.stop(), now)
    }

    /// Asserts all of it up to an instant: one run per slot or `held`, no slot lost, history readable.
    @discardableResult
    func expect(
        upTo instant: Int64, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Figures {
        let integrity = try await ask("PRAGMA integrity_check; PRAGMA foreign_key_check")
        #expect(integrity == "ok", sourceLocation: sourceLocation)
        for (schedule, seconds) in periods.sorted(by: { $0.key < $1.key }) {
            try await expectEnumeration(of: schedule, seconds, upTo: instant, sourceLocation)
        }
        try await expectOneRunEach(sourceLocation)
        let row = try await ask(
            "SELECT (SELECT count(*) FROM history), (SELECT count(*) FROM runs), "
                + "(SELECT count(*) FROM runs WHERE origin = 'adopted'), "
                + "(SELECT count(*) FROM history WHERE disposition = 'held')")
        let numbers = row.split(separator: "|").map { Int($0) ?? -1 }
        guard numbers.count == 4 else {
            Issue.record("history can't be read: \(row)", sourceLocation: sourceLocation)
            return Figures()
        }
        let reasons = try await ask(
            "SELECT group_concat(DISTINCT reason) FROM history WHERE disposition = 'held'")
        return Figures(
            slots: numbers[0], runs: numbers[1], adopted: numbers[2], held: numbers[3],
            heldReasons: reasons)
    }

    /// I2: from the schedule's beginning to its last slot each multiple of its period is there once.
    private func expectEnumeration(
        of schedule: String, _ seconds: Int, upTo instant: Int64, _ sourceLocation: SourceLocation
    ) async throws {
        let period = Int64(seconds) * 1000
        let row = try await ask(
            "SELECT min(s.slot_at), max(s.slot_at), count(*), "
                + "(SELECT min(r.effective_at) FROM schedule_revisions AS r "
                + "WHERE r.schedule = s.schedule) "
                + "FROM slots AS s WHERE s.schedule = '\(schedule)' AND s.kind = 'rule'")
        let numbers = row.split(separator: "|").compactMap { Int64($0) }
        guard numbers.count == 4 else {
            Issue.record("no slots of \(schedule): \(row)", sourceLocation: sourceLocation)
            return
        }
        let (first, last, count, effective) = (numbers[0], numbers[1], numbers[2], numbers[3])
        #expect(first == (effective / period + 1) * period, sourceLocation: sourceLocation)
        #expect(last % period == 0, sourceLocation: sourceLocation)
        #expect(
            count == (last - first) / period + 1, "slots of \(schedule) are lost",
            sourceLocation: sourceLocation)
        #expect(
            last + period > instant, "the last slots of \(schedule) are lost",
            sourceLocation: sourceLocation)
    }

    /// I1: each run of the world is one slot's, unless that slot is held.
    private func expectOneRunEach(_ sourceLocation: SourceLocation) async throws {
        // UNIQUE (slot_id) lets a slot have one run only: a second one would be nobody's.
        let known = Set(
            try await ask("SELECT run_id FROM runs WHERE slot_id IS NOT NULL")
                .split(separator: "\n").map(String.init))
        let book = world.book
        let strangers = book.filter { !known.contains($0.key) }
        for process in Set(strangers.values) {
            let mine = strangers.filter { $0.value == process }.keys.sorted()
            let held = try await ask(
                "SELECT count(*) FROM history WHERE disposition = 'held' "
                    + "AND process_id = '\(process)'")
            guard mine.count > Int(held) ?? 0 else { continue }
            let attempts = try await ask(
                "SELECT s.schedule, s.slot_at, p.* FROM attempts AS p "
                    + "JOIN slots AS s USING (slot_id) WHERE p.process_id = '\(process)'")
            Issue.record(
                "runs that belong to no slot: \(world.story(of: mine)), of these attempts:\n\(attempts)",
                sourceLocation: sourceLocation)
        }
        #expect(
            known.subtracting(book.keys).isEmpty, "runs that the world does not know",
            sourceLocation: sourceLocation)
        let suspects = try await ask(
            "SELECT group_concat(subject) FROM attention WHERE kind LIKE '%duplicate%'")
        #expect(suspects == "", sourceLocation: sourceLocation)
    }

    private func ask(_ sql: String) async throws -> String {
        try await site.ask(sql, from: place)
    }

    /// Now, in Unix milliseconds.
    static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}

/// Repeatable chance, whose seed is printed with the test's line.
struct Chance: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    /// Takes the seed from `CARILLON_FAULT_SEED`, or a new one.
    init() {
        let given = ProcessInfo.processInfo.environment["CARILLON_FAULT_SEED"]
        seed = given.flatMap { UInt64($0) } ?? UInt64.random(in: 1...999_999)
        state = seed
    }

    // SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
