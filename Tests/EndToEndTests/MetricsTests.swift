import Foundation
import FoundationNetworking
import Loopback
import Testing

/// What the daemon serves for Prometheus, while it runs.
@Suite("The daemon's metrics", .timeLimit(.minutes(30)))
struct MetricsTests {
    private static let schedules = """
        [schedules.tick]
        process = "\(Site.process)"
        every = "1s"
        """

    private static func get(
        _ path: String, port: Int, method: String = "GET"
    ) async throws -> (status: Int, text: String) {
        let url = try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
        var request = URLRequest(url: url)
        request.httpMethod = method
        let (data, response) = try await URLSession.shared.data(for: request)
        let status = try #require(response as? HTTPURLResponse).statusCode
        return (status, String(decoding: data, as: UTF8.self))
    }

    @Test("Each metric is on its page, and HEAD is answered; promtool agrees where there is one")
    func everyMetricIsDocumented() async throws {
        let world = World()
        let free = try ReservedPort()
        defer { free.release() }
        try await world.serving { port in
            let site = try Site(
                port: port, schedules: Self.schedules,
                daemon: "http = \"127.0.0.1:\(free.number)\"")
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            let hasRun = try await life.turns {
                try await site.ask("SELECT count(*) FROM history WHERE run_id IS NOT NULL") != "0"
            }
            #expect(hasRun, "said: \(life.log)")
            let (status, text) = try await Self.get("/metrics", port: free.number)
            #expect(status == 200)
            let page = try String(
                contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                    .appending(path: "../../docs/metrics.md"), encoding: .utf8)
            let types = text.matches(of: /# TYPE (\w+) (\w+)/).map {
                (name: String($0.output.1), kind: String($0.output.2))
            }
            #expect(types.count > 15)
            for (name, kind) in types {
                let isTold = page.split(separator: "\n").contains {
                    $0.hasPrefix("| `\(name)") && $0.contains("` | \(kind) |")
                }
                #expect(isTold, "docs/metrics.md lacks \(name), a \(kind)")
            }
            #expect(
                text.contains("carillon_http_requests_total{connection=\"sandbox\",code=\"201\"}"))
            for path in ["/metrics", "/readyz", "/healthz", "/"] {
                let (status, body) = try await Self.get(path, port: free.number, method: "HEAD")
                #expect(status == 200 && body.isEmpty, "HEAD \(path)")
            }
            if FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool") {
                let file = site.folder.path("metrics.txt")
                try text.write(toFile: file, atomically: true, encoding: .utf8)
                let lint = try await Program.run(
                    "/bin/sh", ["-c", "/usr/bin/promtool check metrics <\(file) 2>&1"])
                #expect(lint.status == 0, "\(lint.output)")
            }
            #expect(await life.stop().status == 0)
        }
    }
}
