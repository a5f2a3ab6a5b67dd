import Config
import ConfigFixtures
import Console
import Synchronization
import Testing
import carillon

/// The ways of connections while configurations come and go.
@Suite struct ConnectionRouteTests {
    /// A host on which something happens while a file is read.
    private final class BusyHost: HostReading {
        private let host = MemoryHost(["/secret": "a secret that is long"])
        private let meanwhile = Mutex<(@Sendable () -> Void)?>(nil)

        func whileReading(_ work: @escaping @Sendable () -> Void) {
            meanwhile.withLock { $0 = work }
        }

        func read(_ path: String, limit: Int) throws(HostFileFailure) -> [UInt8] {
            let work = meanwhile.withLock { work in
                defer { work = nil }
                return work
            }
            work?()
            return try host.read(path, limit: limit)
        }

        func isWorldReadable(_ path: String) -> Bool? { false }
        func names(inFolder path: String) throws(HostFileFailure) -> [String] { [] }
        func zoneData(named name: String) -> [UInt8]? { nil }
        func zoneNames() -> [String] { [] }
        func environment(_ name: String) -> String? { nil }
        func isRunning(processID: Int64) -> Bool { false }
        func missingGroup(for path: String) -> MissingGroup? { nil }
    }

    private static func access() -> ConnectionAccess {
        var access = ConnectionAccess(
            clientID: .plain("client"), clientSecret: .file("/secret"))
        access.caFile = "/ca.pem"
        return access
    }

    /// Whoever looks for files again has begun with the connections of before.
    @Test func aReloadWhileFilesAreLookedAtStands() async throws {
        let host = BusyHost()
        let routes = ConnectionRoutes(host: host)
        try routes.adopt(["old": Self.access()])
        host.whileReading { try? routes.adopt(["new": Self.access()]) }
        routes.refresh()
        #expect(routes.names == ["new"])
        routes.refresh()
        #expect(routes.names == ["new"])
        await routes.shutdown()
    }
}
