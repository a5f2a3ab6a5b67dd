import Foundation
import Timetable

// Drives the engine for peers/compare.py: the same questions that the peers are asked.

/// Reads a zone of the system.
func zone(_ name: String) throws -> Zone {
    let url = URL(fileURLWithPath: "/usr/share/zoneinfo/\(name)")
    return try Zone(name: name, tzif: [UInt8](try Data(contentsOf: url)))
}

/// Nanoseconds per next(), the best of several repeats of a chain of `count` calls.
func nanoseconds(_ rule: CronRule, _ zone: Zone, from: Int64, count: Int) -> Double {
    let clock = ContinuousClock()
    var best = Double.infinity
    var sink: Int64 = 0
    for _ in 0..<15 {
        let elapsed = clock.measure {
            var last = from
            for _ in 0..<count {
                guard let next = rule.next(afterSeconds: last, in: zone) else { break }
                // Start again before the years that nobody asks about.
                last = next < limit ? next : from
            }
            sink &+= last
        }
        best = min(best, Double(elapsed / .nanoseconds(1)) / Double(count))
    }
    if sink == 42 { print("") }
    return best
}

let start: Int64 = 1_772_323_200  // 2026-03-01T00:00:00Z
let limit: Int64 = 7_258_118_400  // 2200-01-01T00:00:00Z
let arguments = CommandLine.arguments
if arguments.count > 1, arguments[1] == "time" {
    // stdin: zone TAB expression; out: zone TAB expression TAB ns
    while let line = readLine() {
        let cells = line.split(separator: "\t").map(String.init)
        let rule = try CronRule(cells[1])
        let ns = nanoseconds(rule, try zone(cells[0]), from: start, count: 20_000)
        print("\(cells[0])\t\(cells[1])\t\(ns)")
    }
} else if arguments.count > 3, arguments[1] == "loop" {
    // zone, expression: many calls for callgrind
    let rule = try CronRule(arguments[3])
    let zone = try zone(arguments[2])
    let count = arguments.count > 4 ? Int(arguments[4]) ?? 1000 : 1000
    var last = start
    for _ in 0..<count { last = rule.next(afterSeconds: last, in: zone) ?? start }
    print(last)
}
