package import Store
package import Timetable

extension Schedule {
    /// The next occurrence of its rule within `active_from` and `active_until`.
    ///
    /// - Parameter instant: not this one itself.
    /// - Returns: nil if there is none, or no rule.
    package func nextOccurrence(after instant: Instant) -> Occurrence? {
        guard case .rule(let rule) = trigger else { return nil }
        let from = active.from.map { max(instant, $0.adding(milliseconds: -1)) } ?? instant
        guard let next = rule.next(after: from), active.contains(next.at) else { return nil }
        return next
    }

    /// slot_at, or the end of the window that holds it back, plus the slot's share of `spread`: a hash
    /// of schedule and slot.
    ///
    /// Where several rules make slots, they may come close to each other: a share ends before the
    /// next slot, so that slots come due in their order (one rule alone keeps that distance itself).
    package func dueAt(of slotAt: Instant) -> Instant {
        let opening = opening(for: slotAt)
        guard spreadMilliseconds > 0 else { return opening }
        var spreadMilliseconds = spreadMilliseconds
        if case .rule(let rule) = trigger, rule.isSeveral, let next = rule.next(after: slotAt) {
            spreadMilliseconds = min(spreadMilliseconds, next.at.since(slotAt))
        }
        let seed = FNV1a.hash(name) ^ UInt64(bitPattern: slotAt.milliseconds)
        let hash = SplitMix64.mixed(seed &+ SplitMix64.step)
        return opening.adding(milliseconds: Int64(hash % UInt64(spreadMilliseconds)))
    }

    /// When a slot could go at the earliest: a person's own slot knows no windows.
    package func opening(of slot: SlotRow) -> Instant {
        slot.kind == .manual || slot.window == nil ? slot.slotAt : opening(for: slot.slotAt)
    }

    /// The instant itself, or the end of the window that holds it back.
    package func opening(for slotAt: Instant) -> Instant {
        windows.verdict(at: slotAt).delayedUntil ?? slotAt
    }
}
