package import Console

/// A host in memory: files by path, the real zones, and no environment but the given one.
package struct MemoryHost: HostReading {
    package var files: [String: String] = [:]
    package var worldReadable: Set<String> = []
    package var forbidden: Set<String> = []
    package var variables: [String: String] = [:]
    /// Zones that this machine has and the host has not.
    package var missingZones: Set<String> = []
    /// What there is to join for paths that are forbidden.
    package var groups: [String: MissingGroup] = [:]
    private let zones = HostFiles()

    /// Makes a host of the files.
    package init(_ files: [String: String] = [:]) {
        self.files = files
    }

    /// The bytes of a file's text.
    package func read(_ path: String, limit: Int) throws(HostFileFailure) -> [UInt8] {
        if forbidden.contains(path) { throw HostFileFailure(.notPermitted, "permission denied") }
        guard let text = files[path] else { throw HostFileFailure(.notFound, "no such file") }
        return Array(text.utf8)
    }

    /// As the set says.
    package func isWorldReadable(_ path: String) -> Bool? {
        files[path] == nil ? nil : worldReadable.contains(path)
    }

    /// The files below the folder.
    package func names(inFolder path: String) throws(HostFileFailure) -> [String] {
        if forbidden.contains(path) { throw HostFileFailure(.notPermitted, "permission denied") }
        return files.keys.filter { $0.hasPrefix(path + "/") }.map {
            String($0.dropFirst(path.count + 1))
        }
    }

    /// The zone as this machine has it.
    package func zoneData(named name: String) -> [UInt8]? {
        missingZones.contains(name) ? nil : zones.zoneData(named: name)
    }
    /// The zones of this machine.
    package func zoneNames() -> [String] {
        zones.zoneNames().filter { !missingZones.contains($0) }
    }
    /// The given variables only.
    package func environment(_ name: String) -> String? { variables[name] }
    /// One process lives.
    package func isRunning(processID: Int64) -> Bool { processID == 4711 }
    /// As the dictionary says.
    package func missingGroup(for path: String) -> MissingGroup? { groups[path] }
}
