import ConfigFixtures
import Foundation
import Glibc
import Testing

/// `carillon simulate` leaves nothing in memory, however it ends.
@Suite(.timeLimit(.minutes(30))) struct ScratchTests {
    /// The real binary in the middle of a long play, and its scratch folder.
    private struct Play {
        let process: Process
        let folder: String

        init() async throws {
            let file = FileManager.default.temporaryDirectory
                .appendingPathComponent("carillon-scratch-\(UUID().uuidString).toml")
            try Data(config(schedule: "cron = \"* * * * *\"").utf8).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            process = Process()
            process.executableURL = URL(fileURLWithPath: RealBinary.path)
            process.arguments = [
                "simulate", "--exact", "--config", file.path, "--from", "2026-01-01T00:00",
                "--to", "2027-01-01T00:00",
            ]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            let found = await Self.folder(of: process.processIdentifier)
            if found == nil { kill(process.processIdentifier, SIGKILL) }
            folder = try #require(found)
        }

        /// Where the process has its database open: other plays may have folders at the same time.
        private static func folder(of id: Int32) async -> String? {
            for _ in 0..<600 {
                let links = "/proc/\(id)/fd"
                for name in (try? FileManager.default.contentsOfDirectory(atPath: links)) ?? [] {
                    let target = try? FileManager.default.destinationOfSymbolicLink(
                        atPath: "\(links)/\(name)")
                    if let target, target.hasSuffix("/simulation.db") {
                        return (target as NSString).deletingLastPathComponent
                    }
                }
                try? await Task.sleep(for: .milliseconds(100))
            }
            return nil
        }

        var isThere: Bool { FileManager.default.fileExists(atPath: folder) }
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func aSignalEndsItByThatSignalAndLeavesNothing(signal: Int32) async throws {
        let play = try await Play()
        #expect(play.isThere)
        kill(play.process.processIdentifier, signal)
        play.process.waitUntilExit()
        #expect(play.process.terminationReason == .uncaughtSignal)
        #expect(play.process.terminationStatus == signal)
        #expect(!play.isThere)
    }

    @Test func whatAKillLeavesBehindGoesAtTheNextStart() async throws {
        let play = try await Play()
        kill(play.process.processIdentifier, SIGKILL)
        play.process.waitUntilExit()
        let next = try await Play()
        #expect(!play.isThere)
        // The folder of a living play stays.
        let third = try await Play()
        #expect(next.isThere && third.isThere)
        for other in [next, third] {
            kill(other.process.processIdentifier, SIGTERM)
            other.process.waitUntilExit()
        }
    }
}
