package import Cluster
package import Timetable

/// What a node says of itself, for the other one and for people.
package struct NodeReport: Sendable, Equatable {
    package var holder: Holder
    package var version: String
    /// How many migrations it knows.
    package var schema: Int
    /// Its plan by one word: hosts of one plan have the same.
    package var plan: String
    /// How far its ledger is.
    package var seq: Int64
    /// Its wall clock less the keeper's.
    package var clockMilliseconds: Int64
    /// Why it can't lead; nil: it can.
    package var obstacle: String?

    /// A report as it is sent, or was read.
    package init(
        holder: Holder, version: String, schema: Int, plan: String, seq: Int64,
        clockMilliseconds: Int64, obstacle: String?
    ) {
        self.holder = holder
        self.version = version
        self.schema = schema
        self.plan = plan
        self.seq = seq
        self.clockMilliseconds = clockMilliseconds
        self.obstacle = obstacle
    }
}

/// The tables themselves, what nodes say in them, and what is taken out of them.
extension PostgresLog {
    /// A node of which nothing was heard for so long makes room for another of its name.
    private static let namesakeMilliseconds: Int64 = 10_000

    /// The script that makes the tables; made twice it changes nothing.
    package static var schema: String { LogStatement.schema }

    /// Looks whether this node can work with what is there.
    ///
    /// - Parameter epoch: of its ledger; nil: it is no member yet.
    /// - Returns: the lease.
    /// - Throws: `PostgresProblem` for the first thing that is in the way.
    package func check(epoch: String?) throws(PostgresProblem) -> Lease {
        guard let row = try ask(LogStatement.rights, []).first else { throw unfit(.noTables) }
        guard try row.integer(0) == 3 else { throw unfit(.noTables) }
        let missing = try row.text(1)
        guard missing.isEmpty else { throw unfit(.noRights(missing)) }
        guard case .read(let lease, _, _) = perform(.read(after: .max - 1, limit: 1)) else {
            throw problem ?? unfit(.noCluster(cluster))
        }
        if let epoch, epoch != lease.epoch {
            throw unfit(.otherEpoch(own: epoch, log: lease.epoch))
        }
        return lease
    }

    /// Makes the tables where there are none, and begins a log in them.
    ///
    /// - Parameters:
    ///   - epoch: names the log.
    ///   - old: the log whose place it takes, whoever leads it; nil: there must be none.
    /// - Throws: `PostgresProblem`, if there is another log, or it can't be done.
    package func found(epoch: String, replacing old: String? = nil) throws(PostgresProblem) {
        let tables = try ask(LogStatement.rights, []).first?.integer(0)
        if tables != 3 { try run(LogStatement.schema) }
        let isNew =
            if let old {
                try isDone(
                    LogStatement.replace, [.text(cluster), .text(epoch), .text(old)])
            } else { try isDone(LogStatement.found, [.text(cluster), .text(epoch)]) }
        if isNew { return }
        guard let other = try ask(LogStatement.epoch, [.text(cluster)]).first?.text(0) else {
            throw unfit(.noCluster(cluster))
        }
        // An earlier question whose answer was lost has done it.
        guard other == epoch else { throw unfit(.taken(cluster: cluster, epoch: other)) }
    }

    /// Writes what a node says of itself.
    ///
    /// - Returns: false: another one goes by its name, on another copy of the ledger.
    /// - Throws: `PostgresProblem` if it can't be written.
    package func announce(_ report: NodeReport) throws(PostgresProblem) -> Bool {
        let values: [PostgresValue] = [
            .text(cluster), .text(report.holder.node), .text(report.holder.incarnation),
            .text(report.holder.install), .text(report.version),
            .integer(Int64(report.schema)), .text(report.plan), .integer(report.seq),
            .integer(report.clockMilliseconds), .text(report.obstacle ?? ""),
            .integer(Self.namesakeMilliseconds),
        ]
        return try !ask(LogStatement.announce, values).isEmpty
    }

    /// What the nodes have said, and when, by the keeper's clock; a hundred of them at most.
    ///
    /// - Throws: `PostgresProblem` if it can't be read.
    package func nodes() throws(PostgresProblem) -> [(report: NodeReport, seenAt: Instant)] {
        var nodes: [(report: NodeReport, seenAt: Instant)] = []
        for row in try ask(LogStatement.nodes, [.text(cluster)]) {
            let obstacle = try row.text(8)
            let report = NodeReport(
                holder: Holder(
                    incarnation: try row.text(1), install: try row.text(2), node: try row.text(0)),
                version: try row.text(3), schema: Int(clamping: try row.integer(4)),
                plan: try row.text(5), seq: try row.integer(6),
                clockMilliseconds: try row.integer(7),
                obstacle: obstacle.isEmpty ? nil : obstacle)
            nodes.append((report, Instant(milliseconds: try row.integer(9))))
        }
        return nodes
    }

    /// Takes old entries out of the log that no node of late needs.
    ///
    /// - Parameters:
    ///   - tenure: nothing happens without the lease.
    ///   - milliseconds: how long entries stay at least, and how long a silent node is waited for.
    ///   - limit: how many at most.
    /// - Returns: how many went.
    /// - Throws: `PostgresProblem` if it isn't known.
    package func cut(
        under tenure: Tenure, keeping milliseconds: Int64, limit: Int
    ) throws(PostgresProblem) -> Int {
        let values = held(tenure) + [.integer(milliseconds), .integer(Int64(limit))]
        return Int(clamping: try ask(LogStatement.cut, values).first?.integer(0) ?? 0)
    }
}
