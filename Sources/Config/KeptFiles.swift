package import Console
package import Engine

/// A host whose config files are those of an earlier time; all else (secrets, zones) is of now.
package struct KeptFiles: HostReading {
    private let files: [String: [UInt8]]
    private let folder: String
    private let host: any HostReading

    /// Lays the files over a host.
    ///
    /// - Parameters:
    ///   - files: main file first.
    ///   - host: for everything else.
    package init(_ files: [SourceFile], over host: any HostReading) {
        self.files = Dictionary(files.map { ($0.path, $0.bytes) }, uniquingKeysWith: { $1 })
        folder = ConfigFiles.folder(of: files.first?.path ?? "") + "schedules.d"
        self.host = host
    }

    /// The kept bytes, else the host's.
    package func read(_ path: String, limit: Int) throws(HostFileFailure) -> [UInt8] {
        if let bytes = files[path] { return bytes }
        return try host.read(path, limit: limit)
    }

    /// Of `schedules.d` only what was there then.
    package func names(inFolder path: String) throws(HostFileFailure) -> [String] {
        guard path == folder else { return try host.names(inFolder: path) }
        return files.keys.filter { $0.hasPrefix(folder + "/") }
            .map { String($0.dropFirst(folder.count + 1)) }
    }

    /// The host's.
    package func isWorldReadable(_ path: String) -> Bool? { host.isWorldReadable(path) }
    /// The host's.
    package func zoneData(named name: String) -> [UInt8]? { host.zoneData(named: name) }
    /// The host's.
    package func zoneNames() -> [String] { host.zoneNames() }
    /// The host's.
    package func environment(_ name: String) -> String? { host.environment(name) }
    /// The host's.
    package func isRunning(processID: Int64) -> Bool { host.isRunning(processID: processID) }
    /// The host's.
    package func missingGroup(for path: String) -> MissingGroup? { host.missingGroup(for: path) }
}
