import Foundation
import Sandbox
import Testing

/// The log's reader is slow, stopped or gone: no turn waits for it.
@Suite("Fault: nobody reads the log", .timeLimit(.minutes(30)))
struct LogPipeTests {
    private static let busy = """
        [schedules.tick]
        process = "\(Site.process)"
        every = "1s"
        [schedules.tock]
        process = "\(Site.other)"
        every = "1s"
        """

    @Test("A pipe that is full and never read: starts go on, and a stop is obeyed")
    func fullPipe() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Self.busy, daemon: "log = \"trace\"")
            defer { site.remove() }
            let pipe = site.folder.path("pipe")
            // Full from the beginning, and held open by a reader that never reads: descriptor 3.
            let script = """
                mkfifo \(pipe); exec 3<>\(pipe); dd if=/dev/zero of=\(pipe) bs=4096 count=16 \
                oflag=nonblock 2>/dev/null; exec "$@" 2>\(pipe)
                """
            let life = try await Life(
                config: site.config, in: site.folder, under: ["/bin/sh", "-c", script, "sh"])
            #expect(await life.isReady())
            try await expectStarts(site, life)
            #expect(await life.stop().status == 0)
        }
    }

    @Test("The reader was gone before the start: nothing is killed by the pipe")
    func readerGone() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Self.busy, daemon: "log = \"debug\"")
            defer { site.remove() }
            let pipe = site.folder.path("pipe")
            let script = """
                mkfifo \(pipe); exec 3<>\(pipe); exec 2>\(pipe); exec 3<&-; exec "$@"
                """
            let life = try await Life(
                config: site.config, in: site.folder, under: ["/bin/sh", "-c", script, "sh"])
            #expect(await life.isReady())
            try await expectStarts(site, life)
            #expect(await life.stop().status == 0)
        }
    }

    private func expectStarts(_ site: Site, _ life: Life) async throws {
        let isAtWork = try await life.turns {
            try await site.ask("SELECT count(*) >= 4 FROM runs WHERE outcome = 'succeeded'") == "1"
        }
        #expect(isAtWork, "the daemon \(life.state)")
    }
}
