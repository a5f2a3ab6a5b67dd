package import Console
package import Engine

/// A host whose config files are those of an earlier time; all else (secrets, zones) is of now.
package struct KeptFiles: HostOverlay {
    private let files: [String: [UInt8]]
    private let folder: String
    package let host: any HostReading

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
    ///
    /// - Throws: `HostFileFailure` as the host does, for files that weren't kept.
    package func read(_ path: String, limit: Int) throws(HostFileFailure) -> [UInt8] {
        if let bytes = files[path] { return bytes }
        return try host.read(path, limit: limit)
    }

    /// Of `schedules.d` only what was there then.
    ///
    /// - Throws: `HostFileFailure` as the host does, for other folders.
    package func names(inFolder path: String) throws(HostFileFailure) -> [String] {
        guard path == folder else { return try host.names(inFolder: path) }
        return files.keys.filter { $0.hasPrefix(folder + "/") }
            .map { String($0.dropFirst(folder.count + 1)) }
    }
}
