import Console
import Store

extension SQLValue {
    /// The value as text for people; nil for NULL.
    var words: String? {
        switch self {
        case .null: nil
        case .integer(let value): String(value)
        case .double(let value): "\(value)"
        case .string(let text): text
        }
    }
}

extension LedgerTable {
    /// Whether `LedgerReader.status` tells of a daemon that has not ended and whose process lives.
    func showsRunningDaemon(_ host: any HostReading) -> Bool {
        guard !rows.isEmpty, case .integer(let pid) = value("pid", row: 0),
            value("ended", row: 0).words?.isEmpty ?? false
        else { return false }
        return host.isRunning(processID: pid)
    }
}
