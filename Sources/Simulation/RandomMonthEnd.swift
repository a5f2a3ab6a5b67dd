import Engine
import Timetable

/// What month-ends ask for, and workloads before them didn't draw: rules on parts of runs, days that
/// come, and people who make up for what a pause, a night or a wrong clock has taken.
extension RandomScenario {
    /// Policies of schedules and connections.
    ///
    /// - Parameter dice: Its own, so that nothing else of the seed's workload changes.
    mutating func drawMonthEnd(_ dice: inout Dice) {
        drawsMonthEnd = true
        for index in configuration.schedules.indices where dice.chance(0.5) {
            drawOutcome(of: &configuration.schedules[index], &dice)
        }
        for name in configuration.connections.keys.sorted() {
            drawDays(of: name, &dice)
        }
    }

    /// Rules on the whole run and on parts of it: some that are there, and one that isn't.
    func drawOutcome(of schedule: inout Schedule, _ dice: inout Dice) {
        let parts: [TreePart?] = [.job("Check"), .group("All"), .job("Nothing"), nil]
        func conditions() -> [OutcomeRules.Condition] {
            (0..<dice.below(3)).map { _ in
                OutcomeRules.Condition(
                    status: dice.pick(["error", "error", "complete", "cancelled"]), ofTotal: false,
                    comparison: .greater, threshold: 0, part: dice.pick(parts))
            }
        }
        schedule.outcome.failIf = conditions()
        schedule.outcome.warnIf = conditions()
    }

    /// Last days: long past, of today, and within every stage of what is told of them.
    mutating func drawDays(of connection: String, _ dice: inout Dice) {
        let today = CivilDate(ofUTC: RandomWorkload.start)
        func day() -> CivilDate? {
            dice.pick([nil, -30, -1, 0, 1, 6, 7, 29, 30, 400]).map { days in
                CivilDate(dayNumber: today.dayNumber + Int64(days))
            }
        }
        configuration.connections[connection]?.grantExpires = day()
        configuration.connections[connection]?.versionEnds = day()
    }

    /// Slots come to nothing in one of three ways, and somebody makes up for them.
    ///
    /// - Parameter dice: Its own, so that nothing else of the seed's workload changes.
    /// - Returns: when each thing happens.
    func monthEndEvents(_ dice: inout Dice) -> [(at: Int64, event: RandomWorkload.Event)] {
        var events: [(at: Int64, event: RandomWorkload.Event)] = []
        for number in 0...dice.below(3) {
            let name = "s\(dice.below(configuration.schedules.count))"
            let begin = dice.between(60_000, max(60_000, lengthMilliseconds * 2 / 3))
            let end = begin + Int64(dice.pick([600_000, 1_800_000, 5_400_000]))
            var (through, asked) = (end, end + Int64(dice.pick([0, 20_000, 200_000])))
            switch dice.below(3) {
            case 0:
                let pause = OperatorCommand.pause(schedule: name, until: nil, reason: "closed")
                events.append((begin, .command(pause)))
                events.append((end, .command(.resume(schedule: name))))
            case 1: events.append((begin, .down(milliseconds: end - begin)))
            default:
                events.append((begin, .clock(milliseconds: 7_200_000)))
                events.append((end, .clock(milliseconds: -7_200_000)))
                through += 7_200_000
                if dice.chance(0.7) { asked = dice.between(begin, end) }
            }
            let from = RandomWorkload.start.adding(milliseconds: begin)
            let upTo = RandomWorkload.start.adding(milliseconds: through)
            for again in 0...dice.below(2) {
                let command = OperatorCommand.backfill(
                    schedule: name, from: from, through: upTo, takesSkipped: dice.chance(0.8),
                    reason: "month-end \(number)")
                events.append((asked + Int64(again) * 240_000, .command(command)))
            }
            if dice.chance(0.5) { events.append((asked, .person(process: Self.processes[0]))) }
        }
        return events
    }
}
