import Store
import Testing
import Timetable

/// A connection under another name is the one it was: docs/protocol.md, "Connections".
@Suite struct ConnectionSuccessionTests {
    /// What a connection of the same address and client takes over; what is left out is named.
    @Test(arguments: [true, false])
    func everythingThatTheAPIHasSaidGoesAlong(keepsUser: Bool) throws {
        let scratch = try Scratch()
        let ledger = try scratch.ledger()
        for name in ["old", "new"] {
            try ledger.upsertConnection(name: name, baseURL: "https://a", apiVersion: "v")
        }
        let columns = try ledger.database.rows(
            "SELECT name, type FROM pragma_table_info('connections')"
        ) { (name: $0.string(0), type: $0.string(1)) }
        // Each column has a value of its own, so none is taken for another.
        let own: Set<String> = ["connection", "base_url", "api_version", "client", "removed_at"]
        for (index, column) in columns.enumerated() where !own.contains(column.name) {
            let value = column.type == "TEXT" ? "'t\(index)'" : "\(index)"
            try ledger.database.run(
                "UPDATE connections SET \(column.name) = \(value) WHERE connection = 'old'")
        }
        try ledger.database.run(
            "INSERT INTO hints VALUES ('old', 'start', 5000, 3, 4000)")
        try ledger.database.run(
            "INSERT INTO operation_limits VALUES ('old', 'start', 3, 60000, 17, 18)")
        try ledger.succeed("new", to: "old", keepsUser: keepsUser)

        var left: Set<String> = []
        for column in columns where !own.contains(column.name) {
            let isTaken = try ledger.database.integer(
                "SELECT count(DISTINCT \(column.name)) = 1 AND count(\(column.name)) = 2 "
                    + "FROM connections")
            if isTaken != 1 { left.insert(column.name) }
        }
        // The server's clock and what lists show are read again before anything goes by them; the
        // rest is told of the name.
        let readAgain: Set<String> = [
            "clock_checked_at", "clock_high_ms", "clock_low_ms", "clock_read_at", "last_error",
            "last_looked_at", "learned_at", "next_sweep_at", "requests_sent", "sweep_gap_ms",
        ]
        #expect(left == (keepsUser ? readAgain : readAgain.union(["user_id"])))
        for table in ["hints", "operation_limits"] {
            let both = try ledger.database.integer(
                "SELECT count(*) FROM \(table) WHERE operation = 'start'")
            #expect(both == 2, "\(table)")
        }
        #expect(
            try ledger.database.integer("SELECT until_at FROM hints WHERE connection = 'new'")
                == 5000)
    }
}
