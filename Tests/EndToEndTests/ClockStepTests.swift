import Foundation
import Sandbox
import Testing

/// A clock that is set while the daemon runs, or while it is down (rule 12).
///
/// Only the daemon's wall clock is faked: its monotonic clock, and the sandbox's, go on.
@Suite(
    "Fault: the clock is set", .timeLimit(.minutes(30)),
    .enabled(if: Machine.compiler != nil, Machine.compilerAdvice))
struct ClockStepTests {
    private static let hour: Int64 = 3600
    private static let day: Int64 = 24 * 3600

    @Test(
        "Set back by four seconds: what was started is passed a second time and not started again")
    func aLittleBack() async throws {
        try await story { clockwork in
            try await clockwork.runs(atLeast: 5)
            try await clockwork.set(by: -4)
            try await clockwork.runs(atLeast: 14)
            let (site, world) = (clockwork.site, clockwork.world)
            #expect(try await site.ask(Self.steps) == "1")
            let truth = Truth(site: site, world: world, periods: ["tick": 1])
            let (outcome, stoppedAt) = try await truth.stop(clockwork.life, now: clockwork.now)
            #expect(outcome.status == 0)
            let figures = try await truth.expect(upTo: stoppedAt)
            print("clock back by 4 s: \(figures)")
            #expect(figures.held == 0 && figures.adopted == 0)
        }
    }

    @Test(
        "Set forward: no start until the API agrees, then each slot of the gap has its end",
        arguments: [hour, day])
    func forward(seconds: Int64) async throws {
        try await story(every: seconds == Self.day ? 20 : 1) { clockwork in
            let period = seconds == Self.day ? 20 : 1
            try await clockwork.runs(atLeast: 1)
            let (began, earlier) = (ContinuousClock.now, clockwork.world.starts)
            try await clockwork.set(by: seconds)
            try await clockwork.expectNoStartsWhileTheAPIDisagrees()
            let before = clockwork.world.runIDs.count
            try await clockwork.letTheAPIFollow(by: seconds)
            try await clockwork.runs(atLeast: before + 1)
            let (site, world) = (clockwork.site, clockwork.world)
            let truth = Truth(site: site, world: world, periods: ["tick": period])
            let reachedAt = clockwork.now
            #expect(
                try await clockwork.life.turns { try await truth.isSettled(upTo: reachedAt) })
            let (outcome, stoppedAt) = try await truth.stop(clockwork.life, now: clockwork.now)
            #expect(outcome.status == 0)
            #expect(try await site.ask(Self.steps) == "1")
            // The gap is down time: its slots follow `missed`, and say why.
            let kinds = try await site.ask(
                "SELECT group_concat(DISTINCT disposition) FROM (SELECT disposition FROM slots "
                    + "WHERE slot_at <= \(reachedAt) ORDER BY disposition)")
            let isOverMissedWindow = seconds > 6 * Self.hour
            #expect(
                kinds == (isOverMissedWindow ? "coalesced,missed,started" : "coalesced,started"))
            let figures = try await truth.expect(upTo: stoppedAt)
            print("clock forward by \(seconds) s: \(figures)")
            // One start for the whole gap: beside it, only what became due in real time.
            let elapsed = (ContinuousClock.now - began).components.seconds
            #expect(world.starts - earlier <= Int(elapsed) / period + 3)
        }
    }

    @Test(
        "Set back: what was not sent is withdrawn and audited, and nothing runs twice",
        arguments: [hour, 2 * day])
    func back(seconds: Int64) async throws {
        try await story { clockwork in
            try await clockwork.runs(atLeast: 3)
            let began = try await clockwork.set(by: -seconds)
            try await clockwork.expectNoStartsWhileTheAPIDisagrees()
            let before = clockwork.world.runIDs.count
            try await clockwork.letTheAPIFollow(by: -seconds)
            try await clockwork.runs(atLeast: before + 2)
            #expect(await clockwork.life.stop().status == 0)
            let site = clockwork.site
            #expect(try await site.ask(Self.steps) == "1")
            try await Self.expectTwoStretches(clockwork, before: began)
        }
    }

    @Test("Set back by two days while the daemon was down")
    func backWhileDown() async throws {
        try await story { clockwork in
            try await clockwork.runs(atLeast: 3)
            _ = await clockwork.life.kill()
            let began = try await clockwork.set(by: -2 * Self.day)
            try await clockwork.letTheAPIFollow(by: -2 * Self.day)
            let before = clockwork.world.runIDs.count
            try await clockwork.startAgain()
            try await clockwork.runs(atLeast: before + 2)
            #expect(await clockwork.life.stop().status == 0)
            #expect(clockwork.life.log.contains("the clock is behind the last turn"))
            try await Self.expectTwoStretches(clockwork, before: began)
        }
    }

    private static let steps =
        "SELECT count(*) FROM audit WHERE actor = 'clock' AND action = 'step'"

    /// After a step back there are slots from before it, and slots from the new time on; each second
    /// of both stretches once, and each run of the world is one slot's.
    private static func expectTwoStretches(
        _ clockwork: FakedLife, before began: Int64
    ) async throws {
        let site = clockwork.site
        #expect(try await site.ask("PRAGMA integrity_check") == "ok")
        let breaks = try await site.ask(
            "SELECT count(*) FROM (SELECT slot_at - lag(slot_at) OVER (ORDER BY slot_at) AS gap "
                + "FROM slots WHERE kind = 'rule') WHERE gap <> 1000")
        #expect(breaks == "1")
        // What lies after the new time was sent before the step, or was withdrawn, audited.
        let unsent = try await site.ask(
            "SELECT count(*) FROM slots WHERE slot_at > \(clockwork.now) "
                + "AND disposition NOT IN ('started', 'unknown', 'held', 'coalesced')")
        #expect(unsent == "0")
        let first = try await site.ask("SELECT max(slot_at) <= \(began) FROM slots")
        #expect(first == "1")
        let known = Set(
            try await site.ask("SELECT run_id FROM runs WHERE slot_id IS NOT NULL")
                .split(separator: "\n").map(String.init))
        let held = Int(
            try await site.ask(
                "SELECT count(*) FROM history WHERE disposition IN ('held', 'unknown')"))
        let strangers = Set(clockwork.world.runIDs).subtracting(known)
        #expect(strangers.count <= held ?? 0, "runs that belong to no slot: \(strangers)")
    }

    private func story(
        every seconds: Int = 1, _ story: (FakedLife) async throws -> Void
    ) async throws {
        let world = World()
        try await world.serving { port in
            let site = try Site(
                port: port,
                schedules: """
                    [schedules.tick]
                    process = "\(Site.process)"
                    every = "\(seconds)s"
                    """)
            defer { site.remove() }
            let clockwork = try await FakedLife(site: site, world: world)
            try await story(clockwork)
        }
    }
}

/// A life whose wall clock a test sets.
private final class FakedLife {
    let site: Site
    let world: World
    private(set) var life: Life
    private var offsetSeconds: Int64 = 0

    init(site: Site, world: World) async throws {
        self.site = site
        self.world = world
        try await FakeClock.build(in: site.folder)
        try site.folder.write("0", to: "clock")
        life = try await Self.start(site)
        #expect(await life.isReady(), "\(life.state): \(life.log)")
    }

    /// The daemon's wall clock, Unix milliseconds.
    var now: Int64 { Truth.now + offsetSeconds * 1000 }

    func startAgain() async throws {
        life = try await Self.start(site)
        #expect(await life.isReady(), "\(life.state): \(life.log)")
    }

    /// Sets the daemon's wall clock.
    ///
    /// - Returns: What it can have shown at the latest before.
    @discardableResult
    func set(by seconds: Int64) async throws -> Int64 {
        let before = offsetSeconds
        offsetSeconds += seconds
        // Replaced as a whole: it is read at each call.
        try site.folder.write("\(offsetSeconds)", to: "clock.new")
        _ = try await Program.run(
            "/bin/mv", ["-f", site.folder.path("clock.new"), site.folder.path("clock")])
        return Truth.now + before * 1000
    }

    /// Sets the API's clock, too.
    func letTheAPIFollow(by seconds: Int64) async throws {
        world.sandbox.withState { $0.scenario.clockSkewMilliseconds += seconds * 1000 }
    }

    func runs(atLeast count: Int) async throws {
        let world = world
        #expect(await life.turns { world.runIDs.count >= count }, "said: \(life.log)")
    }

    /// Rule 12: our clock and the server's differ by more than 120 s.
    func expectNoStartsWhileTheAPIDisagrees() async throws {
        let site = site
        // What was on its way when the answer came has been answered, too.
        let isSaid = try await life.turns {
            try await site.ask(
                "SELECT count(*) > 0 AND NOT EXISTS (SELECT 1 FROM attempts WHERE state = 'starting') "
                    + "FROM attention WHERE kind = 'clock'") == "1"
        }
        #expect(isSaid, "no attention to the clock: \(life.log)")
        let before = world.starts
        await life.turns(3)
        #expect(world.starts == before)
    }

    private static func start(_ site: Site) async throws -> Life {
        try await Life(
            config: site.config, in: site.folder,
            environment: [
                "LD_PRELOAD": site.folder.path("clock.so"),
                "CLOCK_FILE": site.folder.path("clock"),
            ])
    }
}

/// A library that moves the wall clock of the program it is loaded into, and nothing else.
///
/// Not libfaketime: it moves the timers of libdispatch too, so that after a step back by an hour each
/// wait takes an hour longer, and Swift finds no arguments in the first program it is loaded into.
private enum FakeClock {
    static func build(in folder: Folder) async throws {
        try folder.write(source, to: "clock.c")
        let outcome = try await Program.run(
            Machine.compiler ?? "",
            ["-shared", "-fPIC", "-o", folder.path("clock.so"), folder.path("clock.c")],
            environment: ["PATH": "/usr/bin:/bin"])
        #expect(outcome.status == 0, "said: \(outcome.errors)")
    }

    private static let source = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <time.h>
        #include <unistd.h>

        static long long offset(void) {
            char text[32] = {0};
            int saved = errno, file = open(getenv("CLOCK_FILE"), O_RDONLY | O_CLOEXEC);
            if (file >= 0) {
                if (read(file, text, sizeof text - 1) < 0) text[0] = 0;
                close(file);
            }
            errno = saved;
            return atoll(text);
        }

        int clock_gettime(clockid_t clock, struct timespec *time) {
            int result = syscall(SYS_clock_gettime, clock, time);
            if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
                time->tv_sec += offset();
            return result;
        }

        // SQLite's and others' ways to ask.
        int gettimeofday(struct timeval *time, void *zone) {
            struct timespec now;
            (void)zone;
            if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
            time->tv_sec = now.tv_sec;
            time->tv_usec = now.tv_nsec / 1000;
            return 0;
        }

        time_t time(time_t *seconds) {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            if (seconds) *seconds = now.tv_sec;
            return now.tv_sec;
        }

        """
}
