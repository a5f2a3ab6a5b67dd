import Config
import Engine
import Logging
import Timetable

/// The daemon's log: lines on the standard error, which journald reads.
enum DaemonLog {
    /// Makes the logger.
    ///
    /// - Parameters:
    ///   - level: What is logged.
    ///   - now: The time of a line.
    ///   - write: Takes a line, without ever waiting.
    /// - Returns: the logger.
    static func logger(
        level: DaemonSettings.LogLevel, now: @escaping @Sendable () -> Instant,
        write: @escaping @Sendable (String) -> Void
    ) -> Logger {
        var logger = Logger(label: "carillon") { _ in LineLogHandler(now: now, write: write) }
        logger.logLevel = Logger.Level(rawValue: level.rawValue) ?? .info
        return logger
    }
}

/// One line for each event: when, how bad, what, and what belongs to it.
private struct LineLogHandler: LogHandler {
    let now: @Sendable () -> Instant
    let write: @Sendable (String) -> Void
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let pairs = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
        write("\(now().iso8601) \(event.level) carillon: \(event.message)" + pairs.joined())
    }
}
