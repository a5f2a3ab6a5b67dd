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
            birth.boot(at: Self.six, .due(.rule)),
            birth.after(at: Self.six, upstreamSlotID: 9, .due(.rule)),
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
                == .ended(.observed))
        for schedule in [run, observe] {
            #expect(
                SlotBirth.Fate.decidedAhead(Self.pause, schedule)
                    == .ended(.paused(Self.pause)))
        }
    }

    @Test func aSlotThatIsBornDecidedSaysWhy() {
        let up = SlotName(schedule: "load", slotAt: Self.six)
        let rows: [(EndReason, Disposition, String)] = [
            (.holiday("holiday: Easter"), .skipped, "holiday: Easter"),
            (.movedByHoliday("moved to Monday"), .coalesced, "moved to Monday"),
            (.upstreamFailed(up), .skipped, "load@2026-11-24T06:00:00Z did not succeed"),
            (
                .afterRuleOver(when: [up, up]), .expired,
                "\"within\" of its after rule was over when load@2026-11-24T06:00:00Z, "
                    + "load@2026-11-24T06:00:00Z had ended"
            ),
            (
                .tooLate(.windowOver, wasUp: .down(at: Self.six)), .missed,
                "the daemon was down at 2026-11-24T06:00:00Z, and its missed_window is over"
            ),
            (
                .tooLate(.skipsMissed, wasUp: .up), .expired,
                "too late although the daemon was up: missed = \"skip\""
            ),
            (
                .edited(whileDown: true), .missed,
                "the configuration was changed while the daemon was down"
            ),
            (
                .edited(whileDown: false), .missed,
                "the configuration was changed while its schedule could not run"
            ),
        ]
        for (reason, disposition, words) in rows {
            let slot = birth(schedule()).after(at: Self.six, upstreamSlotID: nil, .ended(reason))
            #expect(slot.disposition == disposition)
            #expect(slot.reason == words)
        }
        // One that has waited says what for, too.
        #expect(
            EndReason.tooLate(.skipsMissed, wasUp: .up).words(before: "due")
                == "too late although the daemon was up: missed = \"skip\"; before that: due")
        #expect(
            EndReason.paused(Self.pause).words(before: "due")
                == Self.pause.words + ", while it waited: due")
    }

    @Test func onlyASlotThatWaitsCarriesTheNoteOfItsInstant() {
        let note = "moved out of a gap"
        let occurrence = Occurrence(
            at: Self.six, utcOffsetSeconds: 0, decision: .run, note: note)
        let birth = birth(schedule())
        #expect(birth.rule(occurrence, .due(.rule)).reason == "due (\(note))")
        #expect(
            birth.rule(occurrence, .due(.caughtUp)).reason
                == "late, to be caught up (missed = \"all\") (\(note))")
        #expect(birth.rule(occurrence, .ended(.holiday("Easter"))).reason == "Easter")
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
