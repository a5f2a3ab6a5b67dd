// Plain sockets on threads; each `unsafe` is a system call that borrows its buffer or address.
import Foundation
import Glibc
import Synchronization

/// An API on loopback that answers what it is told to, byte for byte, and keeps the time of each
/// request: for answers that the sandbox's server would tidy up.
final class CannedServer: Sendable {
    /// A request, as far as answers depend on it.
    struct Request: Sendable {
        let method: String
        let path: String
        /// The bearer token, and the form or JSON that was sent.
        let token: String
        let body: String
        /// When it had arrived, in milliseconds of a clock that is never set.
        let at: Int64
    }

    let port: Int
    private let listener: Int32
    private let answer: @Sendable (Request) -> String
    private let seen = Mutex<[Request]>([])
    private let patienceSeconds = 60

    /// Serves until `stop`.
    init(_ answer: @escaping @Sendable (Request) -> String) {
        self.answer = answer
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = unsafe bind(listener, $0, length)
                _ = unsafe getsockname(listener, $0, &length)
            }
        }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        listen(listener, 512)
        Thread.detachNewThread { self.accept() }
    }

    /// Nobody is served any more.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    /// What has arrived so far, in order.
    var requests: [Request] { seen.withLock { $0 } }

    /// Milliseconds of a clock that is never set.
    static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// A complete answer.
    static func text(
        _ status: Int, _ body: String, headers: [String] = []
    ) -> String {
        (["HTTP/1.1 \(status) X", "Content-Length: \(body.utf8.count)"] + headers)
            .joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    private func accept() {
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            guard connection >= 0 else { break }
            Thread.detachNewThread { self.serve(connection) }
        }
        close(listener)
    }

    private func serve(_ connection: Int32) {
        var limit = timeval(tv_sec: patienceSeconds, tv_usec: 0)
        unsafe setsockopt(
            connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var text = ""
        while let request = read(connection, &text) {
            seen.withLock { $0.append(request) }
            guard write(answer(request), to: connection) else { break }
        }
        close(connection)
    }

    private func read(_ connection: Int32, _ text: inout String) -> Request? {
        while true {
            if let end = text.range(of: "\r\n\r\n") {
                let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
                func header(_ name: String) -> String {
                    lines.dropFirst().first { $0.lowercased().hasPrefix(name + ":") }
                        .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
                        ?? ""
                }
                let size = Int(header("content-length")) ?? 0
                let body = text[end.upperBound...]
                if body.utf8.count >= size {
                    let words = lines[0].components(separatedBy: " ")
                    let request = Request(
                        method: words[0], path: words.count > 1 ? words[1] : "",
                        token: header("authorization").replacingOccurrences(
                            of: "Bearer ", with: ""),
                        body: String(body), at: Self.now())
                    text = ""
                    return request
                }
            }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            var count = 0
            // A process that was stopped for a while finds its waiting broken off (signal(7)).
            repeat {
                count = unsafe recv(connection, &buffer, buffer.count, 0)
            } while count < 0 && errno == EINTR
            guard count > 0 else { return nil }
            text += String(decoding: buffer.prefix(count), as: UTF8.self)
        }
    }

    private func write(_ text: String, to connection: Int32) -> Bool {
        let bytes = Array(text.utf8)
        return unsafe bytes.withUnsafeBytes {
            unsafe send(connection, $0.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        } == bytes.count
    }
}
