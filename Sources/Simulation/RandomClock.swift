import Engine
import ProcessesAPI
import Timetable

/// What workloads of issue 14's last range draw: rules and windows of a wall clock that changes, days
/// off, deadlines and due dates, commands for a tag, and what a host lacks for a while.
extension RandomScenario {
    /// Where clocks of the stories stand, seconds east of UTC.
    private static let offsets: [Int] = [0, -18_000, -28_800, 3_600, 19_800, 45_900]

    /// Rules, windows, deadlines and calendars of the beginning.
    ///
    /// - Parameter dice: Its own, so that nothing else of the seed's workload changes.
    mutating func drawClocks(_ dice: inout Dice) {
        drawsClocks = true
        for index in configuration.schedules.indices {
            if case .rule = configuration.schedules[index].trigger, dice.chance(0.7) {
                drawRule(of: &configuration.schedules[index], &dice)
            }
            if dice.chance(0.5) { drawWindows(of: &configuration.schedules[index], &dice) }
            drawDeadlines(of: &configuration.schedules[index], &dice)
        }
        for index in scenario.processes.indices where dice.chance(0.4) {
            scenario.processes[index].jobsDueAfterDays = dice.pick([-1, -1, 0, 1])
        }
        drawCalendars(&dice)
    }

    /// One to three rules of one wall clock, which changes within the story as often as not.
    func drawRule(of schedule: inout Schedule, _ dice: inout Dice) {
        let (ground, offset) = drawGround(&dice)
        let day = RandomWorkload.start.adding(milliseconds: Int64(offset) * 1000)
        let today = CivilDate(ofUTC: day).dayNumber
        let parts = (0...dice.below(3)).map { _ in
            // A full hour of the story, or a quarter between two: where rules like to meet.
            let second = (day.seconds % 86_400 / 900 + dice.between(0, 24)) * 900 % 86_400
            let (hour, minute) = (second / 3600, second / 60 % 60)
            switch dice.below(6) {
            case 0: return "every \(dice.pick(Self.minutes))"
            case 1: return "cron */\(dice.pick([5, 10, 15, 20, 30])) * * * *"
            case 2: return "cron \(minute) * * * *"
            case 3: return "cron \(minute) \(hour) * * *"
            case 4:
                // The 24th of November is the 17th business day, or the fifth from the end.
                return "at \(dice.pick([16, 17, 17, 18, -5])) \(second)"
            default: return "dates \(today + dice.pick([0, 0, 1])) \(second)"
            }
        }
        // One that comes often, so that there is something to see.
        let often = dice.chance(0.7) ? ["cron */\(dice.pick([10, 15, 30])) * * * *"] : []
        var texts: [String] = []
        for text in often + parts where !texts.contains(text) { texts.append(text) }
        let rule = [texts.joined(separator: "; ")] + ground
        RandomRules.set(rule.joined(separator: " | "), of: &schedule)
    }

    /// A zone, sometimes with a change of its clock, a policy for it, and days off.
    private func drawGround(_ dice: inout Dice) -> (words: [String], offset: Int) {
        let offset = dice.pick(Self.offsets)
        let change =
            RandomWorkload.start.seconds / 900 * 900
            + dice.between(0, lengthMilliseconds / 900_000) * 900
        let step = dice.pick([-3600, 3600, -3600, 3600, 1800, 0])
        var words = ["in \(offset) \(change) \(offset + step)"]
        if dice.chance(0.5) {
            words.append(
                "dst \(dice.pick(["run-after", "skip"])) \(dice.pick(["first", "last", "both"]))")
        }
        if dice.chance(0.4) {
            let today = CivilDate(ofUTC: RandomWorkload.start).dayNumber
            let days = (-2...2).map { today + $0 }.filter { _ in dice.chance(0.4) }
            let policy = dice.pick(["skip", "next-business-day", "previous-business-day", "run"])
            words.append((["off \(policy)"] + days.map(String.init)).joined(separator: " "))
        }
        return (words, offset)
    }

    /// Up to three windows: spans, and some that come again by a wall clock that may change within them.
    func drawWindows(of schedule: inout Schedule, _ dice: inout Dice) {
        let (ground, offset) = drawGround(&dice)
        let isRule = schedule.ruleText.contains(" | ")
        let begin = RandomWorkload.start.adding(milliseconds: Int64(offset) * 1000).seconds
        let windows = (0..<dice.below(4)).map { _ in
            let effect = dice.pick(["skip", "delay", "delay", "delay", "run"])
            let lasts = dice.pick([5, 20, 45, 90, 150])
            if dice.chance(0.5) {
                let from =
                    RandomWorkload.start.seconds / 60 * 60
                    + dice.between(0, lengthMilliseconds / 60_000) * 60
                return "\(effect) \(from * 1000) \((from + Int64(lasts) * 60) * 1000)"
            }
            let quarter = (begin % 86_400 / 900 + dice.between(0, 20)) % 96
            let hour = dice.chance(0.6) ? String(quarter / 4) : "*"
            let minutes = hour == "*" ? min(lasts, 45) : lasts
            return "\(effect) cron \(quarter % 4 * 15) \(hour) * * * for \(minutes)"
        }
        let own = schedule.ruleText.split(separator: " | ").dropFirst().map(String.init)
        RandomRules.set(windows: windows, ground: isRule ? own : ground, of: &schedule)
    }

    private func drawDeadlines(of schedule: inout Schedule, _ dice: inout Dice) {
        let minute: Int64 = 60_000
        schedule.startByMilliseconds = dice.pick([nil, nil, 5 * minute, 60 * minute])
        schedule.runWithinMilliseconds = dice.pick([nil, nil, 2 * minute, 20 * minute])
        schedule.atLeastMilliseconds = dice.pick([nil, nil, 15_000, 60_000])
        if dice.chance(0.4) {
            let second = dice.between(0, 95) * 900
            schedule.finishBy = FinishBy(secondOfDay: Int(second), days: dice.below(2))
        }
    }

    /// Calendars whose holidays end: long ago, today, within the two months of the warning, later.
    mutating func drawCalendars(_ dice: inout Dice) {
        let today = CivilDate(ofUTC: RandomWorkload.start).dayNumber
        configuration.calendars = [:]
        for name in ["us-close", "target"] where dice.chance(0.6) {
            let last = today + dice.pick([-400, -1, 0, 1, 58, 59, 60, 61, 400])
            let holidays = [BusinessCalendar.Holiday(CivilDate(dayNumber: last))]
            configuration.calendars[name] = try? BusinessCalendar(name: name, holidays: holidays)
        }
    }

    // MARK: What happens

    /// Commands for all schedules with a tag at once, and what a host lacks for a while.
    ///
    /// - Parameter dice: Its own, so that nothing else of the seed's workload changes.
    /// - Returns: when each thing happens.
    mutating func clockEvents(_ dice: inout Dice) -> [(at: Int64, event: RandomWorkload.Event)] {
        var events: [(at: Int64, event: RandomWorkload.Event)] = []
        for number in 0..<dice.below(4) {
            let at = dice.between(1_000, lengthMilliseconds)
            events += tagEvents(at, number: number, &dice)
        }
        if dice.chance(0.3) {
            let at = dice.between(1_000, lengthMilliseconds)
            let why = "the proxy's secret is not there yet: /run/credentials/proxy"
            events.append((at, .missing(connection: "prod", why)))
            let lasts = dice.pick([20_000, 400_000, 3_000_000])
            events.append((at + Int64(lasts), .missing(connection: "prod", nil)))
        }
        for _ in 0..<dice.below(4) {
            events.append((dice.between(1_000, lengthMilliseconds), edit(&dice)))
        }
        return events
    }

    /// `--tag`: a command for each schedule that carries it, one right after the other, and again.
    private func tagEvents(
        _ at: Int64, number: Int, _ dice: inout Dice
    ) -> [(at: Int64, event: RandomWorkload.Event)] {
        let names = configuration.schedules.map(\.name).filter { _ in dice.chance(0.7) }
        let now = RandomWorkload.start.adding(milliseconds: at)
        let quarter = Instant(seconds: now.seconds / 900 * 900 + 900)
        let until = dice.chance(0.5) ? now.adding(milliseconds: 1_200_000) : nil
        let isForced = dice.chance(0.2)
        func commands(_ make: (String) -> OperatorCommand, at: Int64)
            -> [(at: Int64, event: RandomWorkload.Event)]
        {
            names.map { (at, .command(make($0))) }
        }
        switch dice.below(3) {
        case 0:
            let pauses = commands({ .pause(schedule: $0, until: until, reason: "tag") }, at: at)
            let end = at + Int64(dice.pick([60_000, 600_000, 3_600_000]))
            return pauses + commands({ .resume(schedule: $0) }, at: end)
        case 1:
            return commands({ .skip(schedule: $0, at: quarter, reason: "tag") }, at: at)
        default:
            // Repeated as it was, since its answer got lost.
            let again = at + Int64(dice.pick([1, 5_000, 90_000]))
            return [at, again].flatMap { at in
                commands(
                    {
                        .trigger(
                            schedule: $0, uuid: "t\(number)/\($0)", force: isForced, reason: "")
                    },
                    at: at)
            }
        }
    }

    /// Another rule, other windows, deadlines or calendars; or a schedule whose zone the host lacks, and
    /// its return.
    mutating func editClocks(_ index: Int, _ dice: inout Dice) {
        switch dice.below(6) {
        case 0, 1:
            guard case .rule = configuration.schedules[index].trigger else { return }
            drawRule(of: &configuration.schedules[index], &dice)
        case 2: drawWindows(of: &configuration.schedules[index], &dice)
        case 3: drawDeadlines(of: &configuration.schedules[index], &dice)
        case 4: drawCalendars(&dice)
        default:
            if let name = configuration.waiting.keys.min(), let schedule = shelf[name] {
                configuration.waiting[name] = nil
                configuration.schedules = (configuration.schedules + [schedule])
                    .sorted { $0.name < $1.name }
            } else if configuration.schedules.count > 1 {
                let schedule = configuration.schedules.remove(at: index)
                shelf[schedule.name] = schedule
                configuration.waiting[schedule.name] =
                    "the zone \(schedule.timezone) is not on this host: install tzdata-legacy"
            }
        }
    }
}
