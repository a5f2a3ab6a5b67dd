import Config
import ConfigFixtures
import Testing
import Timetable

@Suite struct SpokenTimeTests {
    private let now = Instant(iso8601: "2026-06-15T12:00:00Z") ?? Instant(seconds: 0)

    private func zone(_ name: String) throws -> Zone {
        try ZoneShelf(MemoryHost()).zone(name).get()
    }

    private func said(
        _ text: String, _ direction: SpokenTime.Direction = .back,
        zone name: String = "America/New_York", now: String? = nil
    ) throws -> String {
        let found = SpokenTime.parse(
            text, zone: try zone(name), now: now.flatMap { Instant(iso8601: $0) } ?? self.now,
            direction: direction)
        switch found {
        case .success(let instant): return instant.iso8601
        case .failure(let refusal): return refusal.message
        }
    }

    @Test(arguments: [
        ("now", "2026-06-15T12:00:00Z"), ("yesterday", "2026-06-14T04:00:00Z"),
        ("Today", "2026-06-15T04:00:00Z"), ("tomorrow", "2026-06-16T04:00:00Z"),
        ("yesterday 07:00", "2026-06-14T11:00:00Z"), ("07:30", "2026-06-15T11:30:00Z"),
        ("-2h", "2026-06-15T10:00:00Z"), ("2h", "2026-06-15T10:00:00Z"),
        ("2d ago", "2026-06-13T12:00:00Z"), ("in 30m", "2026-06-15T12:30:00Z"),
        ("+90s", "2026-06-15T12:01:30Z"), (" 2026-03-08 ", "2026-03-08T05:00:00Z"),
        ("2026-03-08T07:00", "2026-03-08T11:00:00Z"), ("2026-03-08 07:00", "2026-03-08T11:00:00Z"),
        ("2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z"),
        ("2026-03-08T02:00:00-05:00", "2026-03-08T07:00:00Z"),
    ])
    func timesAsPeopleSayThem(text: String, instant: String) throws {
        #expect(try said(text) == instant)
    }

    @Test func aSpanWithoutASignGoesWhereTheOptionLooks() throws {
        #expect(try said("2h", .ahead) == "2026-06-15T14:00:00Z")
        #expect(try said("-2h", .ahead) == "2026-06-15T10:00:00Z")
    }

    @Test func aDayBeginsWithItsFirstMinuteWhereTheClocksJumpOverMidnight() throws {
        // In Beirut the clocks go from 00:00 to 01:00 on 2026-03-29.
        #expect(
            try said("today", zone: "Asia/Beirut", now: "2026-03-29T12:00:00Z")
                == "2026-03-28T22:00:00Z")
        #expect(
            try said("2026-03-29T00:30", zone: "Asia/Beirut").contains("the clocks jump over it"))
    }

    @Test(arguments: [
        ("yesturday", "yesterday"), ("2 hours", "-2h"), ("3hrs ago", "-3h"), ("1w", "-7d"),
        ("2 weeks", "-14d"), ("6/15/2026", "2026-06-15"), ("15.6.2026", "2026-06-15"),
        ("2026/06/15", "2026-06-15"), ("1781503200", "2026-06-15T06:00:00Z"),
        ("1781503200000", "2026-06-15T06:00:00Z"), ("2026-6-5", "2026-06-05"),
    ])
    func aWrongTimeLeadsToARightOne(wrong: String, right: String) throws {
        let refusal = try said(wrong)
        #expect(refusal.hasPrefix("not a time; did you mean \(right)? "), "\(refusal)")
        #expect(Instant(iso8601: try said(right)) != nil)
    }

    @Test func everyFormThatARefusalNamesIsUnderstood() throws {
        let refusal = try said("whenever")
        for example in SpokenTime.examples {
            #expect(refusal.contains(example))
            #expect(Instant(iso8601: try said(example)) != nil)
        }
    }

    @Test func theHostsZoneIsItsVariableThenItsFileThenUTC() {
        var host = MemoryHost(["/etc/timezone": "Europe/Berlin\n"])
        #expect(HostZone.zone(host).name == "Europe/Berlin")
        host.variables = ["TZ": ":Asia/Tokyo"]
        #expect(HostZone.zone(host).name == "Asia/Tokyo")
        #expect(HostZone.zone(MemoryHost(["/etc/timezone": "Nowhere"])).name == "UTC")
    }
}
