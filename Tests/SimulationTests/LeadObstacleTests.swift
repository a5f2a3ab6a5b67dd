import Cluster
import Engine
import Store
import Testing
import Timetable

/// R6: what keeps a node from leading, though nobody else does.
@Suite("A node that may not lead", .timeLimit(.minutes(5)))
struct LeadObstacleTests {
    private func obstacle(
        _ prepare: (NodeStory) throws -> Void, stopAt milliseconds: Int64 = 20_000
    ) async throws -> (obstacle: LeadObstacle?, asked: [LogRequest]) {
        let story = try NodeStory()
        try story.place()
        try prepare(story)
        let script = story.log.script
        story.log.script = { [inbox = story.inbox, clock = story.clock] log, request in
            if clock.now().monotonicMilliseconds > milliseconds { inbox.post(.stop) }
            return script(log, request)
        }
        try await story.run()
        return (story.seat.standing?.obstacle, story.log.asked)
    }

    private func takes(_ asked: [LogRequest]) -> Int {
        asked.count { if case .take = $0 { true } else { false } }
    }

    @Test func otherFilesThanTheLeaders() async throws {
        let (obstacle, asked) = try await obstacle { story in
            let ledger = try story.ledger()
            try ledger.transaction {
                _ = try ledger.insertRevision(
                    contentHash: "2", isReload: false, summary: "", now: nodeStart)
            }
        }
        #expect(obstacle == .otherPlan(own: "1", leading: "2"))
        #expect(takes(asked) == 0)
    }

    @Test(arguments: [Int64(-2_001), 2_001])
    func aClockThatIsWrong(milliseconds: Int64) async throws {
        let (obstacle, asked) = try await obstacle { story in
            story.log.script = { [clock = story.clock] log, _ in
                log.model.now = clock.now().wall.adding(milliseconds: -milliseconds)
                return nil
            }
        }
        #expect(obstacle == .clock(milliseconds: milliseconds))
        #expect(takes(asked) == 0)
    }

    @Test func aClockThatIsRightEnough() async throws {
        let (obstacle, asked) = try await obstacle { story in
            story.log.script = { [clock = story.clock] log, _ in
                log.model.now = clock.now().wall.adding(milliseconds: 2_000)
                return nil
            }
        }
        #expect(obstacle == nil && takes(asked) == 1)
    }

    /// The other one leads and lives: what would be in the way is known before it dies, and is over when
    /// the files are the same.
    @Test func itIsToldWhileAnotherLeads() async throws {
        let story = try NodeStory()
        try story.place()
        let ledger = try story.ledger()
        try ledger.transaction {
            _ = try ledger.insertRevision(
                contentHash: "2", isReload: false, summary: "", now: nodeStart)
        }
        story.log.seize()
        var seen: [LeadObstacle?] = []
        story.log.script = { [inbox = story.inbox, seat = story.seat] log, request in
            guard case .read = request else { return nil }
            log.beat()
            seen.append(seat.standing?.obstacle)
            if seen.count == 3 {
                inbox.post(
                    .configuration(
                        EngineConfiguration(contentHash: "2", connections: [:], schedules: []),
                        commandID: nil))
            }
            if seen.count == 5 { inbox.post(.stop) }
            return nil
        }
        try await story.run()
        let differs = LeadObstacle.otherPlan(own: "1", leading: "2")
        #expect(seen == [nil, differs, differs, differs, nil])
        #expect(takes(story.log.asked) == 0)
        #expect(story.seat.standing?.obstacle == nil)
    }

    /// A clock that goes wrong under the same files is noticed, too, within half a minute.
    @Test func whatChangesWithoutFilesIsToldWhileAnotherLeads() async throws {
        let story = try NodeStory()
        try story.place()
        story.log.seize()
        var told: Int64?
        story.log.script = { [inbox = story.inbox, seat = story.seat, clock = story.clock] log, _ in
            log.beat()
            let now = clock.now()
            if now.monotonicMilliseconds >= 10_000 {
                log.model.now = now.wall.adding(milliseconds: 3_000)
            }
            if seat.standing?.obstacle == .clock(milliseconds: -3_000), told == nil {
                told = now.monotonicMilliseconds
            }
            if told != nil || now.monotonicMilliseconds > 60_000 { inbox.post(.stop) }
            return nil
        }
        try await story.run()
        #expect((10_000...41_000).contains(try #require(told)))
        #expect(takes(story.log.asked) == 0)
    }
}
