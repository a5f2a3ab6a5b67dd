import Config
import ConfigFixtures
import Console
import Foundation
import Testing

/// Whatever stands in the file: an answer or errors with places inside of it, never a crash.
@Suite struct ConfigFuzzTests {
    /// A small generator with a fixed seed, so that a failure can be seen again.
    private struct SplitMix64: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func mutatedConfigsAreAnsweredInWords(seed: UInt64) throws {
        let example = try Data(contentsOf: URL(fileURLWithPath: ExampleConfig.path))
        // Comments are half of the example and would swallow half of the mutations.
        let lines = String(decoding: example, as: UTF8.self).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
        let original = Array(lines.joined(separator: "\n").utf8)
        var random = SplitMix64(state: seed)
        let pieces = [
            "\"", "'", "[", "]", "{", "}", "=", ".", "\n", "#", "\\u0000", "é", "\"\"\"", "-1",
        ]
        for _ in 0..<150 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.remove(at: index)
                case 1: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 2:
                    let piece = pieces[Int.random(in: 0..<pieces.count, using: &random)]
                    bytes.insert(contentsOf: piece.utf8, at: index)
                default:
                    let end = min(bytes.count, index + Int.random(in: 1...80, using: &random))
                    bytes.removeSubrange(index..<end)
                }
            }
            let lineCount = bytes.count { $0 == 0x0A } + 1
            do {
                _ = try ConfigurationLoader(host: BytesHost(bytes: bytes)).load("/c.toml")
            } catch {
                #expect(!error.errors.isEmpty)
                for problem in error.errors {
                    let line = problem.position.line
                    #expect((0...lineCount + 1).contains(line), "seed \(seed): \(problem)")
                    #expect(!problem.description.utf8.contains(0x1B))
                }
            }
        }
    }

    /// A host with one file of any bytes.
    private struct BytesHost: HostReading {
        let bytes: [UInt8]
        private let host = MemoryHost()

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        func read(_ path: String, limit: Int) throws(HostFileFailure) -> [UInt8] {
            guard path == "/c.toml" else { throw HostFileFailure(.notFound, "no such file") }
            return bytes
        }
        func isWorldReadable(_ path: String) -> Bool? { false }
        func names(inFolder path: String) throws(HostFileFailure) -> [String] { [] }
        func zoneData(named name: String) -> [UInt8]? { host.zoneData(named: name) }
        func zoneNames() -> [String] { host.zoneNames() }
        func environment(_ name: String) -> String? { nil }
        func isRunning(processID: Int64) -> Bool { false }
        func missingGroup(for path: String) -> MissingGroup? { nil }
    }
}
