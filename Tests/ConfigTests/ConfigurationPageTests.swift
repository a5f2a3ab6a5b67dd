import Config
import Foundation
import Testing

/// docs/configuration.md has a row for every key of the schema, and for nothing else.
@Suite struct ConfigurationPageTests {
    @Test func everyKeyHasItsRow() throws {
        let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(
            contentsOf: top.appendingPathComponent("docs/configuration.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
            .compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
        let sections: Set = [
            "version", "daemon", "connections", "defaults", "calendars", "schedules", "windows",
            "cluster",
        ]
        let keys = Set(ConfigKeys.all).subtracting(sections).union(["notify"])
        #expect(keys.subtracting(rows).sorted() == [], "keys without a row")
        #expect(Set(rows).subtracting(keys).sorted() == [], "rows without a key")
    }
}
