import Console
import Dashboard
import Simulation
import Store
import Timetable

/// The result of a simulation as one HTML page: what it says in words, and a lane for each schedule.
struct SimulationPage {
    private static let width = 1100.0
    private static let left = 170.0
    private static let laneHeight = 26.0
    private static let top = 34.0
    /// More signs than that no browser draws gladly.
    private static let marksMax = 20_000

    let title: String
    /// Paragraphs.
    let words: [String]
    let slots: [SimulatedSlot]
    let from: Instant
    let to: Instant

    /// The page, which needs nothing from elsewhere.
    var html: String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>\(Self.escaped(title))</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <style>
        :root { color-scheme: light dark; --page: #fff; --text: #1c2430; --line: #cbd2dc;
          --good: #1b6b40; --bad: #a3271f; --off: #5b6678; }
        @media (prefers-color-scheme: dark) { :root { --page: #0f141b; --text: #e6eaf0;
          --line: #3a4655; --good: #4cc38a; --bad: #f2706a; --off: #9aa6b6; } }
        body { background: var(--page); color: var(--text); font: 14px/1.5 system-ui, sans-serif;
          max-width: 1140px; margin: 24px auto; padding: 0 20px; }
        h1 { font-size: 20px; } svg { width: 100%; height: auto; } li { overflow-wrap: anywhere; }
        text { fill: var(--text); font-size: 12px; } .grid { stroke: var(--line); }
        .good { fill: var(--good); } .bad { fill: var(--bad); } .open { fill: var(--off); }
        .none { stroke: var(--bad); stroke-width: 1.5; }
        .skip { stroke: var(--off); stroke-width: 1.5; }
        </style></head><body>
        <h1>\(Self.escaped(title))</h1>
        <ul>
        \(words.map { "<li>\(Self.escaped($0))</li>" }.joined(separator: "\n"))
        </ul>
        \(drawing)
        <p>A bar is a run from its start to its end: green in time or without a deadline, red past
        its finish_by, grey while it goes on. A cross is a slot without a run: red where one was
        wanted, grey where a rule said none or it was still to start. The pointer tells more.</p>
        </body></html>

        """
    }

    private var lanes: [String] { Set(slots.map(\.schedule)).sorted() }

    private var drawing: String {
        let lanes = lanes
        let height = Self.top + Double(lanes.count) * Self.laneHeight + 10
        var parts = [
            "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(height))\" role=\"img\" "
                + "aria-label=\"\(Self.escaped(title))\">"
        ]
        for (index, day) in days.enumerated() {
            let x = Self.text(x(day))
            parts.append(
                "<line class=\"grid\" x1=\"\(x)\" x2=\"\(x)\" y1=\"24\" y2=\"\(Int(height))\"/>")
            if index.isMultiple(of: max(1, days.count / 12)), self.x(day) < Self.width - 80 {
                parts.append("<text x=\"\(x)\" y=\"16\">\(date(day))</text>")
            }
        }
        var places: [String: Double] = [:]
        for (index, name) in lanes.enumerated() {
            let y = Self.top + Double(index) * Self.laneHeight
            places[name] = y
            let label = name.count > 22 ? name.prefix(21) + "…" : name[...]
            parts.append(
                "<text x=\"4\" y=\"\(Self.text(y + 14))\">\(Self.escaped(String(label)))</text>")
        }
        parts += slots.prefix(Self.marksMax).map { mark($0, y: places[$0.schedule] ?? Self.top) }
        if slots.count > Self.marksMax {
            parts.append("<text x=\"4\" y=\"16\">the first \(Self.marksMax) slots</text>")
        }
        return parts.joined(separator: "\n") + "\n</svg>"
    }

    /// Of the first slot's place: lines lie where a person's days begin.
    private var offsetSeconds: Int { slots.first?.utcOffsetSeconds ?? 0 }

    private var days: [Instant] {
        let offset = Int64(offsetSeconds)
        let first = (from.seconds + offset) / 86_400
        let last = (to.seconds + offset) / 86_400
        return (first...last).map { Instant(seconds: $0 * 86_400 - offset) }.filter {
            $0 >= from && $0 < to
        }
    }

    private func date(_ day: Instant) -> Substring {
        day.iso8601(offsetSeconds: offsetSeconds).prefix(10)
    }

    private func x(_ at: Instant) -> Double {
        let share = Double(at.since(from)) / Double(max(1, to.since(from)))
        return Self.left + min(max(share, 0), 1) * (Self.width - Self.left - 10)
    }

    private func mark(_ slot: SimulatedSlot, y: Double) -> String {
        let title = "<title>\(Self.escaped(Self.words(slot)))</title>"
        guard let started = slot.startedAt else {
            let isWanted: Bool =
                switch slot.disposition {
                case .skipped, .coalesced, .cancelled, .pending, .starting: false
                case .started, .unknown, .held, .missed, .expired, .failed: true
                }
            let (at, tone) = (x(slot.slotAt), isWanted ? "none" : "skip")
            return
                "<g class=\"\(tone)\">\(title)<path d=\"M\(Self.text(at - 4)) \(Self.text(y + 5))"
                + "l8 8m0 -8l-8 8\"/></g>"
        }
        let (begin, end) = (x(started), x(slot.completedAt ?? to))
        let isLate = slot.finishBy.map { (slot.completedAt ?? to) > $0 } ?? false
        let tone = isLate ? "bad" : slot.completedAt == nil ? "open" : "good"
        return "<rect class=\"\(tone)\" x=\"\(Self.text(begin))\" y=\"\(Self.text(y + 3))\" "
            + "width=\"\(Self.text(max(1.5, end - begin)))\" height=\"12\">\(title)</rect>"
    }

    private static func words(_ slot: SimulatedSlot) -> String {
        func local(_ at: Instant) -> String {
            at.iso8601(offsetSeconds: slot.utcOffsetSeconds)
        }
        var words = "\(slot.schedule) of \(local(slot.slotAt)): "
        if let started = slot.startedAt {
            words +=
                "ran from \(local(started)) to "
                + (slot.completedAt.map(local) ?? "beyond the end")
        } else {
            words += "\(slot.disposition.rawValue), \(slot.reason)"
        }
        return words + (slot.finishBy.map { "; finish_by \(local($0))" } ?? "")
    }

    private static func text(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return "\(tenths / 10).\(abs(tenths % 10))"
    }

    private static func escaped(_ text: String) -> String {
        PageText.escaped(Printable.escaped(text))
    }
}
