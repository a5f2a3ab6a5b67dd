import Console
import Store
import Timetable

/// A folder of backups that are named after their time: `carillon-20260615T120000Z.db`.
struct BackupFolder {
    /// Where the package's timer puts them.
    static let standard = "/var/backups/carillon"

    private static let prefix = "carillon-"
    private static let suffix = ".db"

    let path: String

    init(_ path: String) {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// The instant as it stands in names, to the second.
    static func stamp(_ instant: Instant) -> String {
        Instant(seconds: instant.seconds).iso8601.filter { $0 != "-" && $0 != ":" }
    }

    /// The name of a backup that is made now.
    func newFile(_ now: Instant) -> String {
        "\(path)/\(Self.prefix)\(Self.stamp(now))\(Self.suffix)"
    }

    /// The times of the backups, oldest first; files of other names are nobody's business.
    func times(_ host: any HostReading) throws(HostFileFailure) -> [Instant] {
        try host.names(inFolder: path).compactMap(Self.time).sorted()
    }

    /// Writes a backup that is named after the time, and removes the oldest ones beyond those kept.
    ///
    /// - Returns: the new file, and those that are gone.
    /// - Throws: `StoreError` if it can't be written, `HostFileFailure` if the folder can't be listed.
    func add(
        from reader: LedgerReader, at now: Instant, keeping keep: Int, _ host: any HostReading
    ) throws -> (file: String, removed: [String]) {
        let file = newFile(now)
        try reader.backup(to: file)
        // Only now that there is a new one.
        let removed = try surplus(keep, madeAt: now, host)
        for old in removed { try SystemFiles.remove(old) }
        return (file, removed)
    }

    /// The oldest ones beyond the number that is kept, the one that was made now among them.
    func surplus(
        _ keep: Int, madeAt now: Instant, _ host: any HostReading
    ) throws(HostFileFailure) -> [String] {
        let all = Set(try times(host)).union([Instant(seconds: now.seconds)])
        return all.sorted().dropLast(keep).map(newFile)
    }

    private static func time(of name: String) -> Instant? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
        let digits = Array(name.dropFirst(prefix.count).dropLast(suffix.count))
        guard digits.count == 16, digits[8] == "T", digits[15] == "Z" else { return nil }
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return Instant(
            iso8601: "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):"
                + "\(part(11..<13)):\(part(13..<15))Z")
    }
}
