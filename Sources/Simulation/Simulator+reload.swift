package import Engine
import Timetable

/// What the simulator remembers of configurations, for the checker.
extension Simulator {
    /// What windows make of a slot is known to the checker where they were never edited.
    private func noteWindows(of new: EngineConfiguration) {
        func spans(_ schedules: [Schedule]) -> [String: [String]] {
            Dictionary(
                schedules.map { schedule in
                    // Those that come again are named by their words, and mean the schedule's zone.
                    let words = schedule.windows.map {
                        "\($0.name) \($0.effect) \($0.spans) \(schedule.zone.contentHash)"
                    }
                    return (schedule.name, words)
                },
                uniquingKeysWith: { first, _ in first })
        }
        let (before, after) = (spans(configuration.schedules), spans(new.schedules))
        for name in Set(before.keys).union(after.keys) where before[name] != after[name] {
            schedulesWithEditedWindows.insert(name)
        }
    }

    func noteRules() {
        for schedule in configuration.schedules {
            guard case .rule(let rule) = schedule.trigger else { continue }
            for name in [schedule.name, schedule.formerly].compactMap(\.self) {
                rules[name, default: [:]][schedule.ruleText] = rule
            }
        }
    }

    /// The rule that a schedule's text means, or meant under an earlier name.
    func rule(_ text: String, of schedule: String) -> FiringRule? { rules[schedule]?[text] }

    /// Somebody who has asked for a reload hears of it.
    func noteReply(_ commandID: UInt64, _ reply: CommandReply) {
        guard commandID == Self.reloadID, reply.exitCode != 0, let again = reloadAgainMilliseconds
        else { return }
        post(
            .configuration(configuration, commandID: Self.reloadID), afterMilliseconds: again)
    }

    /// Gives the daemon another configuration, now or at its next start.
    package func reload(_ new: EngineConfiguration) {
        noteWindows(of: new)
        configuration = new
        noteRules()
        if isUp { post(.configuration(new, commandID: Self.reloadID), afterMilliseconds: 0) }
    }
}
