/// Where a ledger stands in the log of turns that two hosts share (docs/cluster.md).
package struct LogPlace: Sendable, Equatable {
    /// Names the log: another one begins whenever a ledger becomes the first entry of one.
    package var epoch: String
    /// Names this copy of the ledger.
    package var install: String
    /// The term of the last entry.
    package var term: Int64
    /// How many entries the ledger holds.
    package var seq: Int64
    /// The chain at that entry, in hexadecimal digits.
    package var chain: String

    /// A place in a log, as told by whoever keeps it.
    package init(epoch: String, install: String, term: Int64, seq: Int64, chain: String) {
        self.epoch = epoch
        self.install = install
        self.term = term
        self.seq = seq
        self.chain = chain
    }
}

/// A ledger that is a member: its transactions tell what they change, and it takes in those of others.
extension Ledger {
    /// Where the ledger stands; nil: it is no member.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func logPlace() throws -> LogPlace? {
        try database.first("SELECT epoch, install, term, seq, chain FROM cluster_local") { row in
            LogPlace(
                epoch: row.string(0), install: row.string(1), term: row.integer(2),
                seq: row.integer(3), chain: row.string(4))
        }
    }

    /// Gives this copy of the ledger a name of its own, unless the name that it has is of this very file.
    ///
    /// A backup that is put back, a copy for another host and one made by `cp` bring the name of the copy
    /// that they were made from, whose process may live: the lock of its file tells nothing of that.
    ///
    /// - Parameters:
    ///   - name: like no other.
    ///   - host: what tells this host from others.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func moveIn(as name: @autoclosure () -> String, on host: String) throws {
        let home = "\(host) \(identity?.words ?? "")"
        let known = try database.first("SELECT home FROM cluster_local") { $0.string(0) }
        guard let known, known != home else { return }
        try database.run(
            "UPDATE cluster_local SET install = ?, home = ? WHERE singleton = 1", .text(name()),
            .text(home))
    }

    /// Refuses a member where nothing is put into its log: its turns would be known to no other host.
    ///
    /// - Throws: `StoreError` of kind `.foreign`.
    package func refuseMember() throws {
        guard let place = try logPlace() else { return }
        throw StoreError(
            kind: .foreign, attempted: "use the database", path: database.path,
            cause: "it is a member of a cluster (log \(place.epoch)), and the config has no "
                + "[cluster]",
            advice: "put [cluster] back into the config, or restore a backup made by "
                + "`carillon backup`, which is a member of none")
    }

    /// How many migrations the ledger has, by which nodes tell whether they speak of the same tables.
    ///
    /// - Throws: `StoreError` if the ledger can't be read.
    package func migrationCount() throws -> Int {
        Int(try database.integer("SELECT count(*) FROM schema_migrations") ?? 0)
    }

    /// Notes where the ledger stands, in the transaction that brings it there.
    ///
    /// - Throws: `StoreError` if the ledger can't be written.
    package func note(_ place: LogPlace) throws {
        try database.run(
            """
            INSERT INTO cluster_local (singleton, epoch, install, term, seq, chain)
            VALUES (1, ?1, ?2, ?3, ?4, ?5) ON CONFLICT (singleton) DO UPDATE
            SET epoch = ?1, install = ?2, term = ?3, seq = ?4, chain = ?5
            """, .text(place.epoch), .text(place.install), .int(place.term), .int(place.seq),
            .text(place.chain))
    }

    /// Makes the changes of turns that another host has taken, in their order and in one transaction.
    ///
    /// - Parameters:
    ///   - turns: what each has changed.
    ///   - place: where the ledger stands afterwards.
    /// - Returns: nil if it stands there; what stood in the way otherwise, and nothing was done.
    /// - Throws: `StoreError` if the ledger can't be written.
    package func follow(_ turns: [[UInt8]], to place: LogPlace) throws -> ChangeConflict? {
        // No transaction like others: what this file is to be looked at for is not in the log, and is
        // noted when it leads.
        try begin()
        do {
            for changes in turns {
                guard let conflict = try database.apply(changes) else { continue }
                rollBack()
                return conflict
            }
            try note(place)
            try database.execute("COMMIT")
            return nil
        } catch {
            rollBack()
            throw error
        }
    }

    /// Every row of the ledger but those that say something of this file alone, for a comparison.
    ///
    /// - Returns: texts of rows by table, in the order of their keys.
    /// - Throws: `StoreError` if the ledger can't be read.
    package func rowsOfAllTables() throws -> [String: [String]] {
        var all: [String: [String]] = [:]
        for table in try Soundness.tables(of: database) where table != "cluster_local" {
            let key = try database.rows(
                "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", .text(table)
            ) { $0.string(0) }
            all[table] = try database.rows(
                "SELECT * FROM \(table) ORDER BY \(key.joined(separator: ", "))"
            ) { row in
                row.columnNames.enumerated().map { index, name in
                    "\(name)=\(row.value(Int32(index)))"
                }.joined(separator: " ")
            }
        }
        return all
    }
}
