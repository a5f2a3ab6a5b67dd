import Store
import Timetable

/// Scenes of made-up slots.
extension Fixture {
    /// So many minutes after the stories begin, 05:00.
    static func minute(_ minute: Int64) -> Instant {
        Instant(seconds: 1_795_496_400 + minute * 60)
    }

    /// Ann makes up for the slot of `s` at the minute.
    func makeUp(minute: Int64, uuid: String = "u", force: Bool = false) {
        simulator.command(
            .makeUp(
                schedule: "s", slotAt: Self.minute(minute), uuid: uuid, force: force, reason: "x"))
    }

    /// The slots of `s` that people asked for.
    func manual() throws -> [SlotRow] { try slots().filter { $0.kind == .manual } }
}
