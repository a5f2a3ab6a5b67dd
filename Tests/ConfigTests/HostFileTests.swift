import Config
import Console
import Foundation
import Testing

/// A folder of schedules that is none: what is the case is said, not that nothing is there.
@Suite struct HostFileTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "carillon-host-\(UUID().uuidString)")

    private func words(_ make: (URL) throws -> Void) throws -> String {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let main = folder.appending(path: "carillon.toml")
        try Data("[schedules]\n".utf8).write(to: main)
        try make(folder.appending(path: "schedules.d"))
        do {
            _ = try ConfigurationLoader(host: HostFiles()).load(main.path)
            return "accepted"
        } catch {
            return "\(error)"
        }
    }

    @Test func aFileInItsPlaceIsCalledAFile() throws {
        let words = try words { try Data().write(to: $0) }
        #expect(words.contains("schedules.d"))
        #expect(words.contains("is a file, not a folder"))
    }

    /// A volume that isn't mounted leaves such links behind: its schedules would vanish in silence.
    @Test func aLinkThatLeadsToNothingIsNoEmptyFolder() throws {
        let words = try words {
            try FileManager.default.createSymbolicLink(
                at: $0, withDestinationURL: URL(filePath: "/nowhere/schedules.d"))
        }
        #expect(words.contains("it is a link that leads to nothing"))
    }

    @Test func noFolderAndAnEmptyOneAreFine() throws {
        #expect(try words { _ in } == "accepted")
        let words = try words {
            try FileManager.default.createDirectory(at: $0, withIntermediateDirectories: false)
        }
        #expect(words == "accepted")
    }
}
