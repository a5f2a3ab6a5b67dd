import Timetable

extension DayTotal {
    /// `2026-11-30: 4 started, 0 skipped, 1 in trouble`.
    var words: String {
        "\(date.iso8601): \(started) started, \(skipped) skipped, \(trouble) in trouble"
    }
}

/// Slots per day as stacked bars: started at the bottom, then skipped, trouble on top.
struct DayBars {
    struct Piece {
        let x: String
        let y: String
        let height: String
        let tone: String
        let title: String
    }

    struct Label {
        let x: String
        let text: String
    }

    let pieces: [Piece]
    let labels: [Label]
    /// The largest day, and what it counts.
    let text: String

    static let days: Int64 = 28
    private static let step = 39.5
    private static let height = 72.0

    /// The days that are shown.
    ///
    /// - Parameter today: the last one.
    /// - Returns: four weeks of them, oldest first.
    static func dates(until today: CivilDate) -> [CivilDate] {
        (0..<days).map { CivilDate(dayNumber: today.dayNumber - days + 1 + $0) }
    }

    /// Nil without a slot in these days.
    ///
    /// - Parameters:
    ///   - totals: of the days that had slots.
    ///   - today: the last bar.
    init?(_ totals: [DayTotal], today: CivilDate) {
        let first = today.dayNumber - Self.days + 1
        let shown = totals.filter { $0.date.dayNumber >= first && $0.date <= today }
        // What went wrong may have been started: the bar is as high as the slots, not more.
        let most = shown.map { $0.started + $0.skipped + $0.trouble }.max() ?? 0
        guard most > 0 else { return nil }
        pieces = shown.flatMap { day in
            Self.pieces(day, x: Double(day.date.dayNumber - first) * Self.step, most: Double(most))
        }
        labels = stride(from: first, through: today.dayNumber, by: 7).map {
            let date = CivilDate(dayNumber: $0)
            return Label(
                x: number(Double($0 - first) * Self.step), text: String(date.iso8601.suffix(5)))
        }
        text = Self.sum(shown)
    }

    /// What the days count together, in words.
    static func sum(_ days: [DayTotal]) -> String {
        let sums = days.reduce(into: (0 as Int64, 0 as Int64, 0 as Int64)) {
            $0 = ($0.0 + $1.started, $0.1 + $1.skipped, $0.2 + $1.trouble)
        }
        return "\(sums.0) started, \(sums.1) skipped, \(sums.2) in trouble in four weeks"
    }

    private static func pieces(_ day: DayTotal, x: Double, most: Double) -> [Piece] {
        var bottom = height
        let parts = [(day.started, "good"), (day.skipped, "off"), (day.trouble, "bad")]
        return parts.filter { $0.0 > 0 }.map { count, tone in
            // A single failure among thousands is still seen.
            let size = max(Double(count) / most * (height - 8), 2)
            bottom -= size
            return Piece(
                x: number(x), y: number(bottom), height: number(size), tone: tone,
                title: day.words)
        }
    }
}
