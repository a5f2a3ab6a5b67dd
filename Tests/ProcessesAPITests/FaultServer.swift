import Foundation
import Loopback
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
        /// The same with a body that is no text.
        case answerBytes(String, [UInt8])
        /// Answers with a head and then a byte every 20 ms.
        case drip
        /// Answers with a status and more chunks than anybody wants.
        case flood(status: Int)
    }

    private let listener: LoopbackListener
    private let counts: Counts

    /// What has been seen so far.
    private final class Counts: Sendable {
        let seen = Mutex((connections: 0, requests: 0, lastRequest: ""))
    }

    var port: Int { listener.port }
    /// Complete requests that were read.
    var requests: Int { counts.seen.withLock { $0.requests } }
    var connections: Int { counts.seen.withLock { $0.connections } }
    /// The last request, head and body.
    var text: String { counts.seen.withLock { $0.lastRequest } }
    var url: String { "http://127.0.0.1:\(port)" }

    /// The n-th connection gets the n-th behaviour, later ones the last.
    init(_ behaviours: Behaviour...) throws {
        let counts = Counts()
        self.counts = counts
        listener = try LoopbackListener { socket in
            let index = counts.seen.withLock { seen in
                seen.connections += 1
                return seen.connections - 1
            }
            Self.handle(socket, behaviours[min(index, behaviours.count - 1)], counts)
        }
    }

    /// Stops listening; nobody is served any more.
    func stop() { listener.stop() }

    /// Waits, without sleeping for long, until a condition holds or the patience ends.
    func wait(until condition: () -> Bool) async -> Bool {
        // Counted in chances, not in time: a busy machine may keep all of us waiting for long.
        for _ in 0..<(LoopbackListener.patienceSeconds * 200) where !condition() {
            try? await Task.sleep(nanoseconds: 5_000_000)
        }
        return condition()
    }

    private static func handle(
        _ socket: LoopbackSocket, _ behaviour: Behaviour, _ counts: Counts
    ) {
        func readRequest() -> Bool {
            guard let request = socket.readRequest() else { return false }
            counts.seen.withLock { seen in
                seen.lastRequest = request.text
                seen.requests += 1
            }
            return true
        }
        switch behaviour {
        case .closeAtOnce: break
        case .resetAtOnce: socket.resetOnClose()
        case .closeAfterReading: _ = readRequest()
        case .resetAfterReading:
            _ = readRequest()
            socket.resetOnClose()
        case .silence:
            _ = readRequest()
            _ = socket.read()
        case .serve(let bytes):
            while readRequest(), socket.write(bytes) {}
        case .greet(let bytes):
            if socket.read() != nil { _ = socket.write(bytes) }
        case .answer(let bytes):
            if readRequest() { _ = socket.write(bytes) }
        case .answerBytes(let head, let body):
            if readRequest(), socket.write(head) { _ = socket.write(body) }
        case .drip:
            guard readRequest(),
                socket.write("HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n")
            else { break }
            for _ in 0..<(LoopbackListener.patienceSeconds * 50) where socket.write(" ") {
                usleep(20_000)
            }
        case .flood(let status):
            guard readRequest(),
                socket.write("HTTP/1.1 \(status) X\r\nTransfer-Encoding: chunked\r\n\r\n")
            else { break }
            let chunk = "10000\r\n" + String(repeating: "x", count: 65_536) + "\r\n"
            for _ in 0..<400 where socket.write(chunk) {}
        }
    }
}
