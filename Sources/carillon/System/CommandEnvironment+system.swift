import Console
import Engine
import Glibc
import Timetable

extension CommandEnvironment {
    /// The real terminal, clock and files.
    static func system() -> CommandEnvironment {
        let host = HostFiles()
        let clock = SystemClock()
        var environment = CommandEnvironment(
            write: { writeAll($0, to: STDOUT_FILENO) },
            writeError: { writeAll($0, to: STDERR_FILENO, patienceMilliseconds: 2_000) },
            readLine: { Swift.readLine(strippingNewline: true) },
            style: style(host),
            now: { clock.now().wall },
            sleep: { await clock.sleep(milliseconds: $0) },
            makeUUID: { SystemProcess.uuid() }, host: host)
        environment.screen = { screen(host) }
        return environment
    }

    private static func screen(_ host: HostFiles) -> (columns: Int, rows: Int)? {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, !isDumb(host),
            // SAFETY: TIOCGWINSZ fills exactly this struct.
            unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0
        else { return nil }
        // One that doesn't tell its size is as large as the first ones were.
        return (size.ws_col > 0 ? Int(size.ws_col) : 80, size.ws_row > 0 ? Int(size.ws_row) : 24)
    }

    private static func isDumb(_ host: HostFiles) -> Bool {
        host.environment("TERM").map { $0 == "dumb" || $0.isEmpty } ?? true
    }

    private static func style(_ host: HostFiles) -> OutputStyle {
        guard isatty(STDOUT_FILENO) == 1 else { return .plain }
        var size = winsize()
        // SAFETY: TIOCGWINSZ fills exactly this struct.
        let known = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        let noColor = host.environment("NO_COLOR").map { !$0.isEmpty } ?? false
        return OutputStyle(
            width: known ? Int(size.ws_col) : 80, hasColor: !isDumb(host) && !noColor)
    }

    /// Writes all of it, unless the other end is gone.
    ///
    /// Gives up on a pipe that nobody reads for that long, where a patience is given: an error that
    /// can't be said must not keep the program from ending.
    private static func writeAll(
        _ text: String, to descriptor: Int32, patienceMilliseconds: Int32 = -1
    ) {
        var text = text
        text.withUTF8 { bytes in
            var written = 0
            while written < bytes.count {
                var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                // SAFETY: the kernel fills the struct we own. What poll finds room for is a page.
                if unsafe poll(&room, 1, patienceMilliseconds) == 0 { return }
                // SAFETY: the pointer and the remaining length stay inside the buffer.
                let count = unsafe Glibc.write(
                    descriptor, bytes.baseAddress.map { unsafe $0 + written },
                    min(bytes.count - written, 4096))
                if count > 0 {
                    written += count
                } else if errno != EINTR {
                    // Nobody is left to be told: a closed pipe ends the output, not the command.
                    return
                }
            }
        }
    }
}
