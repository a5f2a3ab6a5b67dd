import ConfigFixtures
import Console
import Synchronization
import Timetable
import carillon

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
