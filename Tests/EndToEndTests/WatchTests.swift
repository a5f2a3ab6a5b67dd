import Foundation
import Loopback
import Testing

/// `carillon watch` in a real terminal, which tmux plays.
@Suite("carillon watch", .timeLimit(.minutes(30)))
struct WatchTests {
    private static let tmux = "/usr/bin/tmux"

    @Test(
        "It is drawn within 80 columns, and ctrl-C gives the terminal back",
        .enabled(if: FileManager.default.isExecutableFile(atPath: tmux), "no tmux here"))
    func inATerminal() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port)
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            // Not in the folder: the address of a socket must be short.
            let socket = "/tmp/carillon-tmux-\(UInt32.random(in: 0 ... .max))"
            defer { try? FileManager.default.removeItem(atPath: socket) }
            func tmux(_ arguments: String...) async throws -> Outcome {
                try await Program.run(
                    Self.tmux, ["-S", socket, "-f", "/dev/null"] + arguments,
                    environment: ["TERM": "xterm", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"])
            }
            let command =
                "trap : INT; echo before; NO_COLOR=1 \(Program.carillon) watch --config \(site.config); "
                + "echo \"ended with $?\"; read line"
            #expect(
                try await tmux(
                    "new-session", "-d", "-x", "80", "-y", "24", "/bin/sh", "-c", command
                ).status == 0)
            func screen(until words: String) async throws -> String {
                var text = ""
                _ = try await life.turns {
                    text = try await tmux("capture-pane", "-p").output
                    return text.contains(words)
                }
                return text
            }
            let shown = try await screen(until: "ctrl-C ends")
            #expect(shown.contains("Carillon  20") && shown.contains("SCHEDULE"), "\(shown)")
            #expect(shown.contains("hourly") && !shown.contains("before"), "\(shown)")
            #expect(shown.split(separator: "\n").allSatisfy { $0.count <= 80 })
            _ = try await tmux("send-keys", "C-c")
            let after = try await screen(until: "ended with")
            #expect(after.contains("before") && after.contains("ended with 0"), "\(after)")
            _ = try await tmux("kill-server")
            #expect(await life.stop().status == 0)
        }
    }

    @Test("Where there is no terminal, it says so in one sentence and ends")
    func withoutATerminal() async throws {
        let site = try Site(port: 1)
        defer { site.remove() }
        let outcome = try await Program.run(
            Program.carillon, ["watch", "--config", site.config])
        #expect(outcome.status == 2)
        #expect(outcome.output == "")
        #expect(outcome.errors.contains("watch needs a terminal that can move its cursor"))
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    }
}
