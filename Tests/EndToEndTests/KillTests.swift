import Foundation
import Sandbox
import Testing

/// `kill -9` at random moments, with answers that are lost.
@Suite("Fault: killed at random moments", .timeLimit(.minutes(30)))
struct KillTests {
    private static let lives = 50

    @Test("50 lives of about a second: no slot is started twice, none is lost")
    func kills() async throws {
        var chance = Chance()
        let world = World(faults: Self.faults) { scenario in
            scenario.latencyMilliseconds = 0...80
            scenario.listDelayMilliseconds = 0...400
        }
        try await world.serving { port in
            let site = try Site(
                port: port, schedules: Self.schedules, daemon: "catchup_per_minute = 1200")
            defer { site.remove() }
            // A start without a look is held if its answer is lost: here all shall be found again.
            try site.edit("look_patience = \"5s\"", to: "look_patience = \"10m\"")
            let truth = Truth(site: site, world: world, periods: ["tick": 1, "tock": 2, "tack": 3])
            // How long a start takes on this machine.
            var start = Duration.milliseconds(300)
            for number in 0..<Self.lives {
                let began = ContinuousClock.now
                let life = try await Life(config: site.config, in: site.folder)
                // A random moment is the point: every third life ends in its start, or soon after.
                if number.isMultiple(of: 3) {
                    try await Task.sleep(for: start * Double.random(in: 0.1...2, using: &chance))
                } else {
                    #expect(await life.isReady(), "said: \(life.log)")
                    start = ContinuousClock.now - began
                    let work = max(start * 3, .milliseconds(1100))
                    try await Task.sleep(for: work * Double.random(in: 0...1, using: &chance))
                }
                #expect(await life.kill().status == SIGKILL, "it ended by itself: \(life.log)")
            }
            try await loseOne(site, world)
            world.heal()
            let healedAt = Truth.now
            let life = try await Life(config: site.config, in: site.folder)
            #expect(await life.isReady())
            #expect(try await life.turns { try await truth.isSettled(upTo: healedAt) })
            let (outcome, stoppedAt) = try await truth.stop(life)
            #expect(outcome.status == 0)
            let figures = try await truth.expect(upTo: stoppedAt)
            print("kill -9: seed \(chance.seed), \(Self.lives) lives, \(figures)")
            // The test has met what it is about.
            #expect(figures.adopted > 0, "no answer was lost: seed \(chance.seed)")
            #expect(figures.runs > Self.lives / 2)
        }
    }

    /// One more life, which loses an answer for certain: by chance the others may not.
    private func loseOne(_ site: Site, _ world: World) async throws {
        let before = world.sandbox.withState { state in
            state.removeFaults()
            state.inject(.next(.lostAfter(), operation: "runProcess"))
            return state.log.lost
        }
        let life = try await Life(config: site.config, in: site.folder)
        #expect(await life.turns { world.sandbox.withState { $0.log.lost } > before })
        _ = await life.kill()
    }

    private static var faults: [FaultRule] {
        // Both within request_window: the API acts, at once or a little later, and nobody hears.
        [
            (Fault.lostAfter(), 0.2), (.lostAfter(actsAfterMilliseconds: 600), 0.1),
            (.lostBefore, 0.1),
        ]
        .map { fault, probability in
            var rule = FaultRule(fault, operation: "runProcess")
            rule.probability = probability
            return rule
        }
    }

    private static let schedules = """
        [schedules.tick]
        process = "\(Site.process)"
        every = "1s"
        [schedules.tock]
        process = "\(Site.other)"
        every = "2s"
        missed = "all"
        [schedules.tack]
        process = "\(Site.other)"
        every = "3s"
        missed = "skip"
        """
}
