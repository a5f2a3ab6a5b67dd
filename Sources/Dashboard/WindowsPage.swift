package import Store
package import Timetable

/// The windows that schedules keep: when they are, for whom, and what they have held back.
package struct DashboardWindows: Sendable {
    /// One window, and what it means to whom.
    package struct Line: Sendable {
        package var name: String
        /// Those that are not over, the next ones.
        package var spans: [Window.Span]
        /// Schedules that keep it, in order, with what becomes of their slots.
        package var schedules: [(name: String, effect: Window.Effect)]
        /// Slots that fell into it lately, newest first.
        package var slots: [WindowSlot] = []
    }

    package var takenAt: Instant
    package var windows: [Line] = []
    /// On whose clock times are shown; nil: UTC.
    package var zone: Zone?

    static let spansMax = 5
    static let slotsMax = 10
    /// How far back slots are looked for.
    static let slotsMilliseconds: Int64 = 28 * 86_400_000

    /// Takes the windows out of rules.
    ///
    /// - Parameters:
    ///   - rules: by the schedule's name.
    ///   - now: spans that are over then are left out.
    package init(rules: [(schedule: String, rule: FiringRule)], now: Instant) {
        takenAt = now
        zone = OverviewRead.mostCommon(rules.map(\.rule.zone))
        for (schedule, rule) in rules {
            for window in rule.windows {
                if let index = windows.firstIndex(where: { $0.name == window.name }) {
                    windows[index].schedules.append((schedule, window.effect))
                } else {
                    windows.append(
                        Line(
                            name: window.name,
                            spans: window.spans(notOverAt: now, count: Self.spansMax),
                            schedules: [(schedule, window.effect)]))
                }
            }
        }
        windows.sort { $0.name < $1.name }
    }
}

/// What the template of the windows' page names.
struct WindowsView {
    struct Span {
        let from: String
        let until: String
        let when: String
    }

    struct Schedule {
        let name: String
        let href: String
        let effect: String
    }

    struct Slot {
        let href: String
        let local: String
        let schedule: String
        let disposition: String
        let tone: String
        let reason: String
    }

    struct Line {
        let name: String
        let anchor: String
        let state: String
        let tone: String
        let zone: String
        let spans: [Span]
        let schedules: [Schedule]
        let slots: [Slot]
    }

    let title = "Windows – Carillon"
    let refreshSeconds = Pages.refreshSeconds
    let takenAt: String
    let navigation = Navigation(at: "")
    let windows: [Line]

    init(_ page: DashboardWindows) {
        let (now, zone) = (page.takenAt, page.zone ?? .utc)
        takenAt = Words.shortTime(now.iso8601) + " UTC"
        windows = page.windows.map { line in
            let isOpen = line.spans.first.map { $0.from <= now } ?? false
            return Line(
                name: line.name, anchor: "window-" + percentEncoded(line.name),
                state: isOpen ? "now" : line.spans.isEmpty ? "over" : "to come",
                tone: (isOpen ? Tone.warn : .calm).rawValue, zone: "times in \(zone.name)",
                spans: line.spans.map { Self.span($0, now: now, zone: zone) },
                schedules: line.schedules.map {
                    Schedule(
                        name: $0.name, href: "/schedules/" + percentEncoded($0.name),
                        effect: Self.words(of: $0.effect))
                }, slots: line.slots.map(Self.slot))
        }
    }

    private static func span(_ span: Window.Span, now: Instant, zone: Zone) -> Span {
        func local(_ instant: Instant) -> String {
            Words.shortTime(instant.iso8601(offsetSeconds: zone.offsetSeconds(at: instant)))
        }
        let when =
            span.from <= now
            ? "ends \(Words.relative(span.until, to: now))"
            : "begins \(Words.relative(span.from, to: now))"
        return Span(from: local(span.from), until: local(span.until), when: when)
    }

    private static func words(of effect: Window.Effect) -> String {
        switch effect {
        case .skip: "slots are skipped"
        case .delay: "slots wait for its end, where the newest is started"
        case .run: "slots start all the same"
        }
    }

    private static func slot(_ slot: WindowSlot) -> Slot {
        Slot(
            href: "/slots/\(slot.slotID)", local: Words.shortTime(slot.local),
            schedule: slot.schedule, disposition: slot.disposition.rawValue,
            tone: Tone(result: slot.disposition.rawValue).rawValue, reason: slot.reason)
    }
}
