package import Store
package import Timetable

/// Who is told of what, and when: the `notify` of the config without addresses and secrets, which
/// only the shell that delivers knows.
package struct NoticePlan: Sendable, Equatable {
    /// Names of targets by the family of events that they are told of.
    package typealias Route = [EventFamily: Set<String>]

    /// When a target wants its messages.
    package struct Target: Sendable, Equatable {
        package var zone = Zone.utc
        /// Seconds of the local day between which nothing is sent; the night may lie in between.
        package var quiet: Quiet?
        /// One message a day, at that second of the local day.
        package var digestSecondOfDay: Int?

        /// One that is told at once, at any time.
        package init() {}
    }

    /// Hours in which a target is left alone.
    package struct Quiet: Sendable, Equatable {
        package var fromSecondOfDay: Int
        package var untilSecondOfDay: Int

        package init(fromSecondOfDay: Int, untilSecondOfDay: Int) {
            self.fromSecondOfDay = fromSecondOfDay
            self.untilSecondOfDay = untilSecondOfDay
        }
    }

    package var targets: [String: Target] = [:]
    package var schedules: [String: Route] = [:]
    /// Of the schedules on a connection, for what they all hang on.
    package var connections: [String: Route] = [:]
    /// Of all schedules and of the defaults, for what concerns everybody.
    package var everybody: Route = [:]

    /// Schedules whose starts and ends a dead-man service is told.
    package var heartbeats: Set<String> = []

    /// Nobody is told of anything.
    package init() {}

    /// Puts the routes of schedules together.
    ///
    /// - Parameters:
    ///   - targets: by their names.
    ///   - schedules: name, connection and route of each.
    ///   - defaults: the route of `[defaults]`.
    package init(
        targets: [String: Target],
        schedules: [(name: String, connection: String, route: Route)], defaults: Route
    ) {
        self.targets = targets
        everybody = defaults
        for (name, connection, route) in schedules {
            self.schedules[name] = route
            let known = connections[connection] ?? defaults
            connections[connection] = known.merging(route) { $0.union($1) }
            everybody.merge(route) { $0.union($1) }
        }
    }

    /// All that is configured.
    var receivers: Set<Receiver> {
        Set(targets.keys.map(Receiver.target) + heartbeats.map(Receiver.heartbeat))
    }

    /// Who is told of an event, in the order of their names; of an end are told those who were told of
    /// its beginning, which only the ledger knows.
    package func targets(for event: EventRow) -> [String] {
        guard event.kind.isForPeople else { return [] }
        // One that has waited for a file from its first day on isn't known to the ledger yet.
        let waiting = event.kind == EventKind(.waits) ? event.subject : nil
        let route =
            (event.schedule ?? waiting).flatMap { schedules[$0] }
            ?? (event.schedule == nil ? event.connection.flatMap { connections[$0] } : nil)
            ?? everybody
        return (route[event.kind.family] ?? []).filter { name in
            // That it can't be reached need not be told to a target that can't be reached.
            targets[name] != nil && !(event.kind == EventKind(.notify) && event.subject == name)
        }.sorted()
    }
}
