import Timetable

/// How a run's counts changed, as areas over time: what is done at the bottom, what waits on top.
struct CountsArea {
    struct Area {
        let tone: String
        let points: String
        /// `complete, cancelled`: the statuses of its colour.
        let title: String
    }

    struct Label {
        let x: String
        let anchor: String
        let text: String
    }

    let areas: [Area]
    let labels: [Label]
    /// What it shows in words, for those who don't see it.
    let text: String
    let width = "1104"
    let height = "118"

    private static let (right, bottom) = (1104.0, 100.0)
    /// More steps than the drawing has points to show them.
    private static let changesMax = 500
    private static let order: [Tone] = [.good, .off, .bad, .warn, .live, .calm]

    /// Nil with fewer than two counts: that is a bar.
    ///
    /// - Parameters:
    ///   - changes: newest first.
    ///   - end: how far it goes to the right: now, or the run's end.
    init?(_ changes: [DashboardRun.Change], until end: Instant) {
        let steps = changes.filter { !$0.counts.isEmpty }.prefix(Self.changesMax).reversed()
        guard steps.count > 1, let first = steps.first, let last = steps.last else { return nil }
        let until = max(end, last.seenAt)
        let span = max(Double(until.since(first.seenAt)), 1)
        let columns = steps.map { change in
            var sums: [Tone: Double] = [:]
            // Counts come from outside: their sum must not trap, and none is negative.
            for (status, count) in change.counts where count > 0 {
                sums[Tone(status: status), default: 0] += Double(count)
            }
            return (x: Double(change.seenAt.since(first.seenAt)) / span * Self.right, sums: sums)
        }
        let most = columns.map { $0.sums.values.reduce(0, +) }.max() ?? 0
        guard most > 0 else { return nil }
        var floor = columns.map { _ in 0.0 }
        var areas: [Area] = []
        for tone in Self.order where columns.contains(where: { $0.sums[tone] != nil }) {
            let top = zip(floor, columns).map { $0 + ($1.sums[tone] ?? 0) }
            let upper = Self.stairs(columns.map(\.x), top.map { $0 / most })
            let lower = Self.stairs(columns.map(\.x), floor.map { $0 / most })
            let words = Set(steps.flatMap { $0.counts.keys }.filter { Tone(status: $0) == tone })
            areas.append(
                Area(
                    tone: tone.rawValue,
                    points: (upper + lower.reversed()).joined(separator: " "),
                    title: words.sorted().joined(separator: ", ")))
            floor = top
        }
        self.areas = areas
        labels = [
            Label(x: "0", anchor: "start", text: Words.shortTime(first.seenAt.iso8601) + " UTC"),
            Label(x: "1104", anchor: "end", text: Words.shortTime(until.iso8601) + " UTC"),
        ]
        text =
            "from \(CountsBar(first.counts).text) to \(CountsBar(last.counts).text) in "
            + Words.duration(seconds: until.since(first.seenAt) / 1000)
    }

    /// What was seen holds until the next change.
    private static func stairs(_ x: [Double], _ shares: [Double]) -> [String] {
        var points: [String] = []
        for index in x.indices {
            let y = number(bottom - shares[index] * (bottom - 4))
            points.append("\(number(x[index])),\(y)")
            points.append("\(number(index + 1 < x.count ? x[index + 1] : right)),\(y)")
        }
        return points
    }
}
