package import Timetable

/// What a command sees of the world: where it writes, what it reads, what time it is.
///
/// The real one is made in the System folder; tests hand in one that captures the output.
package struct CommandEnvironment: Sendable {
    /// Writes to the standard output.
    package var write: @Sendable (String) -> Void
    /// Writes to the standard error.
    package var writeError: @Sendable (String) -> Void
    /// The next line of the standard input without its line break, or nil at its end.
    package var readLine: @Sendable () -> String?
    /// How the standard output is to be written to.
    package var style: OutputStyle
    /// The terminal's size now, of one that can move its cursor; nil: there is none.
    package var screen: @Sendable () -> (columns: Int, rows: Int)? = { nil }
    /// The wall clock.
    package var now: @Sendable () -> Instant
    /// Waits for so many milliseconds.
    package var sleep: @Sendable (Int64) async -> Void
    /// A new random UUID.
    package var makeUUID: @Sendable () -> String
    /// Files, zones and variables.
    package var host: any HostReading

    package init(
        write: @escaping @Sendable (String) -> Void,
        writeError: @escaping @Sendable (String) -> Void,
        readLine: @escaping @Sendable () -> String?, style: OutputStyle,
        now: @escaping @Sendable () -> Instant,
        sleep: @escaping @Sendable (Int64) async -> Void,
        makeUUID: @escaping @Sendable () -> String, host: any HostReading
    ) {
        self.write = write
        self.writeError = writeError
        self.readLine = readLine
        self.style = style
        self.now = now
        self.sleep = sleep
        self.makeUUID = makeUUID
        self.host = host
    }

    /// Writes a line to the standard output.
    package func line(_ text: String = "") { write(text + "\n") }

    /// Writes a line to the standard error.
    package func note(_ text: String) { writeError(text + "\n") }
}

/// Whether the output goes to a person's terminal, how wide it is, and whether it shows colours.
package struct OutputStyle: Sendable, Equatable {
    /// Columns of the terminal; nil: not a terminal, nothing is cut.
    package var width: Int?
    package var hasColor: Bool

    package init(width: Int?, hasColor: Bool) {
        self.width = width
        self.hasColor = hasColor
    }

    /// For files and pipes.
    package static let plain = OutputStyle(width: nil, hasColor: false)

    /// The text in bold, where that is possible.
    package func bold(_ text: String) -> String { marked(text, "1") }

    /// The text in a colour that tells good from bad, where that is possible.
    package func colored(_ text: String, _ color: Color) -> String { marked(text, color.rawValue) }

    /// The few colours of the tables, as SGR codes.
    package enum Color: String, Sendable {
        case green = "32", yellow = "33", red = "31", gray = "90"
    }

    private func marked(_ text: String, _ code: String) -> String {
        hasColor ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
