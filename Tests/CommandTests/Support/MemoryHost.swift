import Synchronization
import Timetable
import carillon

/// A host in memory: files by path, the real zones, and no environment but the given one.
struct MemoryHost: HostReading {
    var files: [String: String] = [:]
    var worldReadable: Set<String> = []
    var forbidden: Set<String> = []
    var variables: [String: String] = [:]
    private let zones = HostFiles()

    init(_ files: [String: String] = [:]) {
        self.files = files
    }

    func read(_ path: String, limit: Int) throws(HostFileFailure) -> [UInt8] {
        if forbidden.contains(path) { throw HostFileFailure(.notPermitted, "permission denied") }
        guard let text = files[path] else { throw HostFileFailure(.notFound, "no such file") }
        return Array(text.utf8)
    }

    func isWorldReadable(_ path: String) -> Bool? {
        files[path] == nil ? nil : worldReadable.contains(path)
    }

    func names(inFolder path: String) throws(HostFileFailure) -> [String] {
        files.keys.filter { $0.hasPrefix(path + "/") }.map { String($0.dropFirst(path.count + 1)) }
    }

    func zoneData(named name: String) -> [UInt8]? { zones.zoneData(named: name) }
    func zoneNames() -> [String] { zones.zoneNames() }
    func environment(_ name: String) -> String? { variables[name] }
    func isRunning(processID: Int64) -> Bool { processID == 4711 }
}

/// What a command wrote.
final class Captured: Sendable {
    private let texts = Mutex<(out: String, err: String)>(("", ""))

    var output: String { texts.withLock { $0.out } }
    var errors: String { texts.withLock { $0.err } }

    func write(_ text: String) { texts.withLock { $0.out += text } }
    func writeError(_ text: String) { texts.withLock { $0.err += text } }
}

/// Lines handed out one by one.
final class Lines: Sendable {
    private let rest: Mutex<ArraySlice<String>>

    init(_ lines: [String]) {
        rest = Mutex(lines[...])
    }

    func next() -> String? { rest.withLock { $0.popFirst() } }
}

/// Runs a command line in memory.
func carillon(
    _ arguments: String..., host: MemoryHost = MemoryHost(), input: [String] = [],
    now: String = "2026-06-15T12:00:00Z", style: OutputStyle = .plain
) async -> (status: Int32, output: String, errors: String) {
    await carillon(arguments: arguments, host: host, input: input, now: now, style: style)
}

/// Runs a command line in memory.
func carillon(
    arguments: [String], host: MemoryHost = MemoryHost(), input: [String] = [],
    now: String = "2026-06-15T12:00:00Z", style: OutputStyle = .plain,
    sleep: @escaping @Sendable (Int64) async -> Void = { _ in }
) async -> (status: Int32, output: String, errors: String) {
    let captured = Captured()
    let lines = Lines(input)
    let instant = Instant(iso8601: now) ?? Instant(milliseconds: 0)
    let environment = CommandEnvironment(
        write: { captured.write($0) }, writeError: { captured.writeError($0) },
        readLine: { lines.next() }, style: style, now: { instant },
        sleep: sleep, makeUUID: { "00000000-0000-4000-8000-000000000001" }, host: host)
    let status = await CommandLineRun.status(arguments, in: environment)
    return (status, captured.output, captured.errors)
}
