import Testing
import Timetable

/// `H`: a value chosen by the schedule's name, the same for ever.
@Suite struct CronHashTests {
    private func minutesOfDay(_ text: String, name: String) throws -> [Int] {
        let rule = try CronRule(text, name: name)
        let start = try instant("2026-01-01T00:00:00Z").seconds - 1
        return rule.firings(afterSeconds: start, in: .utc).prefix { $0 < start + 86_400 }.map {
            Int($0 - start - 1) / 60
        }
    }

    @Test func theHashIsDocumentedAndConstant() throws {
        // FNV-1a 64 of "gl-refresh" 0x00 "minute", halves folded, modulo 60; the same for "hour".
        #expect(try minutesOfDay("H * * * *", name: "gl-refresh").first == reference("minute", 60))
        let daily = try minutesOfDay("H H * * *", name: "gl-refresh")
        #expect(daily == [reference("hour", 24) * 60 + reference("minute", 60)])
    }

    private func reference(_ field: String, _ choices: UInt64) -> Int {
        var hash: UInt64 = 14_695_981_039_346_656_037
        for byte in Array("gl-refresh".utf8) + [0] + Array(field.utf8) {
            hash ^= UInt64(byte)
            hash = hash &* 1_099_511_628_211
        }
        return Int(((hash >> 32) ^ (hash & 0xFFFF_FFFF)) % choices)
    }

    @Test func steps() throws {
        let quarter = try minutesOfDay("H/15 0 * * *", name: "a")
        #expect(quarter.count == 4)
        #expect(Set(quarter.map { $0 % 15 }).count == 1)
        let some = try minutesOfDay("H(10-29)/10 0 * * *", name: "b")
        #expect(some.count == 2 && some.allSatisfy { (10...29).contains($0) })
        #expect(throws: CronError.self) { try CronRule("H(0-5)/10 * * * *", name: "a") }
        #expect(throws: CronError.self) { try CronRule("H(5-0) * * * *", name: "a") }
        #expect(throws: CronError.self) { try CronRule("H(0-5 * * * *", name: "a") }
        #expect(throws: CronError.self) { try CronRule("HH * * * *", name: "a") }
    }

    @Test func namesSpreadAndDaysStayInEveryMonth() throws {
        let minutes = try (0..<600).map { try minutesOfDay("H 0 * * *", name: "job-\($0)")[0] }
        #expect(Set(minutes).count == 60)
        let start = try instant("2026-01-01T00:00:00Z").seconds
        for index in 0..<200 {
            let rule = try CronRule("0 0 H * *", name: "job-\(index)")
            let year = rule.firings(afterSeconds: start - 1, in: .utc).prefix {
                $0 < start + 365 * 86_400
            }
            #expect(year.reduce(0) { count, _ in count + 1 } == 12)
        }
    }

    @Test func hashedTimesAreFixed() throws {
        // In New York's gap a fixed job runs right after it; `*` would follow the wall clock.
        let zone = try SystemZones.zone("America/New_York")
        let rule = try CronRule("H 2 * * *", name: "x")
        let next = rule.next(afterSeconds: try instant("2026-03-08T05:00:00Z").seconds, in: zone)
        #expect(next.map { Instant(seconds: $0).iso8601 } == "2026-03-08T07:00:00Z")
    }
}
