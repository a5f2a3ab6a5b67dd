// Pointers appear in this file only to hand two byte buffers to sendto(2): each `unsafe` below is a
// call that borrows memory for its own duration, with the length that belongs to it.
import Glibc

/// Tells systemd how the daemon fares, over the notification socket (sd_notify(3)).
///
/// Sending is best effort by design: nothing that systemd does or doesn't hear may stop a schedule,
/// so every error is ignored and no call ever blocks.
package struct SystemdNotifier: Sendable, Equatable {
    /// Within this time after the last `watchdog()` systemd wants the next; nil: it doesn't watch us.
    ///
    /// Take an empty turn every third of it.
    package let watchdogInterval: Duration?

    /// The socket's address as `sun_path` bytes, with no terminating NUL; an abstract one begins with NUL.
    package let socketPath: [UInt8]

    /// Makes a notifier from the variables systemd sets, or nil where nobody listens.
    ///
    /// - Parameters:
    ///   - environment: The process environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`.
    ///   - processID: Our own id; a watchdog meant for another process is not ours to feed.
    package init?(environment: [String: String], processID: Int32) {
        guard let socket = environment["NOTIFY_SOCKET"],
            let path = Self.socketPath(of: socket)
        else { return nil }
        socketPath = path
        watchdogInterval = Self.watchdogInterval(environment: environment, processID: processID)
    }

    /// Says what is being done before the daemon is ready, and asks for the time that it may take.
    package func starting(_ sentence: String) {
        send(
            Self.message([
                ("STATUS", sentence), ("EXTEND_TIMEOUT_USEC", String(Self.startMicroseconds)),
            ]))
    }

    /// Renewed well before it is over, as long as anything is done.
    private static let startMicroseconds = 60_000_000

    /// Says that start-up is done; `systemctl start` returns now.
    package func ready(status: String) {
        send(Self.message([("READY", "1"), ("STATUS", status)]))
    }

    /// Says that the daemon has begun to stop.
    package func stopping() {
        send(Self.message([("STOPPING", "1")]))
    }

    /// Sets the sentence that `systemctl status` shows.
    package func status(_ sentence: String) {
        send(Self.message([("STATUS", sentence)]))
    }

    /// Feeds the watchdog; to be called for completed turns only.
    package func watchdog() {
        send(Self.message([("WATCHDOG", "1")]))
    }

    /// Asks for more time to start or stop, counted from now.
    package func extendTimeout(microseconds: UInt64) {
        send(Self.message([("EXTEND_TIMEOUT_USEC", String(microseconds))]))
    }

    /// Says that a reload has begun; `ready(status:)` says that it is done.
    ///
    /// - Parameter monotonicMicroseconds: CLOCK_MONOTONIC when the reload began, which tells systemd
    ///   which of several requests this answers.
    package func reloading(monotonicMicroseconds: UInt64) {
        send(
            Self.message([
                ("RELOADING", "1"), ("MONOTONIC_USEC", String(monotonicMicroseconds)),
            ]))
    }

    /// The datagram for some assignments: one a line, so a value's own line breaks become spaces.
    package static func message(_ assignments: [(name: String, value: String)]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in assignments {
            bytes += name.utf8
            bytes.append(UInt8(ascii: "="))
            // Bytes, not characters: "\r\n" is a single Character.
            bytes += value.utf8.prefix(valueBytesMax).map { $0 < 0x20 ? UInt8(ascii: " ") : $0 }
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    /// Longest value that is sent; systemd drops datagrams over 4096 bytes.
    static let valueBytesMax = 1024

    /// `sun_path` for a value of `NOTIFY_SOCKET`: `/path`, or `@name` for an abstract socket.
    private static func socketPath(of socket: String) -> [UInt8]? {
        var path = [UInt8](socket.utf8)
        // 108 bytes on Linux, of which a path needs the last for its NUL.
        guard path.count > 1, path.count < 108 else { return nil }
        switch path[0] {
        case UInt8(ascii: "/"): return path
        case UInt8(ascii: "@"):
            path[0] = 0
            return path
        default: return nil
        }
    }

    private static func watchdogInterval(
        environment: [String: String], processID: Int32
    ) -> Duration? {
        guard let text = environment["WATCHDOG_USEC"], let microseconds = Int64(text),
            microseconds > 0
        else { return nil }
        if let owner = environment["WATCHDOG_PID"], Int32(owner) != processID { return nil }
        return .microseconds(microseconds)
    }

    private func send(_ message: [UInt8]) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | O_CLOEXEC, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { field in
            unsafe field.copyBytes(from: socketPath)
        }
        // The exact length, not all of sun_path: an abstract name is as long as its length says.
        let pathOffset = MemoryLayout<sa_family_t>.size
        let length = socklen_t(pathOffset + socketPath.count)
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = unsafe sendto(
                    descriptor, message, message.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT),
                    generic, length)
            }
        }
    }
}
