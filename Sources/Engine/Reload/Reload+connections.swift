import ProcessesAPI
import Store
import Timetable

/// The connections of a configuration, and what stays known of those that have another name now.
extension Reload {
    func saveConnections(
        of new: EngineConfiguration, former old: [String: Connection]
    ) throws {
        try respell(new)
        var heirs: [String: String] = [:]
        for name in new.connections.keys.sorted() {
            if let former = try formerName(of: name, former: old, new) { heirs[name] = former }
        }
        for name in new.connections.keys.sorted() {
            guard let connection = new.connections[name] else { continue }
            let isBack = try ledger.upsertConnection(
                name: name, baseURL: connection.baseURL, apiVersion: connection.apiVersion,
                client: connection.client)
            if let former = heirs[name] {
                try book.saveRows()
                try ledger.succeed(
                    name, to: former,
                    keepsUser: !connection.client.isEmpty
                        && old[former]?.client == connection.client)
            }
            book.forgetRow(of: name)
            if isBack, heirs[name] == nil {
                try gate.remind(connection)
                try lister.remind(connection)
            }
        }
        try ledger.removeConnections(except: Array(new.connections.keys), now: now)
    }

    /// The name that a connection had before, if it is new, or back after a while under another name,
    /// and exactly one of its address is gone: hints, budget and breaker belong to the address and the client, not to a name.
    private func formerName(
        of name: String, former old: [String: Connection], _ new: EngineConfiguration
    ) throws -> String? {
        guard let connection = new.connections[name], try !ledger.isConfigured(connection: name)
        else { return nil }
        let gone = try ledger.connections(at: connection.baseURL).filter {
            new.connections[$0] == nil && !(old[$0]?.client).isAnother(connection.client)
        }
        return gone.count == 1 ? gone.first : nil
    }

    /// An API that the ledger knows under another spelling of its address is still the same one: its
    /// runs are in the way, its attempts settle, its slots go on.
    private func respell(_ new: EngineConfiguration) throws {
        let spellings = Set(new.connections.values.map(\.baseURL))
        for known in try ledger.baseURLs() where !spellings.contains(known) {
            let canonical = APIAddress.canonical(known)
            guard spellings.contains(canonical) else { continue }
            for var row in try ledger.schedules() where row.baseURL == known {
                guard var key = FiringKey(row.firingKey) else { continue }
                key.baseURL = canonical
                row.firingKey = key.text
                row.baseURL = canonical
                try ledger.save(row)
            }
            try ledger.respell(baseURL: known, as: canonical)
        }
    }
}

extension String? {
    /// Both are known, and they differ.
    fileprivate func isAnother(_ client: String) -> Bool {
        self.map { !$0.isEmpty && !client.isEmpty && $0 != client } ?? false
    }
}
