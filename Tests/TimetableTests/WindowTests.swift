import Testing
import Timetable

/// Windows: what they make of instants, around clock changes and where they meet.
@Suite struct WindowTests {
    private func span(_ from: String, _ until: String) throws -> Window.Span {
        Window.Span(from: try instant(from), until: try instant(until))
    }

    private func window(
        _ effect: Window.Effect, _ from: String, _ until: String, name: String = "w"
    ) throws -> Window {
        Window(name: name, effect: effect, spans: [try span(from, until)])
    }

    @Test func theEndIsOutsideAndSpansThatTouchAreOne() throws {
        let window = Window(
            name: "w", effect: .delay,
            spans: [
                try span("2026-12-26T00:00:00Z", "2026-12-28T00:00:00Z"),
                try span("2026-12-24T00:00:00Z", "2026-12-26T00:00:00Z"),
                try span("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ])
        #expect(window.spans.count == 1)
        for (at, end) in [
            ("2026-12-23T23:59:59Z", nil), ("2026-12-24T00:00:00Z", "2026-12-28T00:00:00Z"),
            ("2026-12-27T23:59:59Z", "2026-12-28T00:00:00Z"), ("2026-12-28T00:00:00Z", nil),
            ("2027-01-01T00:00:00Z", nil),
        ] as [(String, String?)] {
            #expect(window.end(at: try instant(at))?.iso8601 == end, "\(at)")
        }
    }

    @Test func aRecurringOneFollowsItsOwnClockThroughAChange() throws {
        // Each Saturday at 22:00 for eight hours of elapsed time: clocks go forward in that night.
        let rule = FiringRule(
            kind: .cron(try CronRule("0 22 * * 6")), zone: try SystemZones.zone("America/New_York"))
        let window = Window(
            name: "maintenance", effect: .skip, spans: [],
            recurrences: [.init(rule: rule, lastsMilliseconds: 8 * 3_600_000)])
        #expect(
            window.end(at: try instant("2026-03-08T09:00:00Z"))?.iso8601 == "2026-03-08T11:00:00Z")
        #expect(window.end(at: try instant("2026-03-08T11:00:00Z")) == nil)
        #expect(window.end(at: try instant("2026-03-07T12:00:00Z")) == nil)
    }

    static let meetings: [(effects: [Window.Effect], said: WindowVerdict)] = [
        ([.run, .run], .started("a")),
        ([.run, .skip], .skipped("b", until: Instant(seconds: 7200))),
        ([.delay, .skip], .skipped("b", until: Instant(seconds: 7200))),
        ([.delay, .run], .delayed("a", until: Instant(seconds: 3600))),
        ([.delay, .delay], .delayed("b", until: Instant(seconds: 7200))),
    ]

    @Test(arguments: meetings)
    func whereTwoMeetTheStricterOneCounts(effects: [Window.Effect], said: WindowVerdict) {
        let windows = zip(["a", "b"], effects).enumerated().map { index, pair in
            Window(
                name: pair.0, effect: pair.1,
                spans: [
                    .init(
                        from: Instant(seconds: 0), until: Instant(seconds: Int64(index + 1) * 3600))
                ])
        }
        #expect(windows.verdict(at: Instant(seconds: 60)) == said)
    }

    @Test func anEndWithinAnotherWindowIsFollowed() throws {
        let first = try window(.delay, "2026-12-24T00:00:00Z", "2026-12-26T00:00:00Z", name: "a")
        let next = try window(.delay, "2026-12-25T00:00:00Z", "2026-12-27T00:00:00Z", name: "b")
        let freeze = try window(.skip, "2026-12-27T00:00:00Z", "2026-12-28T00:00:00Z", name: "c")
        let at = try instant("2026-12-24T06:00:00Z")
        #expect(
            [first, next].verdict(at: at)
                == .delayed("a", until: try instant("2026-12-27T00:00:00Z")))
        #expect(
            [first, next, freeze].verdict(at: at)
                == .skipped("c", until: try instant("2026-12-28T00:00:00Z")))
        #expect([Window]().verdict(at: at) == .open)
    }

    @Test func aRuleSaysWhatWindowsMakeOfItsInstants() throws {
        var rule = FiringRule(
            kind: .cron(try CronRule("0 6 * * *")), zone: try SystemZones.zone("America/New_York"))
        rule.windows = [
            try window(.skip, "2026-12-24T05:00:00Z", "2026-12-25T05:00:00Z", name: "eve"),
            try window(.delay, "2026-12-26T05:00:00Z", "2026-12-27T05:00:00Z", name: "boxing"),
        ]
        let found = Array(
            rule.occurrences(after: try instant("2026-12-24T00:00:00Z")).prefix(3))
        #expect(
            found[0].decision
                == .skipped(reason: "in window eve, until 2026-12-25T00:00:00-05:00"))
        #expect(found[1].decision == .run && found[1].window == .open)
        #expect(found[2].decision == .run)
        #expect(
            found[2].note
                == "held back by window boxing to its end, 2026-12-27T00:00:00-05:00")
    }
}
