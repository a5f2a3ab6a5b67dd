import Console
import Engine
import JSON
import Store

/// What `backfill` would do, slot by slot.
struct MakeUpTable {
    let slots: [PastSlot]
    var takesSkipped = false

    /// How many would be made up for.
    var count: Int { slots.count { judge($0) == .possible } }

    private func judge(_ slot: PastSlot) -> MakeUp {
        MakeUp.judge(slot, takesSkipped: takesSkipped)
    }

    /// The slots for a terminal.
    func text(_ style: OutputStyle) -> String {
        var table = TextTable([
            .init("SLOT", isNumber: true), .init("LOCAL"), .init("DISPOSITION"),
            .init("WHAT HAPPENS", isWrapped: true),
        ])
        for slot in slots {
            let verdict = judge(slot)
            table.add([
                .init(String(slot.slotID)),
                .init(slot.slotAt.iso8601(offsetSeconds: slot.utcOffsetSeconds)),
                .init(slot.disposition.rawValue),
                .init(Self.words(verdict, slot), color: verdict == .possible ? .green : nil),
            ])
        }
        return table.text(style)
    }

    /// The slots for programs.
    var json: [JSONText] {
        slots.map { slot in
            let verdict = judge(slot)
            return .object([
                .init("slot_id", .integer(slot.slotID)),
                .init("slot_at", .string(slot.slotAt.iso8601)),
                .init("disposition", .string(slot.disposition.rawValue)),
                .init("made_up", .boolean(verdict == .possible)),
                .init("what_happens", .string(Self.words(verdict, slot))),
            ])
        }
    }

    /// What is to be said below the slots.
    var summary: String {
        let found = Words.count(count, "slot")
        if count > MakeUp.slotsMax || slots.count > MakeUp.rangeMax {
            return
                "\(found) would be made up for, and at most \(MakeUp.slotsMax) go at once: take a "
                + "shorter range"
        }
        return count == 0
            ? "nothing to make up for" : "\(found) would be made up for; to do it, add --yes"
    }

    private static func words(_ verdict: MakeUp, _ slot: PastSlot) -> String {
        switch verdict {
        case .possible: "is made up for; it was \(slot.disposition.rawValue): \(slot.reason)"
        case .refused(let refusal): "stays as it is: \(refusal.words)"
        }
    }
}
