import Engine
import Logging
import ProcessesAPI
import ServiceLifecycle
import Timetable

/// Performs the requests that turns ask for; their answers go back into the inbox.
///
/// A service of its own, outside the scheduler's shutdown: a POST that has begun is never
/// cancelled (DESIGN.md rule 3), the scheduler waits for its answer before it ends.
struct RequestPerformer: Service {
    let requests: AsyncStream<RequestEffect>
    let finish: @Sendable () -> Void
    let inbox: Inbox
    let clock: any SchedulerClock
    let routes: ConnectionRoutes
    let logger: Logger

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            await withGracefulShutdownHandler {
                for await request in requests {
                    group.addTask { await perform(request) }
                }
            } onGracefulShutdown: {
                finish()
            }
            // Reads end at once; starts go on to their answer whatever happens to the task.
            group.cancelAll()
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
            return await route.transport.exchange(request)
        } catch {
            // Nothing has left the machine.
            return .failure(.notSent(reason: "\(error)", isCertificate: false))
        }
    }
}
