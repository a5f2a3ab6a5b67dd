import Engine
import Store
import Timetable

extension ScheduleTimes {
    /// Which rows lie after the last day of their connection's grant or version.
    ///
    /// - Parameters:
    ///   - rows: of any schedules.
    ///   - configuration: their connections.
    /// - Returns: the rows with that in their notes.
    static func warned(_ rows: [Row], _ configuration: EngineConfiguration) -> [Row] {
        let connections = Dictionary(
            configuration.schedules.map { ($0.name, configuration.connections[$0.connection]) },
            uniquingKeysWith: { first, _ in first })
        return rows.map { row in
            guard case .run = row.decision, let connection = connections[row.schedule] ?? nil else {
                return row
            }
            var row = row
            let day = CivilDate(ofUTC: row.at)
            for (last, what) in [
                (connection.grantExpires, "the grant of \(connection.name) has expired"),
                (connection.versionEnds, "the API version of \(connection.name) has ended"),
            ] {
                guard let last, last < day else { continue }
                let words = "by then \(what) (\(last.iso8601))"
                row.note = row.note.isEmpty ? words : "\(row.note); \(words)"
            }
            return row
        }
    }

    /// With `max_runs`: which run is the last, and that nothing starts after it.
    ///
    /// - Parameters:
    ///   - rows: in the order of time, from now on.
    ///   - schedules: of the config.
    ///   - reader: knows how many runs there were; nil: none.
    /// - Returns: the rows with that in their notes.
    static func limited(
        _ rows: [Row], _ schedules: [Schedule], _ reader: LedgerReader?
    ) -> [Row] {
        var limits: [String: (started: Int, max: Int)] = [:]
        for schedule in schedules {
            guard let max = schedule.maxRuns else { continue }
            let started = reader.flatMap { try? $0.startedRuns(schedule: schedule.name) }
            limits[schedule.name] = (started ?? 0, max)
        }
        return rows.map { row in
            guard case .run = row.decision, let (started, max) = limits[row.schedule] else {
                return row
            }
            var row = row
            guard started < max else {
                row.decision = .skipped(reason: "max_runs (\(max)) is reached")
                row.note = "skipped: max_runs (\(max)) is reached"
                return row
            }
            limits[row.schedule]?.started += 1
            // A number of many is no news with each line.
            guard max - started <= 10 else { return row }
            let words =
                "run \(started + 1) of \(max)" + (started + 1 == max ? ", the last one" : "")
            row.note = row.note.isEmpty ? words : "\(row.note); \(words)"
            return row
        }
    }
}
