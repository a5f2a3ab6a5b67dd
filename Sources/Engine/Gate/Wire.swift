import ProcessesAPI
import Timetable

/// A request whose answer is awaited.
struct PendingRequest {
    enum Purpose {
        case start(attemptID: Int64, slotID: Int64)
        case sweep
        case readRun(runKey: Int64)
        case token
        case validate(slotID: Int64)
        case preflight(schedule: String, slotAt: Instant)
        /// A person gives the run to a slot: what is it?
        case nameRun(runID: String, slotID: Int64, commandID: UInt64, actor: String)

        /// Whether it only reads, so that a cache may answer in the API's stead.
        var isRead: Bool {
            switch self {
            case .sweep, .readRun: true
            case .start, .token, .validate, .preflight, .nameRun: false
            }
        }

        /// Whether it asks about one run or process, so that its answer tells of no other.
        var isOfOne: Bool {
            switch self {
            case .readRun, .validate, .preflight, .nameRun: true
            case .start, .sweep, .token: false
            }
        }
    }
    var connection: String
    var baseURL: String
    var purpose: Purpose
    var sentAt: Now
    /// The token it carries, to drop just that one on a 401.
    var tokenGeneration: Int
}

/// The requests that are out, and what is sent.
final class Wire: Room {
    private let book: TurnBook
    private var requests = UndoTable<UInt64, PendingRequest>()
    private var nextID: UInt64

    /// No request has gone out; what an earlier life has asked is answered under lower numbers.
    init(book: TurnBook, firstID: UInt64) {
        self.book = book
        nextID = firstID
    }

    func keep() -> () -> Void {
        let (mark, nextID) = (requests.mark, nextID)
        return { [self] in
            requests.restore(to: mark)
            self.nextID = nextID
        }
    }

    func settle() { requests.forgetChanges() }

    var isEmpty: Bool { requests.isEmpty }

    subscript(id: UInt64) -> PendingRequest? { requests[id] }

    /// POSTs that may create a run, which a stop waits for.
    var startsInFlight: Int { attemptsOut.count }

    /// The attempts whose POST is on the wire.
    var attemptsOut: Set<Int64> {
        var out: Set<Int64> = []
        for request in requests.values {
            if case .start(let attemptID, _) = request.purpose { out.insert(attemptID) }
        }
        return out
    }

    func send(
        _ call: APICall, _ connection: Connection, _ purpose: PendingRequest.Purpose,
        token: Secret?, generation: Int, sendBy: Instant?
    ) {
        requests[nextID] = PendingRequest(
            connection: connection.name, baseURL: connection.baseURL, purpose: purpose,
            sentAt: book.time, tokenGeneration: generation)
        book.release(
            .request(
                RequestEffect(
                    id: nextID, connection: connection.name,
                    endpoint: APIEndpoint(
                        baseURL: connection.address, apiVersion: connection.apiVersion),
                    call: call, token: token, sendBy: sendBy, term: nil)))
        nextID += 1
    }

    func close(_ id: UInt64) { requests[id] = nil }

    /// The wall clock was set: what is on the wire was sent before, its age stays what it is.
    func clockWasSet(by milliseconds: Int64) {
        for id in Array(requests.keys) {
            guard var request = requests[id] else { continue }
            request.sentAt.wall = request.sentAt.wall.adding(milliseconds: milliseconds)
            requests[id] = request
        }
    }
}
