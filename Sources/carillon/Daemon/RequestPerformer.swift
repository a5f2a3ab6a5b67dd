import Engine
import Logging
import ProcessesAPI
import ServiceLifecycle
import Timetable

/// Performs the requests that turns ask for; their answers go back into the inbox.
///
/// A service of its own, outside the scheduler's shutdown: a POST that has begun is never
/// cancelled (docs/protocol.md, rule 3), the scheduler waits for its answer before it ends.
struct RequestPerformer: Service {
    let requests: AsyncStream<RequestEffect>
    let finish: @Sendable () -> Void
    let inbox: Inbox
    let clock: any SchedulerClock
    let routes: ConnectionRoutes
    let logger: Logger
    /// Where hosts share a ledger: by whose hold a start may be written.
    var seat: LogSeat?

    /// Starts of one connection.
    private typealias Lane = AsyncStream<RequestEffect>.Continuation

    func run() async throws {
        // Discarding: a group that keeps its finished children would grow for months.
        await withDiscardingTaskGroup { group in
            var lanes: [String: Lane] = [:]
            await withGracefulShutdownHandler {
                for await request in requests {
                    guard case .startRun = request.call else {
                        group.addTask { await perform(request) }
                        continue
                    }
                    if let lane = lanes[request.connection] {
                        lane.yield(request)
                        continue
                    }
                    let (starts, lane) = AsyncStream.makeStream(of: RequestEffect.self)
                    lanes[request.connection] = lane
                    lane.yield(request)
                    group.addTask { await perform(starts) }
                }
            } onGracefulShutdown: {
                finish()
            }
            for lane in lanes.values { lane.finish() }
            // Reads end at once; starts go on to their answer whatever happens to the task.
            group.cancelAll()
        }
    }

    /// No more starts at a time than there are connections for them: a start that waited in the
    /// client's own queue would go out after its `send_by`.
    private func perform(_ starts: AsyncStream<RequestEffect>) async {
        await withTaskGroup(of: Void.self) { group in
            var inFlight = 0
            for await start in starts {
                if inFlight == AsyncHTTPTransportOptions.startConnectionsDefault {
                    await group.next()
                    inFlight -= 1
                }
                group.addTask { await perform(start) }
                inFlight += 1
            }
        }
    }

    private func perform(_ effect: RequestEffect) async {
        let outcome: Result<APIResponse, TransportFailure>
        if let sendBy = effect.sendBy, clock.now().wall > sendBy {
            outcome = .failure(
                .notSent(reason: "its send_by had passed unsent", isCertificate: false))
        } else {
            outcome = await exchange(effect)
        }
        let answer = APIAnswer.decoding(
            effect.call, endpoint: effect.endpoint, outcome: outcome,
            redaction: routes.redaction(of: effect.connection, token: effect.token),
            receivedAt: clock.now().wall)
        inbox.post(.answer(requestID: effect.id, answer))
    }

    private func exchange(
        _ effect: RequestEffect
    ) async -> Result<APIResponse, TransportFailure> {
        do {
            let route = try routes.route(to: effect.connection)
            let credential = effect.call == .token ? try route.credential() : nil
            let request = try APIRequest.encoding(
                effect.call, endpoint: effect.endpoint, token: effect.token,
                credential: credential)
            logger.debug(
                "request", metadata: ["call": "\(effect.call.operation)", "id": "\(effect.id)"])
            guard case .startRun = effect.call, let term = effect.term, let seat else {
                return await route.transport.exchange(request)
            }
            return await route.transport.exchange(request) { seat.isOpen(term: term) }
        } catch {
            // Nothing has left the machine.
            return .failure(.notSent(reason: "\(error)", isCertificate: false))
        }
    }
}
