import Engine
import Store
import Timetable

/// The rows of looks, overlap, validation and ramp.
extension StartDecisionTests {
    // MARK: Looks

    static let looks = [
        Row("no look yet", .wait(.look, until: at(0, 15))) { $0.look = nil },
        Row("no look for a minute and a half", .wait(.look, until: at(0, 45))) {
            $0.look = nil
            $0.now = at(0, 30)
            $0.slot.lookWantedSince = at(0, -60)
        },
        Row("the patience ends before the next try", .wait(.look, until: at(0, 5))) {
            $0.look = nil
            $0.slot.lookWantedSince = at(0, -115)
        },
        Row("no look in all of look_patience", .start(.notKnown)) {
            $0.look = nil
            $0.slot.lookWantedSince = at(0, -120)
        },
        Row("a guard of the negative tests", .start(.notKnown)) {
            $0.look = nil
            $0.looksBeforeStart = false
        },
        Row(
            "no look after a down time, and on time: it waits on",
            .wait(.lookAfterDownTime, until: at(5, 15))
        ) {
            $0.look = nil
            $0.now = at(5)
            $0.downUntil = at(1)
            $0.slot.lookWantedSince = at(1)
        },
        Row("no look after a down time, and late", .hold(.noLookAfterDownTime)) {
            $0.look = nil
            $0.now = at(46)
            $0.downUntil = at(1)
            $0.slot.lookWantedSince = at(1)
        },
        Row("no look after a down time, but a person has decided", .start(.notKnown)) {
            $0.look = nil
            $0.now = at(5)
            $0.downUntil = at(1)
            $0.slot.lookWantedSince = at(1)
            $0.slot.forced = true
        },
        Row("a run of ours after a down time, on time", .hold(.unclaimed(runID: "r"))) {
            $0.now = at(5)
            $0.downUntil = at(4)
            $0.look = look("r", created: at(0, 1), by: "us")
        },
        Row("a run of nobody known is ours", .hold(.unclaimed(runID: "r"))) {
            $0.now = at(5)
            $0.downUntil = at(4)
            $0.look = look("r", created: at(0, 1))
        },
        Row("an unknown user of ours is anybody", .hold(.unclaimed(runID: "r"))) {
            $0.now = at(5)
            $0.downUntil = at(4)
            $0.ourUserID = nil
            $0.look = look("r", created: at(0, 1), by: "them")
        },
        Row("another user's run is not ours", .start(.run("r"))) {
            $0.now = at(5)
            $0.downUntil = at(4)
            $0.look = look("r", created: at(0, 1), by: "them")
        },
        Row("a run that another slot has", .start(.run("r"))) {
            $0.now = at(5)
            $0.downUntil = at(4)
            $0.look = look("r", created: at(0, 1), by: "us")
            $0.isShownRunClaimed = true
        },
        Row("a run from before the slot was due", .start(.run("r"))) {
            $0.now = at(5)
            $0.downUntil = at(4)
            $0.look = look("r", created: at(0, -2), by: "us")
        },
        Row("a run from the second before, by whole seconds", .hold(.unclaimed(runID: "r"))) {
            $0.now = at(5)
            $0.downUntil = at(4)
            $0.clock = ClockOffset(lowMilliseconds: -500, highMilliseconds: 500)
            $0.look = look("r", created: at(0, -1), by: "us")
        },
        Row("a run from certainly before, with clocks that agree", .start(.run("r"))) {
            $0.now = at(5)
            $0.downUntil = at(4)
            $0.look = look("r", created: at(0, -1), by: "us")
        },
        Row("the server's clock is behind ours", .hold(.unclaimed(runID: "r"))) {
            $0.now = at(5)
            $0.downUntil = at(4)
            $0.clock = ClockOffset(lowMilliseconds: -60_000, highMilliseconds: -60_000)
            $0.look = look("r", created: at(0, -59), by: "us")
        },
        Row("after a down time, a run without a creation time", .hold(.unclaimed(runID: "r"))) {
            $0.now = at(5)
            $0.downUntil = at(4)
            $0.look = look("r", by: "us")
        },
        Row("a run that a later one hides", .hold(.unclaimed(runID: nil))) {
            $0.now = at(5)
            $0.downUntil = at(4)
            $0.look = look("later", created: at(3), by: "them")
            $0.hasHiddenRun = true
        },
        Row("without a down time, a person's start beside it", .start(.run("r"))) {
            $0.look = look("r", created: at(0, 1), by: "us")
        },
        Row("due after the start of this life", .start(.run("r"))) {
            $0.downUntil = at(-1)
            $0.look = look("r", created: at(0, 0), by: "us")
        },
        Row(
            "an end of before the start makes an after slot due before",
            .hold(.unclaimed(runID: "r"))
        ) {
            $0.slot.kind = .after
            $0.downUntil = at(-1)
            $0.dueSince = at(-30)
            $0.look = look("r", created: at(-29), by: "us")
        },
        Row("catch-up looks too", .hold(.unclaimed(runID: "r"))) {
            $0.now = at(50)
            $0.look = look("r", created: at(30), by: "us")
        },
        Row("a person has decided in this life", .start(.run("r"))) {
            $0.now = at(5)
            $0.downUntil = at(1)
            $0.slot.forced = true
            $0.slot.windowFrom = at(4)
            $0.look = look("r", created: at(0, 1), by: "us")
        },
        Row("a person had decided before the down time", .hold(.unclaimed(runID: "r"))) {
            $0.now = at(5)
            $0.downUntil = at(4)
            $0.slot.forced = true
            $0.look = look("r", created: at(0, 1), by: "us")
        },
        Row(
            "the run of an attempt taken for absent surfaces",
            .hold(.surfaced(runID: "r", attempt: 1))
        ) {
            $0.absentAttempt = absent()
            $0.look = look("r", created: at(-3), by: "us")
        },
        Row("a run from before that attempt", .start(.run("r"))) {
            $0.absentAttempt = absent()
            $0.look = look("r", created: at(-5), by: "us")
        },
        Row("another user's run after that attempt", .start(.run("r"))) {
            $0.absentAttempt = absent()
            $0.look = look("r", created: at(-3), by: "them")
        },
    ]

    // MARK: Overlap, validation, ramp

    static let overlaps = [
        Row("overlap = skip", .end(.overlap(blocker, owner: .schedule("s")))) {
            $0.openRuns = [openRun]
        },
        Row("overlap = queue", .queue(blocker)) {
            $0.schedule?.overlap = .queue
            $0.openRuns = [openRun]
        },
        Row("overlap = queue with a later one that waits", .end(.laterWaits(at(15), runID: "r"))) {
            $0.schedule?.overlap = .queue
            $0.openRuns = [openRun]
            $0.laterQueued = at(15)
        },
        Row("overlap = allow", .start(.noRun)) {
            $0.schedule?.overlap = .allow
            $0.openRuns = [openRun]
        },
        Row("--force", .start(.noRun)) {
            $0.slot.forced = true
            $0.openRuns = [openRun]
        },
        Row("a run whose end may not have been seen", .wait(.runRead("r"), until: at(0, 15))) {
            $0.openRuns = [openRun]
            $0.openRuns[0].isFresh = false
        },
        Row("a run that can't be read blocks", .end(.overlap(blocker, owner: .schedule("s")))) {
            $0.openRuns = [openRun]
            $0.openRuns[0].isFresh = false
            $0.slot.runWantedSince = at(-2)
        },
        Row("a held slot without a known run", .wait(.heldSlot(3), until: at(1))) {
            $0.heldSlotID = 3
        },
        Row("a known run goes before a held slot", .end(.overlap(blocker, owner: .schedule("s")))) {
            $0.heldSlotID = 3
            $0.openRuns = [openRun]
        },
        Row("a held slot is nothing to overlap = allow", .start(.noRun)) {
            $0.heldSlotID = 3
            $0.schedule?.overlap = .allow
        },
        Row("validate_first", .validate) { $0.schedule?.validateFirst = true },
        Row("a validation is out", .wait(.validation, until: at(0, 15))) {
            $0.schedule?.validateFirst = true
            $0.isValidating = true
        },
        Row("validated", .start(.noRun)) {
            $0.schedule?.validateFirst = true
            $0.slot.validatedAt = at(0, -1)
        },
        Row("overlap goes before validation", .end(.overlap(blocker, owner: .schedule("s")))) {
            $0.schedule?.validateFirst = true
            $0.openRuns = [openRun]
        },
        Row("catch-up is ramped", .wait(.ramp, until: at(50, 2))) {
            $0.now = at(50)
            $0.rampPlace = at(50, 2)
        },
        Row("a slot on time is not", .start(.noRun)) { $0.rampPlace = at(0, 2) },
        Row("all of a connection that has recovered is", .wait(.ramp, until: at(0, 2))) {
            $0.isRecovering = true
            $0.rampPlace = at(0, 2)
        },
        Row("a place of the ramp that has come", .start(.noRun)) {
            $0.isRecovering = true
            $0.rampPlace = at(0)
        },
    ]
}
