import Store
import Timetable

/// Slots whose last answer said how long to wait: what wakes them otherwise is no reason to go before.
final class Backoffs: Room, Grounded {
    let ground: Ground
    private var waits = UndoTable<Int64, (connection: String, until: Instant)>()

    init(_ ground: Ground) { self.ground = ground }

    func keep() -> () -> Void {
        let mark = waits.mark
        return { [self] in waits.restore(to: mark) }
    }

    func settle() { waits.forgetChanges() }

    func clockWasSet(by milliseconds: Int64) { waits.removeAll() }

    var isEmpty: Bool { waits.isEmpty }

    func until(_ slot: SlotRow) -> Instant? { waits[slot.slotID]?.until }

    func end(_ slot: SlotRow) { waits[slot.slotID] = nil }

    /// What the slots of the connection waited for is over, also what their own answers said.
    func end(of connection: String) {
        for slotID in Array(waits.keys) where waits[slotID]?.connection == connection {
            waits[slotID] = nil
        }
    }

    /// Waits for the next attempt, whatever news there may be of process and connection.
    func wait(_ slot: SlotRow, _ reason: WaitReason, until: Instant) throws {
        waits[slot.slotID] = (slot.connection, until)
        try slots.tryAgain(slot, reason, at: try slots.noteOverdue(slot, until: until))
    }
}
