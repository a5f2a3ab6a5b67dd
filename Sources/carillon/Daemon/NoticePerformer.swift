import Engine
import Notices
import ServiceLifecycle

/// Performs the deliveries that turns ask for; their answers go back into the inbox.
///
/// Apart from the requests to the API, so that a target that hangs holds up nothing. At a stop what is
/// under way is given up: the next life sends it again, under the same id.
struct NoticePerformer: Service {
    let deliveries: AsyncStream<Delivery>
    let inbox: Inbox
    let courier: Courier

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for await delivery in deliveries {
                    group.addTask {
                        let outcome = await courier.deliver(delivery)
                        inbox.post(
                            .delivered(
                                deliveryID: delivery.deliveryID, attempt: delivery.attempt,
                                outcome))
                    }
                }
                group.cancelAll()
            }
        }
        // A service that returns ends the daemon.
        try? await gracefulShutdown()
    }
}
