import Cluster
import Timetable

/// The way between a node and the log.
struct ClusterNetwork {
    /// What is wrong with it.
    enum Cut: CaseIterable {
        case requests, acknowledgements, both
        /// Requests arrive, seconds late.
        case late
    }

    private var cuts: [Int: (cut: Cut, until: Instant)] = [:]

    mutating func cut(_ node: Int, _ cut: Cut, until: Instant) { cuts[node] = (cut, until) }
    mutating func heal() { cuts = [:] }

    /// How long a request is on its way; nil: it never arrives.
    func requestMilliseconds(of node: Int, at now: Instant, _ dice: inout Dice) -> Int64? {
        var milliseconds = dice.between(1, 4)
        if dice.chance(0.01) { milliseconds += dice.between(50, 4_000) }
        switch present(node, now) {
        case .requests, .both: return nil
        case .late: return milliseconds + dice.between(500, 9_000)
        case .acknowledgements, nil: return milliseconds
        }
    }

    /// How long its acknowledgement is on its way; nil: it never arrives.
    func answerMilliseconds(of node: Int, at now: Instant, _ dice: inout Dice) -> Int64? {
        let milliseconds = dice.between(1, 4)
        switch present(node, now) {
        case .acknowledgements, .both: return nil
        case .requests, .late, nil: return dice.chance(0.01) ? nil : milliseconds
        }
    }

    private func present(_ node: Int, _ now: Instant) -> Cut? {
        guard let cut = cuts[node], now < cut.until else { return nil }
        return cut.cut
    }
}

/// A node's clock since boot: it may go a little too fast or slow, and stand still with its host.
struct BootClock {
    private let driftPerMille: Int64
    private let start: Instant
    private var frozenMilliseconds: Int64 = 0

    init(start: Instant, driftPerMille: Int64) {
        self.start = start
        self.driftPerMille = driftPerMille
    }

    func reading(at time: Instant) -> BootTime {
        let elapsed = time.since(start) - frozenMilliseconds
        return BootTime(milliseconds: elapsed + elapsed * driftPerMille / 1000)
    }

    /// How far the wall clock, which goes by the same crystal, has gone wrong.
    func driftMilliseconds(at time: Instant) -> Int64 { time.since(start) * driftPerMille / 1000 }

    mutating func freeze(_ milliseconds: Int64) { frozenMilliseconds += milliseconds }
}
