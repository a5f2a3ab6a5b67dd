import ProcessesAPI
import Sandbox
import Testing
import Timetable

@Suite struct DeterminismTests {
    /// A story with chance in it, as the bytes that a client saw.
    private func story(seed: UInt64) throws -> [UInt8] {
        var world = Scenario.sample
        var losses = FaultRule(.lostAfter(actsAfterMilliseconds: 3_000), operation: "runProcess")
        losses.probability = 0.3
        world.faults = [losses]
        var client = try loggedIn(world, seed: seed, version: stable)
        var bytes: [UInt8] = []
        for round in 0..<40 {
            if round % 8 == 0 { try client.logIn() }
            let process = world.processes[round % world.processes.count].id
            let start = client.exchange("POST", "/processes/\(process)/run")
            bytes += start.response?.body ?? [0]
            bytes.append(UInt8(truncatingIfNeeded: start.afterMilliseconds))
            client.pass(37_123)
            bytes += try client.answer("GET", "/processes").body
            if let run = client.state.runs.last {
                bytes += try client.answer("GET", "/processRuns/\(run.id)").body
            }
        }
        return bytes
    }

    @Test func theSameSeedGivesTheSameBytes() throws {
        let first = try story(seed: 11)
        #expect(try story(seed: 11) == first)
        #expect(try story(seed: 12) != first)
    }

    @Test func oneMoreRunElsewhereChangesNoOtherRun() throws {
        var one = try loggedIn(.sample)
        var two = try loggedIn(.sample)
        let close = Scenario.sample.processes[0].id
        let other = Scenario.sample.processes[1].id
        _ = try two.start(other)
        let first = try one.start(close)
        let second = try two.start(close)
        one.pass(4 * minute)
        two.pass(4 * minute)
        #expect(
            one.state.run(first)?.jobCounts(at: one.now)
                == two.state.run(second)?.jobCounts(at: two.now))
    }

    @Test func lookingChangesNothing() throws {
        var one = try loggedIn(.sample)
        var two = one
        let close = Scenario.sample.processes[0].id
        let id = try one.start(close)
        _ = try two.start(close)
        for _ in 0..<20 {
            one.pass(minute)
            two.pass(minute)
            _ = one.state.run(id)?.status(at: one.now)
        }
        try one.logIn()
        try two.logIn()
        #expect(
            try one.answer("GET", "/processRuns/\(id)").body
                == (try two.answer("GET", "/processRuns/\(id)").body))
    }

    @Test func theSampleRunsToItsEnd() throws {
        var client = try loggedIn(.sample)
        for process in client.state.scenario.processes { _ = try client.start(process.id) }
        client.pass(24 * 60 * minute)
        let statuses = client.state.runs.map { $0.status(at: client.now) }
        #expect(statuses.count == 5)
        #expect(statuses.allSatisfy { !$0.isOpen })
    }
}
