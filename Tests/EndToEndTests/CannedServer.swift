import Loopback
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

    private let listener: LoopbackListener
    private let book: Book

    private final class Book: Sendable {
        let requests = Mutex<[Request]>([])
    }

    var port: Int { listener.port }

    /// Serves until `stop`.
    ///
    /// - Throws: `POSIXError` if there is no free port.
    init(_ answer: @escaping @Sendable (Request) -> String) throws {
        let book = Book()
        self.book = book
        listener = try LoopbackListener { socket in
            while let read = socket.readRequest() {
                let request = Request(
                    method: read.words[0], path: read.words.count > 1 ? read.words[1] : "",
                    token: read.header("authorization").replacing("Bearer ", with: ""),
                    body: read.body, at: Self.now())
                book.requests.withLock { $0.append(request) }
                guard socket.write(answer(request)) else { break }
            }
        }
    }

    /// Nobody is served any more.
    func stop() { listener.stop() }

    /// What has arrived so far, in order.
    var requests: [Request] { book.requests.withLock { $0 } }

    private static let start = ContinuousClock.now

    /// Milliseconds of a clock that is never set.
    static func now() -> Int64 {
        Int64((ContinuousClock.now - start) / .milliseconds(1))
    }

    /// A complete answer.
    static func text(
        _ status: Int, _ body: String, headers: [String] = []
    ) -> String {
        (["HTTP/1.1 \(status) X", "Content-Length: \(body.utf8.count)"] + headers)
            .joined(separator: "\r\n") + "\r\n\r\n" + body
    }
}
