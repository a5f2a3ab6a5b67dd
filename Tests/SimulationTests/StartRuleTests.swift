import Engine
import Sandbox
import Simulation
import Store
import Testing
import Timetable

/// Rules 1 to 7 of docs/protocol.md: look, start, doubt and its settling.
@Suite struct StartRuleTests {
    @Test func rule1LooksThenStarts() throws {
        let theatre = try Theatre()
        theatre.world.sandbox.log.keepsEntries = true
        try theatre.world.boot()
        try theatre.run(untilMinute: 16)
        let operations = theatre.world.sandbox.log.entries.map(\.operation)
        let start = try #require(operations.firstIndex(of: "runProcess"))
        #expect(operations[..<start].contains("listProcesses"))
        let slot = try #require(try theatre.slots().first)
        #expect(!slot.reason.contains("no look was possible"))
        try theatre.check()
    }

    @Test func rule1WithoutAnyLookTheStartGoesOutAfterThePatienceAndSaysSo() throws {
        let theatre = try Theatre { scenario in
            scenario.faults = [
                FaultRule(.listing(.without(process: "p1")), operation: "listProcesses")
            ]
        }
        try theatre.world.boot()
        try theatre.run(untilMinute: 20)
        let slot = try #require(try theatre.slots().first)
        #expect(slot.disposition == .started)
        #expect(slot.reason.contains("no look was possible"))
        try theatre.check()
    }

    @Test func rule1ALookFromBeforeALongWaitIsNotTakenForPatience() throws {
        // Queued behind a run for half an hour: the start after it still looks first.
        let theatre = try Theatre(
            [Theatre.schedule { $0.overlap = .queue }], runMinutes: 40...40)
        theatre.world.sandbox.startByPerson(process: "p1", user: "person", at: Theatre.start)
        try theatre.world.boot()
        try theatre.run(untilMinute: 44)
        let slot = try #require(try theatre.slots().last)
        #expect(slot.disposition == .started)
        #expect(!slot.reason.contains("no look was possible"))
        try theatre.check()
    }

    @Test func rule2OneInDoubtPerProcessAndTheOthersWaitInTheirOrder() throws {
        let theatre = try Theatre([
            Theatre.schedule("a") { $0.overlap = .allow },
            Theatre.schedule("b") { $0.overlap = .allow },
        ])
        theatre.world.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 15, second: 20)
        #expect(try theatre.told("a") == "15 unknown")
        #expect(try theatre.told("b") == "15 pending")
        try theatre.run(untilMinute: 20)
        #expect(try theatre.told("a") == "15 started")
        #expect(try theatre.told("b") == "15 started")
        try theatre.check()
    }

    @Test func rule4ACertainRefusalFailsTheSlot() throws {
        let theatre = try Theatre()
        theatre.world.sandbox.inject(
            .next(.error(422, acts: false), operation: "runProcess"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 16)
        #expect(try theatre.told() == "15 failed")
        try theatre.check()
    }

    @Test(arguments: [
        Fault.lostAfter(), .error(500, acts: true), .error(408, acts: true),
        .foreign(502, acts: true), .foreign(503, acts: true), .foreign(504, acts: true),
        .slow(40_000), .answer(.garbage), .answer(.empty), .answer(.truncated),
        .answer(.withoutID), .answer(.cut),
    ])
    func rule4EverythingElseIsAmbiguousAndItsRunIsAdopted(fault: Fault) throws {
        let theatre = try Theatre(runMinutes: 10...10)
        theatre.world.sandbox.inject(.next(fault, operation: "runProcess"))
        try theatre.world.boot()
        // A slow one is given up after 35 s.
        try theatre.run(untilMinute: 15, second: fault.delayMilliseconds > 0 ? 40 : 20)
        #expect(try theatre.told() == "15 unknown")
        try theatre.run(untilMinute: 20)
        #expect(try theatre.told() == "15 started")
        #expect(theatre.world.sandbox.runs.count == 1)
        try theatre.check()
    }

    @Test func rule4A409AfterAnAmbiguousAttemptMayBeItsEcho() throws {
        let theatre = try Theatre([Theatre.schedule { $0.overlap = .allow }])
        theatre.world.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 16)
        theatre.world.sandbox.inject(.next(.error(409, acts: false), operation: "runProcess"))
        try theatre.run(untilMinute: 18)
        let slot = try #require(try theatre.slots().first)
        #expect(slot.disposition == .unknown)
        #expect(slot.attempts == 2)
    }

    @Test func rule5AnAttemptFoundOutAtTheStartIsInDoubt() throws {
        let theatre = try Theatre(runMinutes: 10...10) { $0.latencyMilliseconds = 5_000...5_000 }
        try theatre.world.boot()
        try theatre.world.run(until: Instant(seconds: 1_795_496_400 + 15 * 60 + 3))
        #expect(try theatre.told() == "15 starting")
        theatre.world.kill()
        try theatre.world.boot()
        try theatre.world.run(until: theatre.world.time.adding(milliseconds: 10))
        #expect(try theatre.told() == "15 unknown")
        try theatre.run(untilMinute: 20)
        #expect(try theatre.told() == "15 started")
        #expect(theatre.world.sandbox.runs.count == 1)
    }

    @Test func rule6ProvenAbsentIsSentAgain() throws {
        let theatre = try Theatre()
        theatre.world.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 17)
        #expect(try theatre.told() == "15 unknown")
        try theatre.run(untilMinute: 20)
        let slot = try #require(try theatre.slots().first)
        #expect(slot.disposition == .started)
        #expect(slot.attempts == 2)
        try theatre.check()
    }

    @Test func rule6ARunOfSomebodyElseHoldsTheSlotAndAPersonDecides() throws {
        let theatre = try Theatre([Theatre.schedule { $0.overlap = .allow }])
        try theatre.world.boot()
        // A first start teaches us our own user.
        try theatre.run(untilMinute: 29)
        theatre.world.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try theatre.world.run(until: Instant(seconds: 1_795_496_400 + 30 * 60 + 10))
        theatre.world.sandbox.startByPerson(
            process: "p1", user: "somebody", at: theatre.world.time)
        try theatre.run(untilMinute: 33)
        let held = try #require(try theatre.slots().last)
        #expect(held.disposition == .held)
        #expect(held.reason.contains("somebody"))
        theatre.world.command(.resolve(slotID: held.slotID, .start))
        try theatre.run(untilMinute: 35)
        #expect(try theatre.told() == "15 started, 30 started")
        try theatre.check()
    }

    @Test func rule6UnknownStartHoldNeverSendsAgain() throws {
        let theatre = try Theatre([Theatre.schedule { $0.unknownStart = .hold }])
        theatre.world.sandbox.inject(.next(.lostBefore, operation: "runProcess"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 20)
        #expect(try theatre.told() == "15 held")
        #expect(theatre.world.starts.count == 1)
    }

    @Test func rule6ASlotOfAScheduleThatIsGoneStillSettles() throws {
        let theatre = try Theatre(runMinutes: 10...10)
        theatre.world.sandbox.inject(.next(.lostAfter(), operation: "runProcess"))
        try theatre.world.boot()
        try theatre.run(untilMinute: 16)
        theatre.world.reload(Theatre.configuration([], hash: "2"))
        try theatre.run(untilMinute: 20)
        #expect(try theatre.told() == "15 started")
    }

    @Test func rule7ALateRunIsReportedAsAPossibleDuplicate() throws {
        let theatre = try Theatre([Theatre.schedule { $0.overlap = .allow }])
        try theatre.world.boot()
        try theatre.run(untilMinute: 29)
        theatre.world.sandbox.inject(
            .next(.lostAfter(actsAfterMilliseconds: 300_000), operation: "runProcess"))
        try theatre.run(untilMinute: 44)
        #expect(try theatre.alarms(.possibleDuplicate).count == 1)
    }

    @Test func rule6ARunFromAfterTheExposureIsNotOurs() throws {
        // The very first start: our user is not known yet. The daemon dies under it, and while it
        // is down a person starts the process too, whose run hides ours in the list.
        let theatre = try Theatre([Theatre.schedule { $0.overlap = .allow }])
        let world = theatre.world
        try world.boot()
        world.sandbox.inject(
            .next(.lostAfter(), operation: "runProcess"))
        try theatre.run(untilMinute: 15, second: 5)
        world.kill()
        theatre.rest(untilMinute: 25)
        world.sandbox.startByPerson(process: "p1", user: "person", at: world.time)
        try world.boot()
        try theatre.run(untilMinute: 29)
        let slot = try #require(try theatre.slots().first)
        #expect(slot.disposition == .held)
        #expect(slot.reason.contains("could still act"))
        try theatre.check()
    }

    @Test(arguments: [OverlapPolicy.queue, .skip, .allow])
    func aRunThatSurfacesBeforeTheSecondAttemptHoldsIt(overlap: OverlapPolicy) throws {
        // Taken for absent at 05:32:30; the second attempt meets a hint of two minutes, in which
        // the first one's run appears.
        let theatre = try Theatre([Theatre.schedule { $0.overlap = overlap }])
        try theatre.world.boot()
        try theatre.run(untilMinute: 29)
        theatre.world.sandbox.inject(
            .next(.lostAfter(actsAfterMilliseconds: 200_000), operation: "runProcess"))
        try theatre.run(untilMinute: 31)
        theatre.world.sandbox.inject(
            .next(
                .rateLimited(operation: "runProcess", seconds: 120, header: true),
                operation: "runProcess"))
        try theatre.run(untilMinute: 44)
        let slot = try #require(try theatre.slots().last)
        #expect(slot.attempts == 2)
        #expect(slot.disposition == .held)
        #expect(slot.reason.contains("which had been taken for absent"))
        #expect(theatre.world.sandbox.runs.count == 2)
        // A list showed the run before its slot was held for it: a possible duplicate until a person
        // gives it to the slot.
        let run = try #require(theatre.world.sandbox.runs.last).id
        #expect(try theatre.alarms(.possibleDuplicate) == ["p1 \(run)"])
        theatre.world.command(.resolve(slotID: slot.slotID, .run(id: run)))
        try theatre.run(untilMinute: 44, second: 1)
        #expect(theatre.world.replies.map(\.exitCode) == [0])
        #expect(try theatre.alarms(.possibleDuplicate) == [])
        #expect(try theatre.alarms(.undecided) == [])
    }
}
