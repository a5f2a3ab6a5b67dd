import Engine
import ProcessesAPI
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Clocks that show whole seconds, apart by any fraction (docs/protocol.md, rules 6 and 12).
@Suite struct WholeSecondTests {
    /// What happens to the start of a process beside its lost answer.
    enum Trouble: Int, CaseIterable {
        case lostAnswer, lostRequestAndPersonBefore, lostRequestAndPersonAfter
        case lostAnswerAndPersonBefore, lostAnswerAndPersonAfter
    }

    static let processes = 40
    static let worlds = 26

    private static func theatre(_ dice: inout Dice) throws -> Theatre {
        let schedules = (0..<processes).map { number in
            Theatre.schedule("s\(number)", process: "q\(number)") {
                $0.overlap = .allow
                $0.spreadMilliseconds = 100_000
            }
        }
        var plan = World.Plan()
        plan.skewMilliseconds = dice.between(-5_000, 5_000)
        let phase = dice.between(0, 999)
        let latency = dice.between(0, 2_000)
        return try Theatre(schedules, plan: plan) { scenario in
            scenario.latencyMilliseconds = dice.between(0, latency)...latency
            scenario.clockPhaseMilliseconds = phase
            for number in 0..<processes {
                let job = SandboxJob(
                    .sendTask, title: "Job", durationMilliseconds: 60_000...90_000)
                scenario.processes.append(
                    SandboxProcess(id: "q\(number)", name: "Q\(number)", root: .job(job)))
            }
        }
    }

    private static func trouble(_ number: Int) -> Trouble {
        Trouble(rawValue: number % Trouble.allCases.count) ?? .lostAnswer
    }

    /// Presses Run for a person one second before or after the starts of the slots of 05:30.
    private static func play(_ theatre: Theatre) throws {
        let world = theatre.world
        try theatre.run(untilMinute: 30, second: 7)
        for number in 0..<processes {
            switch trouble(number) {
            case .lostAnswer, .lostAnswerAndPersonBefore, .lostAnswerAndPersonAfter:
                world.sandbox.inject(
                    .next(.lostAfter(), operation: "runProcess", process: "q\(number)"))
            case .lostRequestAndPersonBefore, .lostRequestAndPersonAfter:
                world.sandbox.inject(
                    .next(.lostBefore, operation: "runProcess", process: "q\(number)"))
            }
        }
        var presses: [(at: Instant, process: String)] = []
        for number in 0..<processes {
            let due = try #require(try theatre.slots("s\(number)").last).dueAt
                .adding(milliseconds: -world.skewMilliseconds)
            switch trouble(number) {
            case .lostAnswer: continue
            case .lostRequestAndPersonBefore, .lostAnswerAndPersonBefore:
                presses.append((due.adding(milliseconds: -1_000), "q\(number)"))
            case .lostRequestAndPersonAfter, .lostAnswerAndPersonAfter:
                presses.append((due.adding(milliseconds: 1_000), "q\(number)"))
            }
        }
        for press in presses.sorted(by: { $0.at < $1.at }) where press.at > world.time {
            try world.run(until: press.at)
            world.sandbox.startByPerson(process: press.process, user: "person", at: world.time)
        }
        try theatre.run(untilMinute: 37)
    }

    @Test(arguments: 0..<WholeSecondTests.worlds)
    func noLostRunIsHeldForItsClockAndNoOtherIsAdopted(seed: Int) throws {
        var dice = Dice(seed: UInt64(seed))
        let theatre = try Self.theatre(&dice)
        let world = theatre.world
        try world.boot()
        // Starts of 05:15 teach us our own user.
        try Self.play(theatre)
        let requests = Dictionary(
            world.starts.map { ($0.requestNumber, $0.slotID) },
            uniquingKeysWith: { first, _ in first })
        for number in 0..<Self.processes {
            let slot = try #require(try theatre.slots("s\(number)").last)
            let words = "seed \(seed), s\(number): \(slot.disposition) \(slot.reason)"
            let runID = try world.inspect { ledger in
                try slot.runKey.flatMap { try ledger.run($0)?.runID }
            }
            if let run = runID.flatMap(world.sandbox.run) {
                #expect(run.requestNumber.map { requests[$0] == slot.slotID } == true, "\(words)")
            }
            switch Self.trouble(number) {
            case .lostAnswer, .lostAnswerAndPersonBefore:
                #expect(slot.disposition == .started, "\(words)")
            case .lostAnswerAndPersonAfter, .lostRequestAndPersonBefore, .lostRequestAndPersonAfter:
                // Ours may be hidden behind the person's, or there is none: a person decides.
                #expect(slot.disposition == .held || slot.disposition == .started, "\(words)")
            }
        }
    }

    @Test(arguments: 0..<5)
    func theVeryFirstStartIsAdoptedThoughOurUserIsNotKnown(seed: Int) throws {
        var dice = Dice(seed: UInt64(1_000 + seed))
        let theatre = try Self.theatre(&dice)
        theatre.world.sandbox.inject(Self.onceEach(.lostAfter()))
        try theatre.world.boot()
        try theatre.run(untilMinute: 22)
        for number in 0..<Self.processes {
            let slot = try #require(try theatre.slots("s\(number)").first)
            #expect(slot.disposition == .started, "seed \(seed), s\(number): \(slot.reason)")
            #expect(slot.attempts == 1)
        }
    }

    private static func onceEach(_ fault: Fault) -> FaultRule {
        var rule = FaultRule(fault, operation: "runProcess")
        rule.times = processes
        return rule
    }

    @Test(arguments: [true, false])
    func aListOutOfACacheProvesNothing(tellsAge: Bool) throws {
        let theatre = try Theatre(runMinutes: 20...20)
        theatre.world.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 15, second: 5)
        // What it has kept is from before the start.
        theatre.world.sandbox.inject(
            FaultRule(
                .listing(.cached(ageMilliseconds: 1_200_000, tellsAge: tellsAge)),
                operation: "listProcesses"))
        try theatre.run(untilMinute: 25)
        #expect(theatre.world.sandbox.runs.count == 1)
        #expect(try theatre.told() == "15 unknown")
        #expect(try theatre.alarms(.cachedAnswers) == ["prod"])
        theatre.world.sandbox.removeFaults()
        try theatre.run(untilMinute: 29)
        #expect(try theatre.told() == "15 started")
        #expect(try theatre.alarms(.cachedAnswers) == [])
        #expect(theatre.world.sandbox.runs.count == 1)
        try theatre.check()
    }
}
