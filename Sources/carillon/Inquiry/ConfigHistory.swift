import Config
import Console
import Engine
import Store
import Timetable

/// Configurations that were in force, and the files on disk that may come after them.
enum ConfigHistory {
    /// The configuration of a revision, with its files; nil: the last one.
    ///
    /// - Throws: `CommandFailure` with 3 if there is none, or its files are not kept; `StoreError` if
    ///   the ledger can't be read.
    static func kept(
        _ revision: Int64?, in reader: LedgerReader
    ) throws -> LedgerReader.KeptConfiguration {
        guard let found = try reader.configuration(revision) else {
            throw CommandFailure(
                .notFound,
                revision.map { "no revision \($0); see: carillon config revisions" }
                    ?? "the daemon has never run on this database")
        }
        guard !found.files.isEmpty else {
            throw CommandFailure(
                .notFound, "the files of revision \(found.revisionID) are not kept")
        }
        return found
    }

    /// The files on disk; where they are refused at least the TOML ones.
    static func onDisk(
        _ path: String, _ host: any HostReading
    ) -> [(path: String, content: String)] {
        let loader = ConfigurationLoader(host: host)
        let files = (try? loader.load(path))?.engine.files ?? loader.sourceFiles(path)
        return files.map { ($0.path, String(decoding: $0.bytes, as: UTF8.self)) }
    }
}
