import Testing
import Timetable

/// The settled cases of docs/cron.md: real Debian cron, or a reference that three engines back.
@Suite struct CronCasesTests {
    @Test("every case of cron.tsv")
    func cases() throws {
        var failures: [String] = []
        var count = 0
        for line in try fixtureLines("cron.tsv").dropFirst() {
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard columns.count == 5 else {
                Issue.record("a line has \(columns.count) columns: \(line)")
                continue
            }
            count += 1
            let got = try nextFive(String(columns[0]), String(columns[1]), String(columns[2]))
            if got != columns[3] { failures.append("\(line)\n  got \(got)") }
        }
        #expect(count == 3508)
        #expect(
            failures.isEmpty,
            "\(failures.count) of \(count), \(SystemZones.version): \(failures.prefix(20))")
    }

    private func nextFive(_ text: String, _ zoneName: String, _ from: String) throws -> String {
        let rule = FiringRule(
            kind: .cron(try CronRule(text)), zone: try SystemZones.zone(zoneName))
        return rule.occurrences(after: try instant(from)).prefix(5).map(\.at.iso8601)
            .joined(separator: ",")
    }
}
