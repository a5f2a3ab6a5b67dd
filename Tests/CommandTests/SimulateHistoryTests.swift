import ConfigFixtures
import Foundation
import Simulation
import Store
import Testing
import Timetable

/// `simulate` with durations of a real ledger, and its page.
@Suite(.timeLimit(.minutes(30))) struct SimulateHistoryTests {
    private static let schedule = """
        cron = "0 16 * * *"
        finish_by = "18:00"
        """

    /// A ledger with runs of the schedule `one` that took so many minutes each, in November 2026.
    private static func ledger(minutes: [Int64], in folder: URL) throws -> String {
        let path = folder.appendingPathComponent("history.db").path
        let now = Instant(seconds: 1_795_496_400)
        let ledger = try Ledger(path: path, pid: nil, now: now, durability: .simulated)
        try ledger.transaction {
            try ledger.upsertConnection(
                name: "prod", baseURL: "https://api.example.com", apiVersion: "1")
            for (index, minutes) in minutes.enumerated() {
                let created = now.adding(milliseconds: Int64(index) * 3_600_000)
                var facts = RunFacts(runID: "r\(index)", processID: "p", status: "running")
                facts.createdAt = created
                let key = try ledger.insertRun(
                    facts, baseURL: "https://api.example.com", connection: "prod",
                    schedule: "one", slotID: nil, origin: .rule, pollGapMilliseconds: 30_000,
                    nextPollAt: created, now: created)
                guard let row = try ledger.run(key) else { continue }
                facts.status = "complete"
                facts.completedAt = created.adding(milliseconds: minutes * 60_000)
                try ledger.apply(
                    facts, to: row, outcome: .succeeded, outcomeReason: nil, now: created)
            }
        }
        return path
    }

    private func simulate(
        minutes: [Int64], _ arguments: String...
    ) async throws -> (status: Int32, output: String, errors: String, page: String) {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("s-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = try Self.ledger(minutes: minutes, in: folder)
        let page = folder.appendingPathComponent("page.html").path
        let host = MemoryHost(["/c/carillon.toml": config(schedule: Self.schedule)])
        let run = await carillon(
            arguments: [
                "simulate", "--config", "/c/carillon.toml", "--from", "2026-12-01T00:00", "--to",
                "2026-12-06T00:00", "--database", path, "--page", page,
            ] + arguments, host: host)
        return (
            run.status, run.output, run.errors,
            (try? String(contentsOfFile: page, encoding: .utf8)) ?? ""
        )
    }

    @Test func runsThatTookAnHourMeetTheDeadline() async throws {
        let run = try await simulate(
            minutes: [60, 61, 62], "--runs-as", "2026-11-01T00:00/2026-12-01T00:00")
        #expect(run.status == 0, "said: \(run.errors)")
        #expect(run.output.contains("Runs took as long as 3 runs of 1 schedule did from"))
        #expect(run.output.contains("FINISH BY  MET  MISSED  LATER  WORST"))
        #expect(run.page.contains("one met its finish_by 5 times."))
        #expect(run.page.components(separatedBy: "<rect class=\"good\"").count == 6)
        #expect(!run.page.contains("class=\"bad\""))
    }

    @Test func runsThatTookThreeHoursMissIt() async throws {
        let run = try await simulate(
            minutes: [180], "--runs-as", "2026-11-01T00:00/2026-12-01T00:00")
        #expect(run.status == 0, "said: \(run.errors)")
        #expect(
            run.output.contains("one of 2026-12-01T16:00:00-05:00 finished at 2026-12-01T19:00"))
        #expect(run.page.contains("one missed its finish_by 5 times of 5, at worst by 1 h"))
        #expect(run.page.components(separatedBy: "<rect class=\"bad\"").count == 6)
    }

    /// What is left out is said, and nothing is said where all are kept.
    @Test(arguments: [(3, true), (5, false)])
    func whatIsNotDrawnIsSaid(kept: Int, isSaid: Bool) throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("s-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let host = MemoryHost(["/c/carillon.toml": config(schedule: Self.schedule)])
        var simulation = ConfigSimulation(
            loaded: try load(config(schedule: Self.schedule)), host: host,
            from: Instant(seconds: 1_796_101_200), to: Instant(seconds: 1_796_533_200),
            runMilliseconds: 3_600_000)
        simulation.keepsSlots = true
        simulation.slotsMax = kept
        let outcome = try simulation.run(in: folder.path)
        #expect(outcome.slots.count == min(kept, 5))
        let words =
            "Only the first 3 of 5 slots, those up to 2026-12-03T21:00:00Z, are drawn and judged by "
            + "their finish_by: simulate a shorter time."
        #expect(outcome.slotsLeftOut == (isSaid ? words : nil))
    }

    @Test func aTimeWithoutRunsIsRefusedAndSoIsWhatIsNoTime() async throws {
        let none = try await simulate(
            minutes: [60], "--runs-as", "2026-10-01T00:00/2026-11-01T00:00")
        #expect(none.status == 3)
        #expect(none.errors.contains("no run of these schedules succeeded; take a longer time"))
        let odd = try await simulate(minutes: [60], "--runs-as", "last month")
        #expect(odd.status == 2)
        #expect(
            odd.errors.contains(
                "--runs-as last month: write FROM/TO, or how long it reaches back: 31d"))
        for text in ["31x", "-31d", "0d", "31"] {
            let odd = try await simulate(minutes: [60], "--runs-as=\(text)")
            #expect(odd.status == 2 && odd.errors.contains("or how long it reaches back: 31d"))
        }
        let alone = try await simulate(minutes: [60])
        #expect(alone.status == 2)
        #expect(alone.errors.contains("write --runs-as too"))
    }

    @Test func deadlinesAreJudgedByTheRunsAndTheEnd() {
        let at = Instant(seconds: 1_795_500_000)
        func slot(
            _ disposition: Disposition, completed: Int64?, finishBy: Int64
        ) -> SimulatedSlot {
            var slot = SimulatedSlot(
                schedule: "s", slotAt: at, disposition: disposition, reason: "")
            slot.completedAt = completed.map { at.adding(milliseconds: $0) }
            slot.finishBy = at.adding(milliseconds: finishBy)
            return slot
        }
        let slots = [
            slot(.started, completed: 10, finishBy: 10),
            slot(.started, completed: 12, finishBy: 10),
            slot(.started, completed: nil, finishBy: 99),
            slot(.started, completed: nil, finishBy: 101),
            slot(.missed, completed: nil, finishBy: 50),
            slot(.skipped, completed: nil, finishBy: 50),
        ]
        let sums = SimulatedDeadlines.judge(slots, end: at.adding(milliseconds: 100))
        #expect(sums.map(\.met) == [1])
        #expect(sums.first?.missed == [slots[1], slots[2], slots[4]])
        #expect(sums.first?.open == 1)
        #expect(sums.first?.worstMilliseconds == 50)
    }
}
