import Cluster
import Engine
import ProcessesAPI
import Timetable

/// How a start leaves a node: asked for by its hold before the connection, and before the body (R8 of
/// docs/cluster.md).
extension ClusterNode {
    /// A start on its way to the wire.
    private struct Start {
        var effect: RequestEffect
        var slotID: Int64?
        var life: Int
        var term: Int64
        var connectedAt: Instant
    }

    func wire(_ effect: RequestEffect, slotID: Int64?) -> Bool {
        guard case .startRun = effect.call, let tenure = member.lease.tenure else { return false }
        world.checkReleased(
            seq: member.place.seq, chain: member.place.chain, node: index)
        let start = Start(
            effect: effect, slotID: slotID, life: simulator.lives, term: tenure.term,
            connectedAt: world.time)
        let lane = world.dice.chance(0.15) ? world.dice.between(0, 18_000) : 0
        world.after(lane + world.dice.between(10, 300), self, survivesFence: true) {
            [unowned self] in connect(start)
        }
        return true
    }

    private func connect(_ start: Start) {
        setWall()
        var start = start
        guard member.lease.isOpen(term: start.term, at: now),
            start.effect.sendBy.map({ simulator.wall <= $0 }) ?? true
        else {
            return fail(start, .notSent(reason: "the lease is over", isCertificate: false))
        }
        start.connectedAt = world.time
        world.after(world.dice.between(1, 30), self, survivesFence: true) {
            [unowned self, start] in writeBody(start)
        }
    }

    private func writeBody(_ start: Start) {
        guard member.lease.isOpen(term: start.term, at: now) else {
            return fail(start, .lost("the lease is over"))
        }
        // Between the look at the clock and the write, which nothing can guard.
        if world.dice.chance(world.pauseBeforeWrite) { pauseBeforeWrite() }
        world.after(0, self, survivesFence: true) { [unowned self] in write(start) }
    }

    private func pauseBeforeWrite() {
        if world.dice.chance(0.6) {
            let length = world.dice.pick([
                world.dice.between(1_000, Self.stallMilliseconds - 1_000),
                world.dice.between(8_000, Self.stallMilliseconds - 1_000),
                world.dice.between(Self.stallMilliseconds, 200_000),
            ])
            pause(length, isFrozen: true)
        } else {
            // The watchdog ends longer ones.
            pause(world.dice.between(1_000, 15_000), isFrozen: false)
        }
    }

    private func write(_ start: Start) {
        // The server has closed a request that stayed half.
        guard world.time.since(start.connectedAt) < Self.stallMilliseconds else {
            return fail(start, .lost("closed by the other end"))
        }
        world.checkWritten(term: start.term, node: index)
        simulator.rest(until: world.time)
        world.withSandbox(of: self) {
            simulator.send(start.effect, slotID: start.slotID, life: start.life)
        }
    }

    private func fail(_ start: Start, _ failure: TransportFailure) {
        simulator.rest(until: world.time)
        simulator.fail(start.effect, failure, life: start.life)
    }

    func pause(_ milliseconds: Int64, isFrozen: Bool) {
        guard pausedUntil <= world.time else { return }
        pausedUntil = world.time.adding(milliseconds: milliseconds)
        if isFrozen { clock.freeze(milliseconds) }
        world.note("node \(index) stops for \(milliseconds) ms, frozen \(isFrozen)")
    }
}
