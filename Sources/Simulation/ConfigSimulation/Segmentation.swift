import Engine
import Timetable

/// A part of a simulation between two quiet times.
///
/// Segments that are equal in all but their date go the same way, so one of them is enough.
struct Segment {
    /// A slot to come: what makes one segment different from another.
    struct Mark: Hashable {
        var schedule: Int
        /// From the segment's beginning on, as the next one.
        var atMilliseconds: Int64
        var dueMilliseconds: Int64
        /// Decisions taken in advance, and the name of the process where it has a date in it.
        var words: String
    }

    /// When its daemon starts: some time before the first slot.
    var begin: Instant
    /// When the next one begins.
    var end: Instant
    var marks: [Mark]
    /// What the processes of `after` schedules are called, from when on: their slots can come at any
    /// time.
    var names: [Mark]

    /// Equal ones go the same way.
    var pattern: [Mark] { names + marks }

    var milliseconds: Int64 { end.since(begin) }

    /// The segment with the one that follows it.
    func joined(_ next: Segment) -> Segment {
        let offset = next.begin.since(begin)
        var joined = self
        joined.end = next.end
        func moved(_ mark: Mark) -> Mark {
            var mark = mark
            mark.atMilliseconds += offset
            mark.dueMilliseconds += offset
            return mark
        }
        joined.marks += next.marks.map(moved)
        joined.names += next.names.map(moved)
        return joined
    }
}

/// Cuts a simulation where nothing goes on, once a day.
struct Segmentation {
    let schedules: [Schedule]
    let from: Instant
    let to: Instant
    /// What is shorter is not quiet enough: a run and its last look end within.
    let quietMilliseconds: Int64

    /// How long before a segment's first slot its daemon starts: it has a token and a list by then.
    static let leadMilliseconds: Int64 = 120_000
    /// More slots than that are simulated in one piece.
    private static let slotsMax = 1_000_000
    private static let dayMilliseconds: Int64 = 86_400_000

    private struct Slot {
        var schedule: Int
        var at: Instant
        var due: Instant
        var words: String
    }

    /// The segments in order, without gaps; the first one begins with the simulation, the last one ends
    /// with it.
    func segments() -> [Segment] {
        guard !hasLongWaits, let slots = slots() else {
            return [Segment(begin: from, end: to, marks: [], names: [])]
        }
        let names = names()
        var segments: [Segment] = []
        var first = 0
        for cut in cuts(slots) + [slots.count] {
            let begin = segments.last?.end ?? from
            let end = cut < slots.count ? Self.begin(before: slots[cut]) : to
            let marks = slots[first..<cut].map { slot in
                Segment.Mark(
                    schedule: slot.schedule, atMilliseconds: slot.at.since(begin),
                    dueMilliseconds: slot.due.since(begin), words: slot.words)
            }
            segments.append(
                Segment(
                    begin: begin, end: end, marks: marks,
                    names: names.flatMap { Self.marks($0, from: begin, to: end) }))
            first = cut
        }
        return segments
    }

    /// Slots that follow others wait for a window's end, or ends for those of the same month: for that
    /// long nothing may be cut.
    private var hasLongWaits: Bool {
        schedules.contains { schedule in
            guard schedule.enabled, case .after(let rule) = schedule.trigger else { return false }
            return rule.join != .order || schedule.windows.contains { $0.effect != .run }
        }
    }

    private static func begin(before slot: Slot) -> Instant {
        slot.at.adding(milliseconds: -leadMilliseconds)
    }

    /// Indices of the slots that segments begin with: after the longest quiet time of each day.
    private func cuts(_ slots: [Slot]) -> [Int] {
        var cuts: [Int] = []
        var longest: (day: Int64, milliseconds: Int64)?
        var reach = from
        for (index, slot) in slots.enumerated() {
            let gap = slot.at.since(reach)
            let day = reach.milliseconds / Self.dayMilliseconds
            if gap >= quietMilliseconds, slot.at.since(from) > Self.leadMilliseconds {
                if let known = longest, known.day == day {
                    if gap > known.milliseconds {
                        cuts[cuts.count - 1] = index
                        longest = (day, gap)
                    }
                } else {
                    cuts.append(index)
                    longest = (day, gap)
                }
            }
            reach = max(reach, slot.due)
        }
        return cuts
    }

    // MARK: Names of processes that `after` schedules start

    /// Days are looked for at this distance: zones change at full quarters of an hour.
    private static let quarterMilliseconds: Int64 = 900_000

    /// For each `after` schedule with a pattern: when the name changes, beginning with the simulation.
    private func names() -> [[Slot]] {
        var daysByZone: [String: [Instant]] = [:]
        return schedules.enumerated().compactMap { index, schedule in
            guard schedule.enabled, case .after = schedule.trigger,
                case .name(let pattern) = schedule.process
            else { return nil }
            let days = daysByZone[schedule.timezone] ?? days(in: schedule.zone)
            daysByZone[schedule.timezone] = days
            var names: [Slot] = []
            for day in days {
                let name = NamePattern.expand(
                    pattern, slotAt: day, offsetSeconds: schedule.zone.offsetSeconds(at: day))
                guard let name, name != names.last?.words else { continue }
                names.append(Slot(schedule: index, at: day, due: day, words: name))
            }
            return names.isEmpty ? nil : names
        }
    }

    /// When each local day of the simulation begins; the first one with the simulation.
    private func days(in zone: Zone) -> [Instant] {
        var days: [Instant] = []
        var day: Int64?
        var instant = from
        while instant <= to {
            let local = instant.seconds + Int64(zone.offsetSeconds(at: instant))
            let today = LocalDateTime(localSeconds: local).date.dayNumber
            if today != day { days.append(instant) }
            day = today
            let sinceQuarter = instant.milliseconds % Self.quarterMilliseconds
            instant = instant.adding(milliseconds: Self.quarterMilliseconds - sinceQuarter)
        }
        return days
    }

    /// The name at the beginning of a segment, and what it becomes within.
    private static func marks(
        _ names: [Slot], from begin: Instant, to end: Instant
    ) -> [Segment.Mark] {
        let first = names.lastIndex { $0.at <= begin } ?? 0
        return names[first...].prefix { $0.at < end }.map { name in
            let at = max(0, name.at.since(begin))
            return Segment.Mark(
                schedule: name.schedule, atMilliseconds: at, dueMilliseconds: at,
                words: name.words)
        }
    }

    // MARK: Slots

    /// All slots of the simulation in the order of their instants; nil if there are too many.
    private func slots() -> [Slot]? {
        var slots: [Slot] = []
        for (index, schedule) in schedules.enumerated() where schedule.enabled {
            var instant = from
            while let next = schedule.nextOccurrence(after: instant), next.at <= to {
                guard slots.count < Self.slotsMax else { return nil }
                slots.append(
                    Slot(
                        schedule: index, at: next.at,
                        due: schedule.dueAt(of: next.at),
                        words: Self.words(next, schedule)))
                instant = next.at
            }
        }
        return slots.sorted { ($0.at, $0.schedule) < ($1.at, $1.schedule) }
    }

    private static func words(_ occurrence: Occurrence, _ schedule: Schedule) -> String {
        var words = occurrence.note ?? ""
        switch occurrence.decision {
        case .run: break
        case .skipped(let reason): words += "\nskipped: \(reason)"
        case .coalesced(let reason): words += "\ncoalesced: \(reason)"
        }
        if case .name(let pattern) = schedule.process {
            let name = NamePattern.expand(
                pattern, slotAt: occurrence.at, offsetSeconds: occurrence.utcOffsetSeconds)
            words += "\n\(name ?? "")"
        }
        return words
    }
}
