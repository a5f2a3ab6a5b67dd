/// What config and commands read of the host they run on: files, zones, environment, processes.
///
/// The real one is `HostFiles` in the System folder; tests hand in a dictionary.
package protocol HostReading: Sendable {
    /// The bytes of a file of at most `limit` bytes.
    ///
    /// - Throws: `HostFileFailure` if it isn't there, is larger, or can't be read.
    func read(_ path: String, limit: Int) throws(HostFileFailure) -> [UInt8]
    /// Whether users outside the file's owner and group may read it; nil if it cannot be seen.
    func isWorldReadable(_ path: String) -> Bool?
    /// The names in a folder, unsorted; empty if there is no such folder.
    ///
    /// - Throws: `HostFileFailure` if it is there and can't be listed.
    func names(inFolder path: String) throws(HostFileFailure) -> [String]
    /// The TZif bytes of an IANA zone, or nil if there is none of that name.
    func zoneData(named name: String) -> [UInt8]?
    /// The names of all zones, for the nearest one.
    func zoneNames() -> [String]
    /// A variable of the environment.
    func environment(_ name: String) -> String?
    /// Whether a process of this id lives, whoever it belongs to.
    func isRunning(processID: Int64) -> Bool
    /// The group whose members may use a path that we may not; nil: another group wouldn't help.
    func missingGroup(for path: String) -> MissingGroup?
}

/// A host that differs from another one in a few things only.
package protocol HostOverlay: HostReading {
    /// The host for everything else.
    var host: any HostReading { get }
}

extension HostOverlay {
    /// The host's bytes.
    ///
    /// - Throws: `HostFileFailure` as the host does.
    package func read(_ path: String, limit: Int) throws(HostFileFailure) -> [UInt8] {
        try host.read(path, limit: limit)
    }
    /// As the host says.
    package func isWorldReadable(_ path: String) -> Bool? { host.isWorldReadable(path) }
    /// The host's names.
    ///
    /// - Throws: `HostFileFailure` as the host does.
    package func names(inFolder path: String) throws(HostFileFailure) -> [String] {
        try host.names(inFolder: path)
    }
    /// The host's zone.
    package func zoneData(named name: String) -> [UInt8]? { host.zoneData(named: name) }
    /// The host's zones.
    package func zoneNames() -> [String] { host.zoneNames() }
    /// The host's variable.
    package func environment(_ name: String) -> String? { host.environment(name) }
    /// As the host says.
    package func isRunning(processID: Int64) -> Bool { host.isRunning(processID: processID) }
    /// As the host says.
    package func missingGroup(for path: String) -> MissingGroup? { host.missingGroup(for: path) }
}

/// Why a file could not be read.
package struct HostFileFailure: Error, Equatable, Sendable {
    /// The kinds that lead to different advice.
    package enum Kind: Sendable { case notFound, notPermitted, tooLarge, other }
    package var kind: Kind
    /// The reason in words, without the path.
    package var reason: String

    package init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }
}
