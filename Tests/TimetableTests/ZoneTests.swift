import Foundation
import Testing
import Timetable

/// Zones from TZif bytes, against Python's zoneinfo and by hand.
@Suite struct ZoneTests {
    @Test("offsets agree with Python's zoneinfo")
    func offsets() throws {
        var wrong: [String] = []
        var count = 0
        for line in try fixtureLines("offsets.tsv").dropFirst() {
            let columns = line.split(separator: "\t")
            let zone = try SystemZones.zone(String(columns[0]))
            for cell in columns[1].split(separator: ",") {
                let pair = cell.split(separator: "=").compactMap { Int64($0) }
                count += 1
                let got = zone.offsetSeconds(at: Instant(seconds: pair[0]))
                if Int64(got) != pair[1] { wrong.append("\(zone.name) \(cell) got \(got)") }
            }
        }
        #expect(count > 4000)
        #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(10)) \(SystemZones.version)")
    }

    @Test("every zone of the system can be read")
    func allZones() throws {
        let names = try SystemZones.names()
        #expect(names.count > 400)
        for name in names { _ = try SystemZones.zone(name) }
    }

    /// A time that clocks jump over is the instant of the jump, also where they jump over a day.
    @Test(arguments: [
        ("America/New_York", "02:30", "2026-03-07T12:00:00Z", "2026-03-08T07:00:00Z"),
        ("America/New_York", "03:00", "2026-03-07T12:00:00Z", "2026-03-08T07:00:00Z"),
        ("America/New_York", "02:30", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"),
        ("America/New_York", "01:30", "2026-10-31T12:00:00Z", "2026-11-01T05:30:00Z"),
        ("Australia/Lord_Howe", "02:10", "2026-10-03T00:00:00Z", "2026-10-03T15:30:00Z"),
        ("Pacific/Apia", "12:00", "2011-12-29T23:00:00Z", "2011-12-30T10:00:00Z"),
        ("Antarctica/Troll", "02:59", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"),
        ("UTC", "00:00", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"),
    ])
    func theNextTimeOfDay(name: String, time: String, after: String, next: String) throws {
        let zone = try SystemZones.zone(name)
        let parts = time.split(separator: ":").compactMap { Int($0) }
        let found = zone.next(parts[0] * 3600 + parts[1] * 60, after: try instant(after))
        #expect(found.iso8601 == next)
    }

    @Test func farYearsRepeatTheCalendar() throws {
        let zone = try SystemZones.zone("America/New_York")
        let cycle: Int64 = 146_097 * 86_400
        for text in ["2100-01-15T12:00:00Z", "2100-07-15T12:00:00Z", "2101-03-13T07:00:00Z"] {
            let base = try instant(text).seconds
            for times in [1, 2, 10, 1000] as [Int64] {
                let far = Instant(seconds: base + times * cycle)
                #expect(
                    zone.offsetSeconds(at: far) == zone.offsetSeconds(at: Instant(seconds: base)))
            }
        }
        // Nothing traps at the ends of time.
        for end in [Int64.min, Int64.max] {
            _ = zone.offsetSeconds(at: Instant(milliseconds: end))
            _ = Instant(milliseconds: end).iso8601
        }
    }

    @Test func localTimesThatDoNotExistOrComeTwice() throws {
        let zone = try SystemZones.zone("America/New_York")
        let gap = LocalDateTime(year: 2026, month: 3, day: 8, hour: 2, minute: 30)
        #expect(zone.instants(ofLocal: gap).isEmpty)
        let twice = LocalDateTime(year: 2026, month: 11, day: 1, hour: 1, minute: 30)
        #expect(
            zone.instants(ofLocal: twice).map(\.iso8601)
                == ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"])
        let once = LocalDateTime(year: 2026, month: 7, day: 4, hour: 9)
        #expect(zone.instants(ofLocal: once).map(\.iso8601) == ["2026-07-04T13:00:00Z"])
        let far = LocalDateTime(year: 2900, month: 7, day: 4, hour: 9)
        #expect(zone.instants(ofLocal: far).map(\.iso8601) == ["2900-07-04T13:00:00Z"])
    }

    @Test func changesAndHashes() throws {
        let zone = try SystemZones.zone("Europe/Dublin")
        let changes = zone.changes(after: try instant("2026-01-01T00:00:00Z"), limit: 2)
        #expect(changes.map(\.at.iso8601) == ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"])
        #expect(changes.map(\.offsetAfter) == [3600, 0])
        #expect(zone == (try SystemZones.zone("Europe/Dublin")))
        #expect(zone != (try SystemZones.zone("Europe/London")))
        #expect(Zone.utc.name == "UTC")
    }

    @Test("damaged bytes are refused, never a crash")
    func damagedBytes() throws {
        let url = URL(fileURLWithPath: "\(SystemZones.root)/Europe/Berlin")
        let bytes = [UInt8](try Data(contentsOf: url))
        for length in 0..<bytes.count {
            #expect(throws: ZoneError.self) { try Zone(name: "x", tzif: Array(bytes[..<length])) }
        }
        var random = SplitMix64(seed: 7)
        for _ in 0..<(isLongRun ? 20_000 : 100) {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            guard let zone = try? Zone(name: "x", tzif: damaged) else { continue }
            let rule = FiringRule(kind: .cron(try CronRule("30 2 * * *")), zone: zone)
            var last = Instant(seconds: 1_700_000_000)
            for _ in 0..<5 {
                guard let next = rule.next(after: last) else { break }
                #expect(next.at > last)
                last = next.at
            }
        }
    }
}
