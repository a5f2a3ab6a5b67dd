import Dashboard
import Foundation
import Testing

/// The alert rules and the board of config/observability ask for what there is, and docs/metrics.md tells
/// of all of it.
@Suite struct ObservabilityTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../..").standardized
    /// Told by the running daemon beside the ledger; `MetricsTests` asks it for them.
    private static let gauges = [
        "db_write_seconds", "config_refused_timestamp_seconds", "rate_tokens", "build_info",
        "tzdata_info",
    ].map { "carillon_" + $0 }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test(arguments: ["alerts.yml", "alerts.test.yml", "grafana.json"])
    func everyNameIsAMetric(file: String) throws {
        let text = try Self.text("config/observability/" + file)
        let known = Set(LedgerMetrics.names + Self.gauges)
        let names = Set(text.matches(of: /carillon_[a-z_]+/).map { String($0.output) })
        #expect(names.count >= 8)
        for name in names {
            let family = ["_bucket", "_sum", "_count"].first(where: name.hasSuffix)
                .map { String(name.dropLast($0.count)) }
            #expect(known.contains(name) || known.contains(family ?? ""), "\(name)")
        }
    }

    @Test func thePageTellsOfEachMetricAndOfNoOther() throws {
        let page = try Self.text("docs/metrics.md")
        let told = page.matches(of: /`(carillon_[a-z_]+)(?:\{[a-z_, ]*\})?` \|/)
            .map { String($0.output.1) }
        #expect(told.sorted() == (LedgerMetrics.names + Self.gauges).sorted())
    }

    /// https://prometheus.io/docs/practices/naming: counters end with `_total`, units are in the name.
    @Test func namesFollowTheConventions() throws {
        for line in try Self.text("docs/metrics.md").split(separator: "\n") {
            guard let row = line.firstMatch(of: /`carillon_([a-z_]+)(?:\{.*\})?` \| (\w+)/) else {
                continue
            }
            let (name, kind) = (row.output.1, row.output.2)
            #expect(name.hasSuffix("_total") == (kind == "counter"), "\(name)")
            if ["histogram", "summary"].contains(kind) { #expect(name.hasSuffix("_seconds")) }
            if name.contains("timestamp") { #expect(name.hasSuffix("_timestamp_seconds")) }
        }
    }

    @Test func theBoardIsJSONWithAQueryInEachPanel() throws {
        let data = Data(try Self.text("config/observability/grafana.json").utf8)
        let board = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let panels = try #require(board["panels"] as? [[String: Any]])
        #expect(panels.count >= 12)
        for panel in panels {
            let targets = try #require(panel["targets"] as? [[String: Any]])
            #expect(targets.allSatisfy { ($0["expr"] as? String)?.isEmpty == false })
        }
    }
}
