import Store
import Timetable

/// Slots that a window holds back, when another configuration says something else of it.
struct HeldBack: Grounded {
    let ground: Ground

    /// Judges all of them again: a window may have been moved, removed or turned into one that skips.
    ///
    /// A slot that nothing holds back any more is due now: its window is over.
    func judgeAgain() throws {
        for slot in try ledger.heldBackSlots() where slot.dueAt > now {
            guard let schedule = roster.schedule(slot.schedule),
                roster.configuration?.waiting[slot.schedule] == nil
            else { continue }
            let verdict = schedule.windows.verdict(at: slot.slotAt)
            let words = verdict.words(in: schedule.zone) ?? ""
            switch verdict {
            case .skipped: try slots.end(slot, .inWindow(words))
            case .delayed(let window, let until):
                let due = slot.kind == .rule ? schedule.dueAt(of: slot.slotAt) : until
                guard due != slot.dueAt || window != slot.window else { continue }
                try ledger.holdBack(
                    slot.slotID, window: window, until: max(due, now),
                    reason: WaitReason.heldBack(words).words ?? "")
            case .open, .started:
                let due = max(
                    slot.kind == .rule ? schedule.dueAt(of: slot.slotAt) : slot.slotAt, now)
                // One that no window held back waits for its share of `spread`.
                guard due != slot.dueAt else { continue }
                try ledger.holdBack(
                    slot.slotID, window: verdict.window, until: due,
                    reason: WaitReason.windowLifted(slot.window ?? "").words ?? "")
            }
        }
    }
}
