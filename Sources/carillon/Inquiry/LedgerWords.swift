import Config
import Console
import Store

/// What a shell offers after TAB, from the ledger that the line names.
///
/// Whoever may not read the ledger, or has none yet, is offered nothing: an error would be written
/// into the middle of a line.
struct LedgerWords {
    /// The line so far, cut into words.
    let line: [String]
    /// The config file where the line names none.
    let configPath: String
    let host: any HostReading

    /// Names of schedules, the paused and the removed ones too: they have a history.
    var schedules: [String] {
        offered { try $0.scheduleNames() }
    }

    /// Names of connections.
    var connections: [String] {
        offered { reader in
            let table = try reader.connections()
            return table.rows.indices.compactMap { table.value("connection", row: $0).words }
        }
    }

    /// Tags of schedules, also of removed ones.
    var tags: [String] { offered { try $0.tagNames() } }

    private func offered(_ names: (LedgerReader) throws -> [String]) -> [String] {
        do {
            let path =
                try value(of: "--database")
                ?? ConfigurationLoader(host: host)
                .daemonSettings(value(of: "--config") ?? configPath).database
            return try names(try LedgerReader(path: path))
        } catch {
            return []
        }
    }

    /// What an option of the line so far says, in either form.
    private func value(of option: String) -> String? {
        for (index, word) in line.enumerated() {
            if word.hasPrefix(option + "=") { return String(word.dropFirst(option.count + 1)) }
            if word == option, index + 1 < line.count { return line[index + 1] }
        }
        return nil
    }
}
