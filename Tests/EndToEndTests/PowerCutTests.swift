// Two system calls: the file system is told to go without writing anything more.
import Foundation
import Glibc
import Sandbox
import Testing

/// Power cuts: an ext4 on a loop device that is shut down without flushing its journal, so that
/// what was not synced is lost (docs/reliability.md#tests).
@Suite("Fault: the power fails", .timeLimit(.minutes(30)))
struct PowerCutTests {
    private static let cuts = 14

    @Test(
        "Cut while starts go out: what was sent is known afterwards",
        .enabled(if: Machine.isRoot && Machine.canLoop, Machine.loopAdvice))
    func cuts() async throws {
        var chance = Chance()
        var lost = FaultRule(.lostAfter(), operation: "runProcess")
        lost.probability = 0.2
        let processes = (1...4).map { "power\($0)" }
        let world = World(faults: [lost]) { scenario in
            let template = scenario.processes[0]
            scenario.latencyMilliseconds = 0...60
            scenario.processes += processes.map { id in
                SandboxProcess(id: id, name: id, root: template.root)
            }
        }
        try await world.serving { port in
            let schedules = processes.map { process in
                """
                [schedules.\(process)]
                process = "\(process)"
                every = "1s"
                missed = "all"
                """
            }.joined(separator: "\n")
            let site = try Site(
                port: port, schedules: schedules, daemon: "catchup_per_minute = 1200", home: "disk")
            defer { site.remove() }
            let place = try await Place(Self.makeDisk(site))
            let truth = Truth(
                site: site, world: world,
                periods: Dictionary(uniqueKeysWithValues: processes.map { ($0, 1) }), place: place)
            for number in 0..<Self.cuts {
                try await oneCut(number, site, world, place, &chance)
            }
            world.heal()
            let healedAt = Truth.now
            let life = try await Life(
                config: site.config, in: site.folder, under: place.entrance)
            #expect(await life.isReady())
            #expect(try await life.turns { try await truth.isSettled(upTo: healedAt) })
            let (outcome, stoppedAt) = try await truth.stop(life)
            #expect(outcome.status == 0)
            let figures = try await truth.expect(upTo: stoppedAt)
            print("power cuts: seed \(chance.seed), \(Self.cuts) cuts, \(figures)")
            #expect(figures.runs > Self.cuts)
            await place.leave()
        }
    }

    /// A life that loses its disk, and the disk that comes back; every other one sees it happen.
    private func oneCut(
        _ number: Int, _ site: Site, _ world: World, _ place: Place, _ chance: inout Chance
    ) async throws {
        let life = try await Life(config: site.config, in: site.folder, under: place.entrance)
        #expect(await life.isReady(), "cut \(number): \(life.log)")
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...900, using: &chance)))
        if number.isMultiple(of: 2) {
            // No sync may be under way: one that the shutdown cuts off is reported as done (in 4 of
            // 270 cuts on a slow machine), which nobody lives to see when the power fails.
            #expect(await life.freeze())
            #expect(Self.shutDown(place.path(site.home)))
            life.thaw()
            await expectWaiting(life, world, "cut \(number)")
            _ = await life.kill()
        } else {
            _ = await life.kill()
            #expect(!life.log.contains("nothing is sent: "), "cut \(number): \(life.log)")
            #expect(Self.shutDown(place.path(site.home)))
        }
        try await place.run(
            """
            # A program that another test starts right now may have our descriptor for a moment.
            for attempt in $(seq 100); do umount \(site.home) && break; sleep 0.1; done
            mount -o loop,commit=60 /mnt/disk \(site.home)
            """)
        #expect(try await site.ask("PRAGMA integrity_check", from: place) == "ok")
    }

    /// It has seen its disk go: it says so, waits for it, and sends nothing more until the power fails.
    private func expectWaiting(_ life: Life, _ world: World, _ name: String) async {
        let isSaid = await life.turns { life.log.contains("nothing is sent: ") }
        #expect(isSaid, "\(name): \(life.state), said: \(life.log)")
        // What an earlier turn has released is on its way for a moment.
        await life.turns(1)
        let sent = world.starts
        await life.turns(2)
        #expect(world.starts == sent, "\(name): \(life.log)")
        #expect(life.state == "running", "\(name): \(life.log)")
    }

    /// The image lies in memory: only the loop device's own file system can lose anything.
    private static func makeDisk(_ site: Site) -> String {
        """
        mount -t tmpfs tmpfs /mnt
        truncate -s 48M /mnt/disk
        mkfs.ext4 -q -F /mnt/disk
        mount -o loop,commit=60 /mnt/disk \(site.home)
        """
    }

    /// EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH.
    private static func shutDown(_ path: String) -> Bool {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var flags: UInt32 = 2
        return unsafe ioctl(descriptor, 0x8004_587D, &flags) == 0
    }
}
