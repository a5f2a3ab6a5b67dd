package import Config
import Engine
import JSON
package import Logging
import Synchronization
package import Timetable

/// The daemon's log: lines on the standard error, which journald reads.
enum DaemonLog {
    /// Makes the logger.
    ///
    /// - Parameters:
    ///   - taste: What is logged, and how; a reload may change it.
    ///   - isJournal: The lines go to journald, which has the time itself and takes priorities.
    ///   - now: The time of a line.
    ///   - write: Takes a line, without ever waiting.
    /// - Returns: the logger.
    static func logger(
        _ taste: LogTaste, isJournal: Bool, now: @escaping @Sendable () -> Instant,
        write: @escaping @Sendable (String) -> Void
    ) -> Logger {
        let repeats = RepeatedLines()
        return Logger(label: "carillon") { _ in
            LineLogHandler(
                now: now, taste: taste, isJournal: isJournal, repeats: repeats, write: write)
        }
    }

    /// The same for a terminal.
    static func logger(
        level: DaemonSettings.LogLevel, now: @escaping @Sendable () -> Instant,
        write: @escaping @Sendable (String) -> Void
    ) -> Logger {
        var settings = DaemonSettings()
        settings.logLevel = level
        return logger(LogTaste(settings), isJournal: false, now: now, write: write)
    }
}

/// The least level that is logged, and the form of the lines, for every logger of the daemon.
final class LogTaste: Sendable {
    private let state: Mutex<(level: Logger.Level, format: DaemonSettings.LogFormat)>

    init(_ settings: DaemonSettings) {
        state = Mutex(Self.read(settings))
    }

    /// Takes those of other settings over, for the next line.
    func adopt(_ settings: DaemonSettings) {
        state.withLock { $0 = Self.read(settings) }
    }

    var level: Logger.Level { state.withLock { $0.level } }
    var format: DaemonSettings.LogFormat { state.withLock { $0.format } }

    private static func read(
        _ settings: DaemonSettings
    ) -> (level: Logger.Level, format: DaemonSettings.LogFormat) {
        (Logger.Level(rawValue: settings.logLevel.rawValue) ?? .info, settings.logFormat)
    }
}

/// How a line is written: text or JSON, for a terminal or for journald.
package struct LogLineFormat: Sendable {
    let format: DaemonSettings.LogFormat
    let isJournal: Bool

    package init(format: DaemonSettings.LogFormat, isJournal: Bool) {
        self.format = format
        self.isJournal = isJournal
    }

    /// The line, or lines where the message has several: each with its priority.
    package func text(
        _ message: String, level: Logger.Level, at now: Instant,
        pairs: [(key: String, value: String)] = []
    ) -> String {
        let mark = isJournal ? "<\(Self.priority(level))>" : ""
        guard format == .text else {
            var members: [JSONText.Member] = [
                .init("time", .string(now.iso8601)), .init("level", .string("\(level)")),
                .init("message", .string(message)),
            ]
            members += pairs.map { .init($0.key, .string($0.value)) }
            return mark + JSONText.object(members).text
        }
        let words = message + pairs.map { " \($0.key)=\($0.value)" }.joined()
        let head = isJournal ? mark : "\(now.iso8601) \(level) carillon: "
        return words.split(separator: "\n", omittingEmptySubsequences: true)
            .map { head + $0 }.joined(separator: "\n")
    }

    /// As syslog(3) numbers them.
    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}

/// The same line again and again is written once a minute, with how often it was meant.
package final class RepeatedLines: Sendable {
    private struct Seen {
        var until: Instant
        var level: Logger.Level
        var count = 0
    }
    private static let gapMilliseconds: Int64 = 60_000
    private static let linesMax = 256

    private struct State {
        var seen: [String: Seen] = [:]
        /// No line's minute is over before, and none began later: a burst of lines is not looked
        /// through for each of them.
        var untilMin = Instant(milliseconds: .max)
        var untilMax = Instant(milliseconds: .min)
    }

    private let state = Mutex(State())

    package init() {}

    /// What is to be written now: the line itself unless it was written within the last minute, and
    /// those whose minute is over, with their number.
    ///
    /// - Parameters:
    ///   - message: the line.
    ///   - level: how bad it is.
    ///   - now: the time of the line.
    /// - Returns: lines with their levels.
    package func due(
        _ message: String, level: Logger.Level, at now: Instant
    ) -> [(message: String, level: Logger.Level)] {
        state.withLock { state in
            var due: [(message: String, level: Logger.Level)] = []
            // A clock that was set back ends the minute too.
            if state.untilMin <= now || Self.isSetBack(now, state.untilMax) {
                due = Self.sweep(&state, for: message, at: now)
            }
            guard var entry = state.seen[message] else {
                if state.seen.count < Self.linesMax { Self.begin(&state, message, level, now) }
                return due + [(message, level)]
            }
            if entry.until <= now || Self.isSetBack(now, entry.until) {
                Self.begin(&state, message, level, now)
                return due + [("\(message) (\(entry.count + 1) times)", level)]
            }
            entry.count += 1
            state.seen[message] = entry
            return due
        }
    }

    private static func isSetBack(_ now: Instant, _ until: Instant) -> Bool {
        now < until.adding(milliseconds: -gapMilliseconds)
    }

    private static func begin(
        _ state: inout State, _ message: String, _ level: Logger.Level, _ now: Instant
    ) {
        let until = now.adding(milliseconds: gapMilliseconds)
        state.seen[message] = Seen(until: until, level: level)
        state.untilMin = min(state.untilMin, until)
        state.untilMax = max(state.untilMax, until)
    }

    /// Takes out the lines whose minute is over.
    ///
    /// - Returns: those that were meant again within it, with their number.
    private static func sweep(
        _ state: inout State, for message: String, at now: Instant
    ) -> [(message: String, level: Logger.Level)] {
        var due: [(message: String, level: Logger.Level)] = []
        for (line, entry) in state.seen.sorted(by: { $0.key < $1.key })
        where entry.until <= now || isSetBack(now, entry.until) {
            if entry.count > 0, line != message {
                let more = entry.count == 1 ? "once more" : "\(entry.count) times more"
                due.append(("\(line) (\(more))", entry.level))
            }
            if line != message || entry.count == 0 { state.seen[line] = nil }
        }
        let untils = state.seen.values.map(\.until)
        state.untilMin = untils.min() ?? Instant(milliseconds: .max)
        state.untilMax = untils.max() ?? Instant(milliseconds: .min)
        return due
    }
}

/// One line for each event: when, how bad, what, and what belongs to it.
private struct LineLogHandler: LogHandler {
    let now: @Sendable () -> Instant
    let taste: LogTaste
    let isJournal: Bool
    let repeats: RepeatedLines
    let write: @Sendable (String) -> Void
    /// Of this logger alone; nil: as the config says.
    private var ownLevel: Logger.Level?
    var metadata: Logger.Metadata = [:]

    init(
        now: @escaping @Sendable () -> Instant, taste: LogTaste, isJournal: Bool,
        repeats: RepeatedLines, write: @escaping @Sendable (String) -> Void
    ) {
        self.now = now
        self.taste = taste
        self.isJournal = isJournal
        self.repeats = repeats
        self.write = write
    }

    var logLevel: Logger.Level {
        get { ownLevel ?? taste.level }
        set { ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let pairs = all.sorted { $0.key < $1.key }.map { (key: $0.key, value: "\($0.value)") }
        let now = now()
        let line = LogLineFormat(format: taste.format, isJournal: isJournal)
        let message = "\(event.message)"
        for entry in repeats.due(message, level: event.level, at: now) {
            let isThis = entry.message.hasPrefix(message)
            write(line.text(entry.message, level: entry.level, at: now, pairs: isThis ? pairs : []))
        }
    }
}
