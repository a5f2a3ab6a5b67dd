import Foundation
import Glibc
import Sandbox
import Testing

/// Signals that systemd, monitors and people send.
@Suite("Fault: signals", .timeLimit(.minutes(30)))
struct SignalTests {
    @Test(
        "A reload that comes while the config is being read is remembered",
        .enabled(if: Machine.canInject, Machine.injectAdvice))
    func earlyReload() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Site.distant)
            defer { site.remove() }
            let life = try await Life(
                config: site.config, in: site.folder,
                under: [
                    "/usr/bin/strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", site.config,
                    "-e", "trace=openat", "-e", "inject=openat:signal=HUP:when=1",
                ])
            #expect(await life.isReady(), "the daemon \(life.state)")
            #expect(
                try await life.turns {
                    try await site.ask("SELECT count(*) FROM audit WHERE action = 'reload'") == "1"
                }, "said: \(life.log)")
            #expect(await life.stop().status == 0)
        }
    }

    @Test("Signals that mean nothing to the daemon do nothing to it")
    func strangers() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Site.distant)
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            // Those that mean something: a reload, an end, a stop, or a fault of the program's own.
            let known: Set<Int32> = [
                SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL,
                SIGSEGV, SIGTERM, SIGSTOP, SIGTSTP, SIGSYS,
            ]
            // 32 and 33 are the C library's own.
            for signal in (Int32(1)...64)
            where !known.contains(signal) && ![32, 33].contains(signal) {
                kill(life.processID, signal)
            }
            await life.turns(2)
            #expect(life.state == "running")
            #expect(await life.stop().status == 0)
        }
    }

    @Test("More time is asked for before anything that may be slow")
    func startTime() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Site.distant)
            defer { site.remove() }
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.says("EXTEND_TIMEOUT_USEC="))
            #expect(await life.says("STATUS=opening and checking the database"))
            #expect(await life.isReady())
            #expect(await life.stop().status == 0)
        }
    }
}
