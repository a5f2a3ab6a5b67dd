import Engine
import Store
import Testing
import Timetable

/// How slots of all four kinds are born.
@Suite struct SlotBirthTests {
    static let six = Instant(seconds: 1_795_500_000)
    static let pause = PauseRow(
        pauseID: 1, schedule: nil, isSkip: false, from: six, until: nil, reason: "",
        requestedBy: "ann")

    private func schedule(
        _ process: ProcessReference = .id("p"), mode: ScheduleMode = .run
    ) -> Schedule {
        var schedule = Schedule(
            name: "s", process: process, connection: "prod", trigger: .manual, ruleText: "",
            zone: Zone(fixedOffsetSeconds: 3600, name: "Test/One"))
        schedule.mode = mode
        return schedule
    }

    private func birth(_ schedule: Schedule) -> SlotBirth {
        SlotBirth(
            schedule,
            row: ScheduleRow(
                schedule: "s", state: .active, connection: "prod", baseURL: "u", process: "p",
                rule: "", ruleSource: "", timezone: "UTC", mode: .run, description: "",
                tags: "[]", firingKey: "", revisionID: 3, effectiveAt: Self.six))
    }

    @Test func allKindsBelongToTheSamePlace() {
        let birth = birth(schedule(.name(pattern: "Close {yyyy}")))
        let slots = [
            birth.boot(at: Self.six, .due("due")),
            birth.after(at: Self.six, upstreamSlotID: 9, .due("due")),
            birth.manual(
                at: Self.six, requestedBy: "ann", uuid: "u", force: true, reason: "late entries"),
        ]
        #expect(slots.map(\.kind) == [.boot, .after, .manual])
        for slot in slots {
            #expect(slot.disposition == .pending)
            #expect(slot.dueAt == Self.six)
            #expect(slot.utcOffsetSeconds == 3600)
            #expect(slot.processPattern == "Close {yyyy}")
            #expect(slot.processID == "")
            #expect(slot.revisionID == 3)
            #expect(slot.baseURL == "u")
        }
        #expect(slots[1].upstreamSlotID == 9)
        #expect(slots[2].reason == "triggered by ann: late entries")
        #expect(slots[2].forced && slots[2].triggerUUID == "u")
    }

    @Test func aPauseGoesBeforeTheMode() {
        let run = schedule()
        let observe = schedule(mode: .observe)
        #expect(SlotBirth.Fate.decidedAhead(nil, run) == nil)
        #expect(
            SlotBirth.Fate.decidedAhead(nil, observe)
                == .ended(.skipped, "observe mode: it would have been started"))
        for schedule in [run, observe] {
            #expect(
                SlotBirth.Fate.decidedAhead(Self.pause, schedule)
                    == .ended(.skipped, Self.pause.words))
        }
    }

    @Test func aProcessReferenceSurvivesTheLedger() {
        for reference in [ProcessReference.id("p1"), .name(pattern: "name: {MM}"), .id("name")] {
            #expect(ProcessReference(stored: reference.stored) == reference)
        }
    }

    @Test func aBaselineSurvivesTheLedger() {
        for baseline in [Baseline.run("r1"), .noRun, .notKnown] {
            #expect(Baseline(stored: baseline.stored) == baseline)
        }
    }
}
