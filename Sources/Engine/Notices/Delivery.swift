package import Store
package import Timetable

/// A message to be delivered now; its content is the same at each attempt.
package struct Delivery: Sendable, Equatable {
    package var deliveryID: Int64
    package var receiver: Receiver
    package var createdAt: Instant
    /// Counted from 1.
    package var attempt: Int
    /// The first ones, in the order they came about.
    package var events: [EventRow]
    /// All of them, by kind.
    package var counts: [EventKind: Int]

    /// What a receiver tells repeats by; another one after a ledger was begun anew or put back.
    package var id: String { "\(createdAt.milliseconds)-\(deliveryID)" }

    package init(
        deliveryID: Int64, receiver: Receiver, createdAt: Instant, attempt: Int,
        events: [EventRow], counts: [EventKind: Int]
    ) {
        self.deliveryID = deliveryID
        self.receiver = receiver
        self.createdAt = createdAt
        self.attempt = attempt
        self.events = events
        self.counts = counts
    }
}

/// What became of one attempt.
package enum DeliveryOutcome: Sendable, Equatable {
    case taken
    /// In words without any secret, and how long the target wants to be left alone.
    case failed(reason: String, retryAfterMilliseconds: Int64?)
}
