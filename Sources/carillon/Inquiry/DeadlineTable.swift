import Console
import JSON
import Simulation
import Store
import Timetable

/// Which `finish_by` a simulation met.
struct DeadlineTable {
    private static let missedShown = 10

    let deadlines: [SimulatedDeadlines]

    /// For a terminal; empty where no schedule has a deadline.
    func text(_ style: OutputStyle) -> String {
        guard !deadlines.isEmpty else { return "" }
        var table = TextTable([
            .init("FINISH BY"), .init("MET", isNumber: true), .init("MISSED", isNumber: true),
            .init("LATER", isNumber: true), .init("WORST"),
        ])
        for sum in deadlines {
            table.add([
                .init(sum.schedule), .init(String(sum.met)),
                .init(String(sum.missed.count), color: sum.missed.isEmpty ? nil : .red),
                .init(String(sum.open)),
                .init(
                    sum.missed.isEmpty
                        ? "" : SpanText.text(seconds: sum.worstMilliseconds / 1000) + " late"),
            ])
        }
        return table.text(style)
    }

    /// The first slots that missed theirs, a line each.
    var missed: [String] {
        deadlines.flatMap(\.missed).sorted { ($0.slotAt, $0.schedule) < ($1.slotAt, $1.schedule) }
            .prefix(Self.missedShown).map(Self.line)
    }

    /// All of it in sentences.
    var words: [String] {
        deadlines.map { sum in
            let later = sum.open == 0 ? "" : ", \(sum.open) due later"
            return sum.missed.isEmpty
                ? "\(sum.schedule) met its finish_by \(Words.count(sum.met, "time"))\(later)."
                : "\(sum.schedule) missed its finish_by \(Words.count(sum.missed.count, "time")) of "
                    + "\(sum.met + sum.missed.count)\(later), at worst by "
                    + SpanText.text(seconds: sum.worstMilliseconds / 1000) + "."
        } + missed
    }

    private static func line(_ slot: SimulatedSlot) -> String {
        func local(_ at: Instant?) -> String {
            at?.iso8601(offsetSeconds: slot.utcOffsetSeconds) ?? "never"
        }
        let end =
            slot.startedAt == nil
            ? "was \(slot.disposition.rawValue)"
            : slot.completedAt == nil
                ? "had not finished at the end" : "finished at \(local(slot.completedAt))"
        return
            "\(slot.schedule) of \(local(slot.slotAt)) \(end), and had to by \(local(slot.finishBy))"
    }

    /// For programs.
    var json: JSONText {
        .array(
            deadlines.map { sum in
                .object([
                    .init("schedule", .string(sum.schedule)),
                    .init("met", .integer(Int64(sum.met))),
                    .init("missed", .integer(Int64(sum.missed.count))),
                    .init("later", .integer(Int64(sum.open))),
                    .init("worst_late_seconds", .integer(sum.worstMilliseconds / 1000)),
                ])
            })
    }
}
