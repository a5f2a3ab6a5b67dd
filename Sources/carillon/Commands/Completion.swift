import ArgumentParser
import Console

extension CompletionKind {
    /// Names of schedules that the ledger knows.
    static let schedules = CompletionKind.custom { line, _, _ in words(line).schedules }

    /// Tags that schedules carry.
    static let tags = CompletionKind.custom { line, _, _ in words(line).tags }

    /// Names of connections that the ledger knows.
    static let connections = CompletionKind.custom { line, _, _ in words(line).connections }

    private static func words(_ line: [String]) -> LedgerWords {
        LedgerWords(
            line: line, configPath: ConfigOptions.defaultPath,
            host: CommandEnvironment.system().host)
    }
}
