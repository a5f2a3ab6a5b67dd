import Dashboard
import Foundation
import Testing

/// The alert rules and the board of config/observability ask for what there is.
@Suite struct ObservabilityTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../../config/observability").standardized
    /// Told by the running daemon beside the ledger.
    private static let gauges = ["carillon_db_write_seconds", "carillon_build_info"]

    @Test(arguments: ["alerts.yml", "alerts.test.yml", "grafana.json"])
    func everyNameIsAMetric(file: String) throws {
        let text = try String(
            contentsOf: Self.folder.appending(path: file), encoding: .utf8)
        let known = Set(LedgerMetrics.names + Self.gauges)
        let names = Set(text.matches(of: /carillon_[a-z_]+/).map { String($0.output) })
        #expect(names.count >= 8)
        for name in names {
            let family = ["_sum", "_count"].first(where: name.hasSuffix)
                .map { String(name.dropLast($0.count)) }
            #expect(known.contains(name) || known.contains(family ?? ""), "\(name)")
        }
    }

    @Test func theBoardIsJSONWithAQueryInEachPanel() throws {
        let data = try Data(contentsOf: Self.folder.appending(path: "grafana.json"))
        let board = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let panels = try #require(board["panels"] as? [[String: Any]])
        #expect(panels.count >= 12)
        for panel in panels {
            let targets = try #require(panel["targets"] as? [[String: Any]])
            #expect(targets.allSatisfy { ($0["expr"] as? String)?.isEmpty == false })
        }
    }
}
