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
}
