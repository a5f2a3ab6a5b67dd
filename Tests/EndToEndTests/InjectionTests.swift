import Foundation
import FoundationNetworking
import Loopback
import Sandbox
import Testing

/// System calls that fail, and deaths at the n-th of them: strace's injection
/// (docs/reliability.md#tests).
@Suite("Fault: system calls fail", .timeLimit(.minutes(30)))
struct InjectionTests {
    /// What strace does to a life.
    struct Injection: Sendable, CustomStringConvertible {
        let call: String
        let effect: String
        var description: String { "\(call):\(effect)" }
    }

    /// The calls of a life up to its first starts, counted by thread: the first of them open the
    /// database, the later ones commit turns.
    private static let spread = [1, 2, 3, 5, 8, 12, 17, 24, 32, 41, 55, 70]

    @Test(
        "A failed write or sync releases no effect, and is got over by a file that is checked anew",
        .enabled(if: Machine.canInject, Machine.injectAdvice))
    func errors() async throws {
        let injections =
            [3, 4, 8, 13, 20].map {
                Injection(call: "fdatasync", effect: "error=EIO:when=\($0)")
            }
            + zip(
                [2, 6, 12, 20, 35, 60, 90], ["EIO", "EDQUOT", "EROFS", "EIO", "EDQUOT", "EROFS"]
            )
            .map { Injection(call: "pwrite64", effect: "error=\($1):when=\($0)") }
        try await lives(injections, name: "I/O errors") { life, injection in
            #expect(await life.isReady(), "\(injection) said: \(life.log)")
            let isOver = await life.turns { life.log.contains("the database takes turns again") }
            #expect(isOver, "\(injection) said: \(life.log)")
            #expect(life.log.contains("nothing is sent: "), "\(injection) said: \(life.log)")
            #expect(await life.stop().status == 0, "\(injection) said: \(life.log)")
        }
    }

    @Test(
        "A read that fails once doesn't end the daemon, whichever it is",
        .enabled(if: Machine.canInject, Machine.injectAdvice))
    func unreadOnce() async throws {
        // By thread: the last ones are met by a check beside the turns, if by any.
        let injections = [12, 30, 60, 100, 200, 400].map {
            Injection(call: "pread64", effect: "error=EIO:when=\($0)")
        }
        try await lives(injections, name: "a read error") { life, injection in
            #expect(await life.isReady(), "\(injection) said: \(life.log)")
            await life.turns(3)
            #expect(await life.stop().status == 0, "\(injection) said: \(life.log)")
            #expect(!life.log.contains("is damaged"), "\(injection) said: \(life.log)")
        }
    }

    @Test(
        "A disk that can't be read is waited for, loudly",
        .enabled(if: Machine.canInject, Machine.injectAdvice))
    func unreadable() async throws {
        let injections = [12, 30, 60, 100].map {
            Injection(call: "pread64", effect: "error=EIO:when=\($0)+")
        }
        try await lives(injections, name: "read errors") { life, injection in
            #expect(await life.isReady(), "\(injection) said: \(life.log)")
            let isSaid = await life.turns { life.log.contains("nothing is sent: ") }
            #expect(isSaid, "\(injection) said: \(life.log)")
            #expect(life.log.contains("kernel log"), "\(injection) said: \(life.log)")
            #expect(!life.log.contains("restore a backup"), "\(injection) said: \(life.log)")
            // Its last words can't be written; the next life finds out how it ended.
            _ = await life.stop()
        }
    }

    @Test(
        "Syncs that fail for good under open connections: it stays, says so to all, and ends when told",
        .enabled(if: Machine.canInject, Machine.injectAdvice))
    func syncsFailUnderConnections() async throws {
        let world = World()
        let door = try ReservedPort()
        defer { door.release() }
        try await world.serving { port in
            let site = try Site(
                port: port, schedules: Self.schedules,
                daemon: "http = \"127.0.0.1:\(door.number)\"\n\(Self.ramp)")
            defer { site.remove() }
            let injection = Injection(call: "fdatasync", effect: "error=EIO:when=12+")
            let life = try await Life(
                config: site.config, in: site.folder, under: Self.strace(injection))
            let url = try #require(URL(string: "http://127.0.0.1:\(door.number)/healthz"))
            // Each session keeps its connection open.
            let sessions = (0..<20).map { _ in URLSession(configuration: .ephemeral) }
            defer { for session in sessions { session.invalidateAndCancel() } }
            func answers() async -> [Int] {
                var statuses: [Int] = []
                for session in sessions {
                    let answer = try? await session.data(from: url).1 as? HTTPURLResponse
                    statuses.append(answer?.statusCode ?? 0)
                }
                return statuses
            }
            let isSaid = await life.turns { life.log.contains("nothing is sent: ") }
            #expect(isSaid, "\(life.state), said: \(life.log)")
            _ = await answers()
            await life.turns(2)
            #expect(Set(await answers()) == [503], "\(life.state), said: \(life.log)")
            #expect(life.state == "running", "said: \(life.log)")
            let outcome = await life.stop()
            #expect(outcome.status >= 0 && outcome.status <= 1, "\(outcome.status): \(life.log)")
            // A life without the fault finds nothing that was sent without its intent.
            let stored = Int(try await site.ask("SELECT count(*) FROM attempts")) ?? 0
            #expect(world.starts <= stored)
        }
    }

    @Test(
        "Killed at the n-th system call, over a spread of n",
        .enabled(if: Machine.canInject, Machine.injectAdvice))
    func kills() async throws {
        let injections =
            Self.spread.map { Injection(call: "pwrite64", effect: "signal=KILL:when=\($0)") }
            + Self.spread.prefix(7).map {
                Injection(call: "fdatasync", effect: "signal=KILL:when=\($0)")
            }
            + Self.spread.prefix(6).map {
                Injection(call: "write,writev,sendto,sendmsg", effect: "signal=KILL:when=\($0)")
            }
            + Self.spread.prefix(6).map {
                Injection(call: "read,recvfrom,recvmsg", effect: "signal=KILL:when=\($0 * 4)")
            }
        try await lives(injections, name: "kill at the n-th call") { life, injection in
            let outcome = await life.end()
            #expect(outcome.status == SIGKILL, "\(injection) said: \(outcome.errors)")
        }
    }

    @Test(
        "One write without room is got over",
        .enabled(if: Machine.canInject, Machine.injectAdvice))
    func passing() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Self.schedules, daemon: Self.ramp)
            defer { site.remove() }
            let truth = Truth(site: site, world: world, periods: Self.periods)
            // The ledger is made first, so that the writes meant are those of turns.
            let maker = try await Life(config: site.config, in: site.folder)
            #expect(await maker.isReady())
            #expect(await maker.stop().status == 0)
            let injection = Injection(call: "pwrite64", effect: "error=ENOSPC:when=20")
            let life = try await Life(
                config: site.config, in: site.folder, under: Self.strace(injection))
            // It may come before READY, which then says that all is well again.
            #expect(await life.says("STATUS=disk full"), "said: \(life.log)")
            #expect(await life.turns { life.log.contains("takes turns again") })
            let reachedAt = Truth.now
            #expect(try await life.turns { try await truth.isSettled(upTo: reachedAt) })
            let (outcome, stoppedAt) = try await truth.stop(life)
            #expect(outcome.status == 0, "said: \(life.log)")
            try await truth.expect(upTo: stoppedAt)
        }
    }

    @Test(
        "An opening that takes longer than a turn may is no reason for the watchdog",
        .enabled(if: Machine.canInject, Machine.injectAdvice))
    func slowOpening() async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(port: port, schedules: Self.schedules, daemon: Self.ramp)
            defer { site.remove() }
            // The disk is full at first, which counts as a turn; then each migration takes its time.
            let full = Injection(call: "pwrite64", effect: "error=ENOSPC:when=2")
            let slow = Injection(call: "fdatasync", effect: "delay_enter=1500000:when=1..20")
            let strace =
                Self.strace(full).map {
                    $0 == "trace=pwrite64" ? "trace=pwrite64,fdatasync" : $0
                } + ["-e", "inject=\(slow)"]
            let life = try await Life(config: site.config, in: site.folder, under: strace)
            #expect(await life.says("STATUS=disk full"), "said: \(life.log)")
            await life.turns(5)
            #expect(!life.log.contains("takes turns again"), "said: \(life.log)")
            #expect(await life.turns { life.log.contains("takes turns again") })
            #expect(await life.stop().status == 0, "said: \(life.log)")
        }
    }

    /// One life for each injection, then a whole one; the ledger must tell the truth at the end.
    private func lives(
        _ injections: [Injection], name: String, _ live: (Life, Injection) async -> Void
    ) async throws {
        var lost = FaultRule(.lostAfter(), operation: "runProcess")
        lost.probability = 0.2
        let world = World(faults: [lost])
        try await world.serving { port in
            let site = try Site(port: port, schedules: Self.schedules, daemon: Self.ramp)
            defer { site.remove() }
            let truth = Truth(site: site, world: world, periods: Self.periods)
            for injection in injections {
                let life = try await Life(
                    config: site.config, in: site.folder, under: Self.strace(injection))
                await live(life, injection)
                // No effect of a turn that was not durable: each request has its attempt.
                let attempts =
                    Int(
                        try await site.ask(
                            "SELECT count(*) FROM sqlite_schema WHERE name = 'attempts'")) ?? 0
                guard attempts == 1 else {
                    #expect(world.starts == 0)
                    continue
                }
                let stored = Int(try await site.ask("SELECT count(*) FROM attempts")) ?? 0
                #expect(world.starts <= stored, "\(injection): a request without an intent")
            }
            world.heal()
            let healedAt = Truth.now
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            #expect(try await life.turns { try await truth.isSettled(upTo: healedAt) })
            let (outcome, stoppedAt) = try await truth.stop(life)
            #expect(outcome.status == 0)
            let figures = try await truth.expect(upTo: stoppedAt)
            print("\(name): \(injections.count) lives, \(figures)")
            #expect(figures.runs > 0)
        }
    }

    /// strace as a grandchild of ours, so that the process we start becomes the daemon.
    private static func strace(_ injection: Injection) -> [String] {
        [
            "/usr/bin/strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e",
            "trace=\(injection.call)", "-e", "inject=\(injection)",
        ]
    }

    private static let ramp = "catchup_per_minute = 1200"
    private static let periods = ["tick": 1, "tock": 1]
    private static let schedules = """
        [schedules.tick]
        process = "\(Site.process)"
        every = "1s"
        [schedules.tock]
        process = "\(Site.other)"
        every = "1s"
        missed = "all"
        """
}
