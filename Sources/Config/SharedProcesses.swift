import Engine

/// Finds processes that several connections reach: each of them has a budget and a user of its own,
/// and most often nobody meant to have two.
struct SharedProcesses {
    let connections: [String: Connection]
    let schedules: [Schedule]

    /// A process at an API, whatever the spelling of its address.
    private struct Place: Hashable {
        var baseURL: String
        var process: String
    }

    /// Warns at the schedule that names the process by another connection than the first one does.
    ///
    /// - Parameters:
    ///   - nodes: the schedules' tables.
    ///   - problems: takes the warnings.
    func warn(at nodes: [String: ConfigNode], _ problems: ConfigProblems) {
        var first: [Place: Schedule] = [:]
        for schedule in schedules {
            guard let connection = connections[schedule.connection] else { continue }
            let process =
                switch schedule.process {
                case .id(let id): "id \(id)"
                case .name(let pattern): "name \(pattern)"
                }
            let place = Place(baseURL: connection.baseURL, process: process)
            guard let known = first[place] else {
                first[place] = schedule
                continue
            }
            guard known.connection != schedule.connection, let node = nodes[schedule.name] else {
                continue
            }
            problems.warning(
                node.entries?["process"] ?? node,
                "schedule \"\(known.name)\" starts the same process through connection "
                    + "\"\(known.connection)\", which is the same API as "
                    + "\"\(schedule.connection)\" (\(connection.baseURL)); if that is not meant, let "
                    + "both use one connection")
        }
    }
}
