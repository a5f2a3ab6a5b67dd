import Dashboard
import Store
import Timetable

extension Samples {
    /// A schedule with three runs of 10, 30 and 60 minutes and a day that went wrong.
    static var schedule: DashboardSchedule {
        var line = ScheduleLine(
            name: "gl-refresh", rule: "0 6 * * 1-5 \(hostile)", timezone: "America/New_York")
        line.recent = [60, 30, 10].enumerated().map { index, minutes in
            let at = now.adding(milliseconds: -Int64(index + 1) * 86_400_000)
            return SlotMark(
                slotID: Int64(10 + index), slotAt: at, result: "succeeded", startedAt: at,
                endedAt: at.adding(milliseconds: Int64(minutes) * 60_000))
        }
        var schedule = DashboardSchedule(takenAt: now, line: line)
        schedule.facts = [("Time zone", "America/New_York"), ("Rule", line.rule)]
        schedule.next = [
            // Written before it passed.
            .init(
                at: now.adding(milliseconds: -1_000), local: "2026-11-24T00:39:59-05:00", note: ""),
            .init(
                at: now.adding(milliseconds: 19_200_000), local: "2026-11-24T06:00:00-05:00",
                note: hostile),
        ]
        schedule.history = overview.history
        schedule.days = [
            .init(date: CivilDate(year: 2026, month: 11, day: 20), results: ["succeeded": 1]),
            .init(
                date: CivilDate(year: 2026, month: 11, day: 23),
                results: ["succeeded": 3, "failed": 1]),
        ]
        return schedule
    }

    static var slot: DashboardSlot {
        var line = HistoryLine(
            slotID: 4711, schedule: "tax-package", slotAt: now, slotLocal: "2026-11-24T05:00:00Z",
            disposition: "held")
        line.reason = hostile
        var slot = DashboardSlot(
            takenAt: now, line: line,
            sentence: "The slot of tax-package is held until a person decides: \(hostile)")
        slot.attempts = [
            .init(at: "2026-11-24 05:00", what: "held", tone: "warn", words: hostile)
        ]
        slot.errors = errors.events
        return slot
    }

    static var connection: DashboardConnection {
        var line = ConnectionLine(name: "prod \(hostile)", baseURL: "https://x")
        line.trouble = hostile
        var connection = DashboardConnection(takenAt: now, line: line)
        connection.facts = [("Address", hostile)]
        connection.answers = [("200", 7), ("none", 2)]
        connection.schedules = ["gl-refresh", hostile]
        connection.attention = [
            .init(sinceAt: now, kind: "unreachable", subject: hostile, whatToDo: hostile)
        ]
        connection.errors = errors.events
        return connection
    }

    static var errors: DashboardLog {
        var errors = DashboardLog(takenAt: now)
        errors.events = [
            .init(
                at: "2026-11-24 05:00", what: "startProcess 500", tone: "bad", words: hostile)
        ]
        errors.olderBefore = now
        return errors
    }
}
