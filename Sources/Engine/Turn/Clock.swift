import Store
import Timetable

/// Steps of the wall clock (DESIGN.md section 5, rule 12).
extension Clockwork {
    /// A difference between wall and monotonic time beyond this is a step, not drift.
    private static let stepMillisecondsMin: Int64 = 1000
    /// A step forward beyond this is down time.
    private static let downMillisecondsMin: Int64 = 60_000

    func readClock() throws {
        guard let last = memory.last else { return }
        let elapsed = turn.now.monotonicMilliseconds - last.monotonicMilliseconds
        let step = now.since(last.wall.adding(milliseconds: elapsed))
        guard abs(step) >= Self.stepMillisecondsMin else { return }
        log(.warning, "the wall clock was set by \(step) ms")
        try ledger.audit(
            actor: "clock", action: "step", subject: "wall clock", detail: "\(step) ms", now: now)
        // Waits hold on the monotonic clock: what is stored in wall time moves with the step.
        try ledger.shiftWaits(by: step)
        turn.connections = [:]
        turn.daemon = nil
        forgetLooks()
        memory.processNames = [:]
        memory.listed = [:]
        memory.backoffs = [:]
        memory.lastTouch = nil
        // What is on the wire was sent before the step: its age stays what it is.
        for id in memory.requests.keys {
            let sentAt = memory.requests[id]?.sentAt.wall ?? now
            memory.requests[id]?.sentAt.wall = sentAt.adding(milliseconds: step)
        }
        for name in memory.sweeps.keys {
            let requestedAt = memory.sweeps[name]?.requestedAt.wall ?? now
            memory.sweeps[name]?.requestedAt.wall = requestedAt.adding(milliseconds: step)
        }
        if step < 0 {
            memory.isUpcomingStale = true
            shiftPruning(by: step)
            try returnCursors()
        } else if step >= Self.downMillisecondsMin, memory.lifeID != 0 {
            try ledger.touchLife(memory.lifeID, now: last.wall)
            try ledger.endLife(memory.lifeID, how: "clock set forward")
            memory.lifeID = try ledger.beginLife(pid: pid, version: version, now: now)
            memory.lastTouch = now
        }
    }

    /// After a step back: unsent slots later than now go, and cursors return to now.
    ///
    /// What forbids repeats is the UNIQUE slot, not the cursor.
    func returnCursors() throws {
        try withdrawUnsentSlots(because: "after the clock was set back")
        for row in try ledger.schedules() where row.state == "active" && row.cursorAt > now {
            guard let schedule = schedules[row.schedule] else { continue }
            try moveCursor(of: schedule, to: now)
        }
    }

    /// Slots later than now that were never sent are still to come, whatever a clock that was ahead
    /// has made of them.
    func withdrawUnsentSlots(because words: String) throws {
        let removed = try ledger.removeUnsentSlots(after: now)
        if !removed.isEmpty { memory.endedUpstreams.formUnion(schedules.keys) }
        for slot in removed where slot.isPending {
            try ledger.audit(
                actor: "clock", action: "remove slot",
                subject: "\(slot.schedule)@\(slot.slotAt.iso8601)",
                detail: "not sent, and later than now \(words)", now: now)
        }
        // A clock that was ahead by weeks has ended thousands: one entry a schedule.
        let ended = Dictionary(grouping: removed.filter { !$0.isPending }, by: \.schedule)
        for (schedule, slots) in ended.sorted(by: { $0.key < $1.key }) {
            guard let first = slots.first?.slotAt, let last = slots.last?.slotAt else { continue }
            try ledger.audit(
                actor: "clock", action: "remove slots", subject: schedule,
                detail: "\(slots.count) from \(first.iso8601) to \(last.iso8601), never sent, and "
                    + "later than now \(words)", now: now)
        }
    }
}
