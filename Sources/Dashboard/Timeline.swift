import Store
import Timetable

/// The hours around now as a drawing: a lane per schedule, bars for runs, signs for what has none.
///
/// Only geometry: positions are units of the drawing, times are instants, colours are tones.
struct Timeline {
    /// How far back and ahead it shows.
    static let pastHours: Int64 = 18
    static let aheadHours: Int64 = 6
    /// Lanes at most; a page has more schedules than an eye has lanes.
    static let lanesMax = 24

    struct Hour {
        let x: String
        let label: String
    }

    /// How a slot is drawn: as the time of its run, or without one by whether that is trouble.
    enum Sign { case bar, cross, ring }

    /// A slot in a lane.
    struct Mark {
        let x: String
        let width: String
        let y: String
        let tone: String
        let href: String
        let title: String
        let sign: Sign
        /// Where a word stands beside what needs a person; nil: it says enough by itself.
        let word: Word?
    }

    struct Word {
        let x: String
        let y: String
        let text: String
        let tone: String
    }

    struct Next {
        let x: String
        let top: String
        let bottom: String
    }

    struct Lane {
        let name: String
        let label: String
        let labelY: String
        let baseY: String
        let marks: [Mark]
        let nexts: [Next]
    }

    let width = "1104"
    let height: String
    let bottom: String
    let nowX: String
    let aheadWidth: String
    let hours: [Hour]
    let lanes: [Lane]
    /// What it shows in words, for those who don't see it.
    let summary: String

    private static let left = 190.0
    private static let right = 1080.0
    private static let top = 24.0
    private static let laneHeight = 28.0
    private static let labelCharactersMax = 24

    /// Draws the lanes of these schedules.
    ///
    /// - Parameters:
    ///   - schedules: in their order, the first ones get a lane.
    ///   - now: the line between what was and what is to come.
    ///   - zone: whose clock the hours are written on; nil: UTC.
    init(_ schedules: [ScheduleLine], now: Instant, zone: Zone?) {
        let from = now.adding(milliseconds: -Self.pastHours * 3_600_000)
        let to = now.adding(milliseconds: Self.aheadHours * 3_600_000)
        let scale = Scale(from: from, to: to, left: Self.left, right: Self.right)
        let shown = schedules.filter { $0.hasMarks(from: from, to: to) }.prefix(Self.lanesMax)
        lanes = shown.enumerated().map { index, schedule in
            Self.lane(schedule, y: Self.top + Double(index) * Self.laneHeight, scale, now: now)
        }
        let end = Self.top + Double(shown.count) * Self.laneHeight
        bottom = number(end)
        height = number(end + 6)
        nowX = number(scale.x(now))
        aheadWidth = number(Self.right - scale.x(now))
        hours = Self.hours(from: from, to: to, scale, zone: zone)
        let troubled = shown.filter { $0.needsPerson }.map(\.name)
        summary =
            "\(shown.count) schedules, \(Self.pastHours) hours back and \(Self.aheadHours) ahead"
            + (troubled.isEmpty ? "" : "; trouble: " + troubled.joined(separator: ", "))
    }

    private struct Scale {
        let from: Instant
        let to: Instant
        let left: Double
        let right: Double

        func x(_ instant: Instant) -> Double {
            let span = Double(to.since(from))
            let share = Double(instant.since(from)) / span
            return left + min(max(share, 0), 1) * (right - left)
        }
    }

    private static func lane(
        _ schedule: ScheduleLine, y: Double, _ scale: Scale, now: Instant
    ) -> Lane {
        let name = schedule.name
        let label =
            name.count > labelCharactersMax
            ? name.prefix(labelCharactersMax - 1) + "…" : Substring(name)
        let shown = schedule.marks.filter { $0.end(by: now) >= scale.from }
        return Lane(
            name: name, label: String(label), labelY: number(y + 16),
            baseY: number(y + laneHeight - 1),
            // Only the newest is named: behind the others there may be no room.
            marks: shown.enumerated().reversed().map {
                mark($1, isNewest: $0 == 0, of: schedule, y: y, scale, now: now)
            },
            nexts: schedule.nextInstants.filter { $0 > now && $0 <= scale.to }.map {
                Next(x: number(scale.x($0)), top: number(y + 6), bottom: number(y + 19))
            })
    }

    private static func mark(
        _ mark: SlotMark, isNewest: Bool, of schedule: ScheduleLine, y: Double, _ scale: Scale,
        now: Instant
    ) -> Mark {
        let tone = Tone(result: mark.result)
        let startedAt = mark.startedAt
        let start = scale.x(startedAt ?? mark.slotAt)
        let end = startedAt == nil ? start : scale.x(mark.endedAt ?? now)
        let isBar = startedAt != nil
        let isCross = !isBar && (tone == .bad || tone == .warn)
        var title = "\(schedule.name) \(Words.shortTime(mark.slotAt.iso8601)) UTC: \(mark.result)"
        if let seconds = mark.seconds { title += ", \(Words.duration(seconds: seconds))" }
        if !isBar, !mark.reason.isEmpty { title += ": \(mark.reason)" }
        let word =
            isCross && isNewest
            ? Word(
                x: number(start + 9), y: number(y + 16), text: mark.result, tone: tone.rawValue)
            : nil
        return Mark(
            x: number(isBar ? start : start - 5), width: number(max(end - start, 3)),
            y: number(y + 6), tone: tone.rawValue, href: "/slots/\(mark.slotID)", title: title,
            sign: isBar ? .bar : isCross ? .cross : .ring, word: word)
    }

    /// Every third full hour on the clock of the zone.
    private static func hours(from: Instant, to: Instant, _ scale: Scale, zone: Zone?) -> [Hour] {
        var hours: [Hour] = []
        var instant = Instant(milliseconds: from.milliseconds - from.milliseconds % 900_000)
        while instant < to {
            instant = instant.adding(milliseconds: 900_000)
            let local = (zone ?? .utc).local(at: instant)
            guard local.secondOfDay % 10_800 == 0, instant >= from, instant <= to else { continue }
            hours.append(Hour(x: number(scale.x(instant)), label: local.timeText))
        }
        return hours
    }
}

extension SlotMark {
    /// Where it ends in a drawing: a run that is open goes on, what has no run is a point.
    func end(by now: Instant) -> Instant { startedAt == nil ? slotAt : endedAt ?? now }
}

/// A position in a drawing, to a tenth.
func number(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    let sign = tenths < 0 ? "-" : ""
    return "\(sign)\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
}

extension ScheduleLine {
    /// Something of it is in the window.
    func hasMarks(from: Instant, to: Instant) -> Bool {
        marks.contains { $0.end(by: to) >= from && $0.slotAt <= to }
            || nextInstants.contains { $0 <= to }
    }
}
