/// Why PostgreSQL could not be asked, or has not done what it was asked: on which server, and what to do.
///
/// No part of a connection string is ever in its words: it may hold a password, also where it is broken.
package struct PostgresProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of problem it is, with what the server or libpq said of it.
    package enum Kind: Sendable, Equatable {
        case noLibrary
        /// The connection string can't be read.
        case malformed
        /// Nobody answers there, or none who can write.
        case unreachable(String)
        /// A password was asked for, and what was given is no login.
        case denied(String)
        case tooOld(version: String)
        /// A server that only reads.
        case readOnly
        /// What it acknowledges may be lost when it crashes.
        case asynchronous(setting: String)
        /// What it has is not what this node needs.
        case unfit(Unfit)
        /// An answer is still out.
        case silent(milliseconds: Int64)
        /// The connection was lost, and with it perhaps an answer.
        case lost(String)
        /// Done, but with a warning, for instance that no standby has it: only people can tell.
        case warned(String)
        /// Not done, by the server's own code and words.
        case failed(code: String, words: String)
        /// An answer that no Carillon has written.
        case unexpected(String)
    }

    /// What is wrong with the tables.
    package enum Unfit: Sendable, Equatable {
        case noTables
        /// The tables know nothing of that cluster.
        case noCluster(String)
        /// The cluster is there already, with that epoch.
        case taken(cluster: String, epoch: String)
        /// The ledger is a member of another log.
        case otherEpoch(own: String, log: String)
        case noRights(String)
    }

    package let kind: Kind
    /// Host and port, or the folder of a socket.
    package let server: String

    /// A problem with a server; empty: with none in particular.
    package init(_ kind: Kind, server: String = "") {
        self.kind = kind
        self.server = server
    }

    /// It may be over in a while without anybody touching the daemon or its cluster.
    package var isPassing: Bool {
        switch kind {
        case .unreachable, .silent, .lost, .warned, .failed, .readOnly: true
        case .noLibrary, .malformed, .denied, .tooOld, .asynchronous, .unfit, .unexpected: false
        }
    }

    package var description: String {
        switch kind {
        case .noLibrary:
            "cannot load libpq.so.5, which [cluster] needs: install the package libpq5"
        case .malformed:
            "cannot read the connection string of [cluster]: it is neither a list of key=value "
                + "(with quotes where there are spaces) nor a postgresql:// address; it is not shown "
                + "here, since it may hold a password"
        case .unreachable(let cause): "cannot reach PostgreSQL\(there): \(cause)"
        case .denied(let cause):
            "PostgreSQL\(there) refuses the login: \(cause); check user, password and database in "
                + "the connection string of [cluster]"
        case .tooOld(let version):
            "PostgreSQL\(there) is version \(version): [cluster] needs 13 or later"
        case .readOnly:
            "PostgreSQL\(there) only reads, as a standby does: name all servers in the connection "
                + "string of [cluster], and the one that writes is found"
        case .asynchronous(let setting):
            "PostgreSQL\(there) has synchronous_commit = \(setting), and forgets in a crash what it "
                + "has acknowledged: set it to on for the role of [cluster]"
        case .unfit(let what): what.words(there)
        case .silent(let milliseconds):
            "PostgreSQL\(there) has not answered for \(milliseconds) ms"
        case .lost(let cause): "the connection to PostgreSQL\(there) was lost: \(cause)"
        case .warned(let words): "PostgreSQL\(there) warns, so nothing is sure: \(words)"
        case .failed(let code, let words):
            "PostgreSQL\(there) has not done it: \(words) (SQLSTATE \(code))"
        case .unexpected(let what):
            "PostgreSQL\(there) has what no Carillon of this version writes: \(what)"
        }
    }

    private var there: String { server.isEmpty ? "" : " at \(server)" }
}

extension PostgresProblem.Unfit {
    fileprivate func words(_ there: String) -> String {
        switch self {
        case .noTables:
            "PostgreSQL\(there) has no tables of Carillon in this database: run `carillon cluster "
                + "init` on the host whose ledger is to be shared"
        case .noCluster(let name):
            "PostgreSQL\(there) knows no cluster \"\(name)\": check the name in [cluster], or run "
                + "`carillon cluster init` on the host whose ledger is to be shared"
        case .taken(let name, let epoch):
            "PostgreSQL\(there) has a cluster \"\(name)\" already, with the log \(epoch): choose "
                + "another name in [cluster], or have this host follow"
        case .otherEpoch(let own, let log):
            "the ledger belongs to the log \(own), and PostgreSQL\(there) has the log \(log): put a "
                + "copy of the leader's ledger in its place (`carillon backup --member`)"
        case .noRights(let missing):
            "the role of [cluster] lacks rights in PostgreSQL\(there): \(missing); grant them, or "
                + "make the role the owner of the tables"
        }
    }
}

extension PostgresProblem.Kind {
    /// The kind of a statement's failure.
    ///
    /// - Parameters:
    ///   - code: its SQLSTATE.
    ///   - words: the server's.
    /// - Returns: what a person can act on, where the code is one of those.
    static func of(code: String, words: String) -> Self {
        switch code {
        case "42501": .unfit(.noRights(words))
        case "3F000", "42P01": .unfit(.noTables)
        case "25006": .readOnly
        default: .failed(code: code, words: words)
        }
    }
}
