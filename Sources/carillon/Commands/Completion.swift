import ArgumentParser
import Config
import Console
import Store

/// What the shells offer after TAB, from the ledger as it is then.
///
/// Whoever may not read the ledger, or has none yet, is offered nothing: an error would be written
/// into the middle of a line.
enum LedgerWords {
    /// Names of schedules, the paused and the removed ones too: they have a history.
    static let schedules = CompletionKind.custom { words, _, _ in
        offered(words) { try $0.scheduleNames() }
    }

    /// Names of connections.
    static let connections = CompletionKind.custom { words, _, _ in
        offered(words) { reader in
            let table = try reader.connections()
            return table.rows.indices.compactMap { table.value("connection", row: $0).words }
        }
    }

    private static func offered(
        _ words: [String], _ names: (LedgerReader) throws -> [String]
    ) -> [String] {
        do {
            let host = CommandEnvironment.system().host
            let path =
                try value(of: "--database", in: words)
                ?? ConfigurationLoader(host: host)
                .daemonSettings(value(of: "--config", in: words) ?? ConfigOptions.defaultPath)
                .database
            return try names(try LedgerReader(path: path))
        } catch {
            return []
        }
    }

    /// What an option of the line so far says, in either form.
    private static func value(of option: String, in words: [String]) -> String? {
        for (index, word) in words.enumerated() {
            if word.hasPrefix(option + "=") { return String(word.dropFirst(option.count + 1)) }
            if word == option, index + 1 < words.count { return words[index + 1] }
        }
        return nil
    }
}
