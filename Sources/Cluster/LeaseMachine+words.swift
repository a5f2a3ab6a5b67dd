extension LeaseMachine.Apart {
    /// What has happened and what to do, for people; the beginning of a sentence of its own.
    package var words: String {
        switch self {
        case .otherEpoch(let epoch):
            "the log is another one now, \(epoch); \(Self.copy)"
        case .ahead(let local, let log):
            "its ledger has \(local) entries and the log has \(log): PostgreSQL was put back to an "
                + "earlier state; stop all hosts, and begin a new log with the ledger that knows most "
                + "(`carillon cluster init`)"
        case .broken(let seq):
            "entry \(seq) of the log does not follow what its ledger has, or was removed as old; "
                + Self.copy
        case .conflict(let seq, let words):
            "entry \(seq) of the log does not fit its ledger: \(words); \(Self.copy)"
        case .otherSchema(let seq, let own, let log) where own < log:
            "entry \(seq) of the log is of a newer Carillon (\(log) migrations, this one knows "
                + "\(own)): install that version on this host"
        case .otherSchema(let seq, let own, let log):
            "entry \(seq) of the log is of an older Carillon (\(log) migrations, this ledger has "
                + "\(own)); \(Self.copy)"
        }
    }

    private static let copy =
        "put a copy of the leader's ledger in its place (`carillon backup --member`)"
}
