import Foundation
import Synchronization
import Testing
import Timetable

/// Reads the system's zones, each once: files are the shell's business, not Timetable's.
enum SystemZones {
    private static let cache = Mutex<[String: Zone]>([:])
    static let root = "/usr/share/zoneinfo"

    /// The zone of the name.
    static func zone(_ name: String) throws -> Zone {
        if let known = cache.withLock({ $0[name] }) { return known }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(name)"))
        let zone = try Zone(name: name, tzif: [UInt8](bytes))
        cache.withLock { $0[name] = zone }
        return zone
    }

    /// The names of all zones, without the aliases' second spellings under posix/ and right/.
    static func names() throws -> [String] {
        let text = try String(contentsOfFile: "\(root)/tzdata.zi", encoding: .utf8)
        var names: Set<String> = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count > 1, words[0] == "Z" { names.insert(String(words[1])) }
            if words.count > 2, words[0] == "L" { names.insert(String(words[2])) }
        }
        let manager = FileManager.default
        return names.filter { manager.fileExists(atPath: "\(root)/\($0)") }.sorted()
    }

    /// The version of the tzdata package, for messages.
    static var version: String {
        let text = try? String(contentsOfFile: "\(root)/tzdata.zi", encoding: .utf8)
        return text?.split(separator: "\n").first.map(String.init) ?? "tzdata of unknown version"
    }
}

/// The lines of a fixture file.
func fixtureLines(_ name: String) throws -> [Substring] {
    let url = Bundle.module.bundleURL.appendingPathComponent("Fixtures/\(name)")
    return try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
}

/// The instant, or a failed test.
func instant(_ text: String) throws -> Instant {
    try #require(Instant(iso8601: text), "\(text) is no instant")
}

/// Whether the long test set was asked for (`CARILLON_LONG=1`).
let isLongRun = ProcessInfo.processInfo.environment["CARILLON_LONG"] == "1"
