import Foundation
import Synchronization

/// A server on loopback that breaks its promises on purpose, and counts what reached it.
///
/// Plain POSIX sockets on threads, because the faults lie below HTTP: a connection that is reset,
/// half a body, a byte now and then. Everything ends by itself within `patienceSeconds`.
final class FaultServer: Sendable {
    /// What is done with a connection.
    enum Behaviour: Sendable {
        case closeAtOnce
        case resetAtOnce
        /// Reads one request, and closes without a word.
        case closeAfterReading
        case resetAfterReading
        /// Reads and says nothing until the client goes away.
        case silence
        /// Answers each request of the connection with these bytes.
        case serve(String)
        /// Answers whatever comes first, be it a request or not.
        case greet(String)
        /// Answers one request with these bytes and closes.
        case answer(String)
        /// Answers with a head and then a byte every 20 ms.
        case drip
        /// Answers with a status and more chunks than anybody wants.
        case flood(status: Int)
    }

    let port: Int
    private let listener: Int32
    private let behaviours: [Behaviour]
    private let counts = Mutex((connections: 0, requests: 0))
    private let lastRequest = Mutex("")

    /// Complete requests that were read.
    var requests: Int { counts.withLock { $0.requests } }
    var connections: Int { counts.withLock { $0.connections } }
    /// The last request, head and body.
    var text: String { lastRequest.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(port)" }

    private static let patienceSeconds = 60

    /// The n-th connection gets the n-th behaviour, later ones the last.
    init(_ behaviours: Behaviour...) {
        self.behaviours = behaviours
        let place = DeadPort()
        listener = place.descriptor
        port = place.number
        listen(listener, 64)
        Thread.detachNewThread { self.accept() }
    }

    /// Stops listening; nobody is served any more.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// Waits, without sleeping for long, until a condition holds or the patience ends.
    func wait(until condition: () -> Bool) async -> Bool {
        // Counted in chances, not in time: a busy machine may keep all of us waiting for long.
        for _ in 0..<(Self.patienceSeconds * 200) where !condition() {
            try? await Task.sleep(nanoseconds: 5_000_000)
        }
        return condition()
    }

    private func accept() {
        while true {
            let connection = Foundation.accept(listener, nil, nil)
            guard connection >= 0 else { break }
            let index = counts.withLock { counts in
                counts.connections += 1
                return counts.connections - 1
            }
            let behaviour = behaviours[min(index, behaviours.count - 1)]
            Thread.detachNewThread { self.handle(Socket(connection), behaviour) }
        }
        close(listener)
    }

    private func handle(_ socket: Socket, _ behaviour: Behaviour) {
        socket.limitWaiting(seconds: Self.patienceSeconds)
        switch behaviour {
        case .closeAtOnce: break
        case .resetAtOnce: socket.resetOnClose()
        case .closeAfterReading: _ = readRequest(socket)
        case .resetAfterReading:
            _ = readRequest(socket)
            socket.resetOnClose()
        case .silence:
            _ = readRequest(socket)
            _ = socket.read()
        case .serve(let bytes):
            while readRequest(socket), socket.write(bytes) {}
        case .greet(let bytes):
            if socket.read() != nil { _ = socket.write(bytes) }
        case .answer(let bytes):
            if readRequest(socket) { _ = socket.write(bytes) }
        case .drip:
            guard readRequest(socket),
                socket.write("HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n")
            else { break }
            for _ in 0..<(Self.patienceSeconds * 50) where socket.write(" ") {
                usleep(20_000)
            }
        case .flood(let status):
            guard readRequest(socket),
                socket.write("HTTP/1.1 \(status) X\r\nTransfer-Encoding: chunked\r\n\r\n")
            else { break }
            let chunk = "10000\r\n" + String(repeating: "x", count: 65_536) + "\r\n"
            for _ in 0..<400 where socket.write(chunk) {}
        }
        socket.close()
    }

    /// Reads a head and its body; false if the client went away before.
    private func readRequest(_ socket: Socket) -> Bool {
        var text = ""
        while true {
            if let end = text.range(of: "\r\n\r\n") {
                let head = text[..<end.lowerBound].lowercased()
                let length =
                    head.components(separatedBy: "content-length: ").dropFirst().first
                    .flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
                if text[end.upperBound...].utf8.count >= length { break }
            }
            guard let more = socket.read() else { return false }
            text += more
        }
        lastRequest.withLock { $0 = text }
        counts.withLock { $0.requests += 1 }
        return true
    }
}

/// A port of loopback at which nobody listens, and that nobody else is given before it is closed.
///
/// Servers set SO_REUSEADDR, as this does, so that one which is told the number can listen there.
struct DeadPort {
    let number: Int
    fileprivate let descriptor: Int32

    init() {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var isShared: Int32 = 1
        // setsockopt copies the value during the call.
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &isShared, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // The C calls want the address as a general one; it lives for the call only.
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = unsafe bind(descriptor, $0, length)
                _ = unsafe getsockname(descriptor, $0, &length)
            }
        }
        self.descriptor = descriptor
        number = Int(UInt16(bigEndian: address.sin_port))
    }

    /// Gives the port up.
    func close() { _ = Foundation.close(descriptor) }
}

/// A connected socket with blocking calls.
private struct Socket {
    private let descriptor: Int32

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    func limitWaiting(seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        // setsockopt copies the value during the call.
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }

    /// Closing sends a reset instead of an orderly end.
    func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        // setsockopt copies the value during the call.
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    func read() -> String? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var count = 0
        // The buffer is larger than what is asked for. A process that was stopped for a while finds
        // its waiting broken off (signal(7)).
        repeat {
            count = unsafe recv(descriptor, &buffer, 65_536, 0)
        } while count < 0 && errno == EINTR
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    func write(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            // The pointer is used during the call only; the length is the slice's.
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe send(
                    descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    func close() {
        _ = Foundation.close(descriptor)
    }
}
