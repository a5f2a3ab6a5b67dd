import Foundation
import Testing

/// docs/first-hour.md, run again: what it shows is what the program says.
@Suite("The first hour", .timeLimit(.minutes(10)))
struct FirstHourTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "docs/first-hour.md")

    @Test("The recorded session is what happens")
    func session() async throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let recorded = text.components(separatedBy: "\n")
        var found: [String] = []
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port)
            defer { site.remove() }
            var session = Session(site: site, port: port)
            try session.writeConfig(of: text)
            var isConsole = false
            for line in recorded {
                if line.hasPrefix("```") { isConsole = line == "```console" }
                guard isConsole else {
                    found.append(line)
                    continue
                }
                // What stood there as the output is replaced by what is said now.
                if line.hasPrefix("```") { found.append(line) }
                guard line.hasPrefix("$ ") else { continue }
                found.append(line)
                found += try await session.perform(String(line.dropFirst(2)))
            }
            if let life = session.life { #expect(await life.stop().status == 0) }
        }
        if ProcessInfo.processInfo.environment["CARILLON_GOLDEN"] == "write" {
            try Data(found.joined(separator: "\n").utf8).write(to: Self.page)
        }
        let (wanted, got) = (Self.lasting(recorded), Self.lasting(found))
        for lines in zip(got, wanted) where lines.0 != lines.1 {
            Issue.record("docs/first-hour.md: is\n\(lines.0)\ninstead of\n\(lines.1)")
            return
        }
        #expect(got.count == wanted.count)
    }

    @Test("The quick start of README runs against the sandbox as it is printed")
    func quickStart() async throws {
        let page = try String(
            contentsOf: Self.page.deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "README.md"), encoding: .utf8)
        let world = World { $0 = .sample }
        try await world.serving { port in
            let site = try Site(port: port)
            defer { site.remove() }
            let session = Session(site: site, port: port)
            try session.writeConfig(of: page)
            let check = try await Program.run(
                Program.carillon, ["check", "--online", "--config", site.config],
                environment: ["WORKIVA_SECRET": "sandbox-secret"])
            #expect(check.status == 0, "said: \(check.errors)")
            #expect(page.contains("sandbox --port 8480"))
            #expect(page.contains("export WORKIVA_SECRET=sandbox-secret"))
        }
    }

    /// What must be the same: which states `--wait` meets on the way to the last one is chance.
    private static func lasting(_ lines: [String]) -> [String] {
        lines.map(timeless).filter { line in
            !["pending", "starting", "started ID running active"].contains(line)
        }
    }

    /// A line without what differs from one hour to the next: times, ids, widths of columns.
    private static func timeless(_ line: String) -> String {
        var line = line
        for (form, word) in [
            ("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})", "TIME"),
            ("\\b[0-9a-f]{8}-[0-9a-f-]{27}\\b|\\b[0-9a-f]{16,32}\\b", "ID"),
            ("pid [0-9]+", "pid N"), ("[0-9]+(\\.[0-9]+)? ?(ms|s)\\b", "N s"),
            ("-?[0-9]+\\.[0-9]+", "N"), ("(\\S+ +){6}[0-9]+$", "ROW"), (" {2,}", " "),
        ] {
            line = line.replacingOccurrences(of: form, with: word, options: .regularExpression)
        }
        return line.trimmingCharacters(in: .whitespaces)
    }
}

/// An administrator at a shell, whose host is a test's folder.
private struct Session {
    let site: Site
    let port: Int
    var life: Life?

    /// The names of an installation, and those of the test.
    private var names: [(page: String, here: String)] {
        [
            ("/etc/carillon/carillon.toml", site.config),
            ("/etc/carillon/secret", site.folder.path("secret")),
            ("/var/lib/carillon/carillon.db", site.database),
            ("/run/carillon/control.sock", site.folder.path("control.sock")),
            ("127.0.0.1:8480", "127.0.0.1:\(port)"),
        ]
    }

    init(site: Site, port: Int) {
        self.site = site
        self.port = port
    }

    /// The page's first TOML is the config.
    func writeConfig(of page: String) throws {
        let parts = page.components(separatedBy: "```toml\n")
        let toml = try #require(parts.dropFirst().first?.components(separatedBy: "```").first)
        try site.folder.write(here(toml), to: "carillon.toml")
    }

    /// What a command says, by the names of the page; its exit code, if that isn't 0.
    mutating func perform(_ command: String) async throws -> [String] {
        let words = Self.words(of: command)
        switch words[0] {
        case "sed":
            let parts = words[2].components(separatedBy: "/")
            try site.edit(parts[1], to: parts[2])
            return []
        case "systemctl":
            let life = try await Life(config: site.config, in: site.folder)
            self.life = life
            #expect(await life.isReady())
            return []
        default:
            let run = try await Program.run(
                Program.carillon, words.dropFirst().map(here) + ["--config", site.config])
            if words.contains("reload"), let life {
                // What it says in attention is written by a turn.
                await life.turns(2)
            }
            var lines = there(run.output + run.errors).split(
                separator: "\n", omittingEmptySubsequences: true
            ).map(String.init)
            if run.status != 0 { lines.append("# exit code \(run.status)") }
            return lines
        }
    }

    private func here(_ text: String) -> String {
        names.reduce(text) { $0.replacingOccurrences(of: $1.page, with: $1.here) }
    }

    private func there(_ text: String) -> String {
        let user = ProcessInfo.processInfo.userName
        return names.reduce(text) { $0.replacingOccurrences(of: $1.here, with: $1.page) }
            .replacingOccurrences(of: "\\b\(user)\\b", with: "ann", options: .regularExpression)
    }

    /// Words as a shell splits them, with single quotes.
    private static func words(of command: String) -> [String] {
        command.split(separator: "'", omittingEmptySubsequences: false).enumerated()
            .flatMap { number, part in
                number % 2 == 1 ? [String(part)] : part.split(separator: " ").map(String.init)
            }
    }
}
