// Bare sockets: each `unsafe` is a system call that borrows an address, an option or a buffer of ours.
import Foundation
import Glibc

/// A port of loopback at which nobody listens, and that nobody else is given meanwhile.
///
/// It is bound and never listened at. Servers set SO_REUSEADDR, as this does, so that one which is
/// told the number can listen there while it is reserved.
package struct ReservedPort: Sendable {
    package let number: Int
    let descriptor: Int32

    /// Reserves a free port.
    ///
    /// - Throws: `POSIXError` if there is none.
    package init() throws { try self.init(number: 0) }

    /// A second place at the same port.
    func another() throws -> ReservedPort { try ReservedPort(number: number) }

    private init(number: Int) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var isShared: Int32 = 1
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &isShared, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(number).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
        self.descriptor = descriptor
        self.number = Int(UInt16(bigEndian: address.sin_port))
    }

    /// Gives the port up.
    package func release() { close(descriptor) }
}

/// A listener on loopback with a thread for each connection, for faults that lie below HTTP.
package final class LoopbackListener: Sendable {
    package let port: Int
    private let descriptor: Int32
    /// A socket that is silent for longer is closed: nothing outlives its test for long.
    package static let patienceSeconds = 60

    /// Listens until `stop`.
    ///
    /// - Parameters:
    ///   - place: where; nil: at any free port.
    ///   - serve: gets each connection, which is closed when it returns.
    /// - Throws: `POSIXError` if there is no free port.
    package convenience init(
        port place: ReservedPort? = nil, serve: @escaping @Sendable (LoopbackSocket) -> Void
    ) throws {
        let place = try place?.another() ?? ReservedPort()
        self.init(descriptor: place.descriptor, port: place.number, serve: serve)
    }

    /// Listens at a Unix socket until `stop`.
    ///
    /// - Parameters:
    ///   - path: where; nothing may be there yet.
    ///   - serve: gets each connection, which is closed when it returns.
    /// - Throws: `POSIXError` if it can't be bound.
    package convenience init(
        path: String, serve: @escaping @Sendable (LoopbackSocket) -> Void
    ) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) {
            unsafe $0.copyBytes(from: path.utf8)
        }
        let isBound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
        self.init(descriptor: descriptor, port: 0, serve: serve)
    }

    private init(
        descriptor: Int32, port: Int, serve: @escaping @Sendable (LoopbackSocket) -> Void
    ) {
        self.port = port
        self.descriptor = descriptor
        listen(descriptor, 512)
        Thread.detachNewThread {
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { break }
                Thread.detachNewThread {
                    let socket = LoopbackSocket(connection)
                    socket.limitWaiting(seconds: Self.patienceSeconds)
                    serve(socket)
                    socket.close()
                }
            }
            close(descriptor)
        }
    }

    /// Nobody is served any more.
    package func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}

/// A request as it was read, byte for byte.
package struct LoopbackRequest: Sendable {
    /// Head and body.
    package let text: String
    package let body: String
    private let lines: [String]

    /// Reads the head of a text; nil as long as head or body are not complete.
    fileprivate init?(_ text: String) {
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        self.text = text
        body = String(text[end.upperBound...])
        guard body.utf8.count >= Int(header("content-length")) ?? 0 else { return nil }
    }

    /// The words of the first line: method, path, version.
    package var words: [String] { lines[0].components(separatedBy: " ") }

    /// The value of a header; empty if there is none.
    package func header(_ name: String) -> String {
        lines.dropFirst().first { $0.lowercased().hasPrefix(name + ":") }
            .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) } ?? ""
    }
}

/// A connected socket with blocking calls.
package struct LoopbackSocket: Sendable {
    let descriptor: Int32

    fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

    fileprivate func limitWaiting(seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }

    /// Closing sends a reset instead of an orderly end.
    package func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// What has come; nil if the other side went away or was silent for too long.
    package func read() -> String? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var count = 0
        // A process that was stopped for a while finds its waiting broken off (signal(7)).
        repeat {
            count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        } while count < 0 && errno == EINTR
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    /// Reads a head and its body; nil if the other side went away before.
    package func readRequest() -> LoopbackRequest? {
        var text = ""
        while true {
            if let request = LoopbackRequest(text) { return request }
            guard let more = read() else { return nil }
            text += more
        }
    }

    /// Writes all of it; false if the other side went away.
    package func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// The same with bytes that are no text.
    package func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    fileprivate func close() { _ = Glibc.close(descriptor) }
}
