import Benchmark
import Foundation
import Timetable

// Each sample is `scaledIterations` calls. Nanoseconds on a shared machine are noise: the ratios to
// the peers (peers/compare.py) and the instruction counts are what counts.

/// Twenty expressions as people write them; peers/expressions.txt has the same.
let typical = [
    "* * * * *", "*/5 * * * *", "*/15 9-17 * * 1-5", "0 * * * *", "30 * * * *", "0 */2 * * *",
    "0 0 * * *", "0 6 * * 1-5", "30 2 * * *", "15 14 1 * *", "0 22 * * 1-5", "23 0-20/2 * * *",
    "5 4 * * 0", "0 0 1,15 * *", "0 9 * * MON", "0 0 1 * *", "0 0 1 1 *", "0 12 1-7 * *",
    "0 8,12,16 * * *", "45 23 * * 6",
]
let sparse = ["0 0 29 2 *", "0 0 29 2 */7", "0 0 * 2 5#5"]
let start: Int64 = 1_772_323_200  // 2026-03-01T00:00:00Z
let limit: Int64 = 7_258_118_400  // 2200-01-01T00:00:00Z

/// Reads a zone of the system.
func zone(_ name: String) -> Zone {
    let url = URL(fileURLWithPath: "/usr/share/zoneinfo/\(name)")
    do {
        return try Zone(name: name, tzif: [UInt8](try Data(contentsOf: url)))
    } catch {
        fatalError("no zone \(name): \(error)")
    }
}

/// Compiles an expression.
func rule(_ text: String, name: String? = nil) -> CronRule {
    do { return try CronRule(text, name: name) } catch { fatalError("\(text): \(error)") }
}

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .cpuTotal, .instructions], scalingFactor: .kilo,
        maxDuration: .milliseconds(500))
    for zoneName in ["UTC", "America/New_York"] {
        let zone = zone(zoneName)
        for (kind, texts) in [("typical", typical), ("sparse", sparse)] {
            let rules = texts.map { rule($0) }
            Benchmark("next, \(kind), \(zoneName)") { benchmark in
                var last = [Int64](repeating: start, count: rules.count)
                benchmark.startMeasurement()
                for index in benchmark.scaledIterations {
                    let place = index % rules.count
                    let next = rules[place].next(afterSeconds: last[place], in: zone) ?? limit
                    last[place] = next < limit ? next : start
                }
                blackHole(last)
            }
            Benchmark("previous, \(kind), \(zoneName)") { benchmark in
                var last = [Int64](repeating: limit, count: rules.count)
                benchmark.startMeasurement()
                for index in benchmark.scaledIterations {
                    let place = index % rules.count
                    let previous =
                        rules[place].previous(atOrBeforeSeconds: last[place] - 1, in: zone)
                        ?? start
                    last[place] = previous > start ? previous : limit
                }
                blackHole(last)
            }
        }
    }
    Benchmark(
        "compile and arm 100,000 schedules, America/New_York",
        configuration: .init(scalingFactor: .one, maxDuration: .seconds(3))
    ) { benchmark in
        let zone = zone("America/New_York")
        let texts = (0..<100_000).map { "H H(2-6) * * \($0 % 7)" }
        let now = Instant(seconds: start)
        benchmark.startMeasurement()
        var armed: [(Instant, FiringRule)] = []
        armed.reserveCapacity(texts.count)
        for (index, text) in texts.enumerated() {
            let firing = FiringRule(
                kind: .cron(rule(text, name: "schedule-\(index)")), zone: zone)
            if let next = firing.next(after: now) { armed.append((next.at, firing)) }
        }
        benchmark.stopMeasurement()
        precondition(armed.count == texts.count)
        precondition(MemoryLayout<CronRule>.stride < 400)
    }
}
