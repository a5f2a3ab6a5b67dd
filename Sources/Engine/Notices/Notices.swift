import Store
import Timetable

/// The outbox: events become messages in the turn that made them, and messages go out until they are
/// taken.
///
/// Nothing here holds up a start: a message is an effect like others, its answer an input, and what
/// fails is a step of its own.
final class Notices: Room, Grounded {
    let ground: Ground
    /// What earlier lives sent has been woken.
    private var hasBegun = false
    private var nextPruneAt: Instant?
    /// As the ledger has them; nil: not known yet.
    private var heartbeats: Set<String>?
    /// Who may get messages, by the configuration of that revision.
    private var known: (revisionID: Int64, receivers: Set<Receiver>)?

    private static let attemptsPerTurnMax = 16
    /// More than a person reads; the rest is counted.
    private static let eventsMax = 50
    private static let keepMilliseconds: Int64 = 90 * 86_400_000
    private static let pruneMax = 500

    init(_ ground: Ground) { self.ground = ground }

    func keep() -> () -> Void {
        let kept = (hasBegun, nextPruneAt, heartbeats, known)
        return { [self] in (hasBegun, nextPruneAt, heartbeats, known) = kept }
    }

    private var plan: NoticePlan { roster.configuration?.notices ?? NoticePlan() }

    /// What the turn has done becomes messages, and messages whose time has come go out.
    func tend(isStopping: Bool) throws {
        if roster.configuration != nil {
            try book.step("judge deadlines") { try judgeDeadlines() }
            try book.step("forecast ends") { try forecast() }
        }
        try book.step("write messages") { try gather() }
        guard roster.configuration != nil, !isStopping else { return }
        if heartbeats != plan.heartbeats {
            try book.step("note heartbeats") {
                try ledger.setHeartbeats(plan.heartbeats)
                heartbeats = plan.heartbeats
            }
        }
        try book.step("send messages") { try send() }
        try book.step("remove old messages") { try prune() }
        let next = try ledger.nextDelivery(
            gatherMilliseconds: NoticePacing.gatherBehindMilliseconds)
        if let next { book.wake(at: next) }
    }

    /// The answer of an attempt.
    func receive(_ deliveryID: Int64, attempt: Int, _ outcome: DeliveryOutcome) throws {
        guard let row = try ledger.waitingDelivery(deliveryID) else { return }
        switch outcome {
        case .taken:
            try ledger.endDelivery(deliveryID, .delivered, now: now)
            try ledger.clear(kind: .notify, subject: row.receiver.name)
        case .failed(let reason, let retryAfter):
            // One of an earlier attempt; the present one's is still to come.
            guard attempt == row.attempts else { return }
            let again = NoticePacing.again(
                attempts: row.attempts, retryAfterMilliseconds: retryAfter,
                firstAttemptAt: row.firstAttemptAt ?? now,
                seed: Backoff.seed(row.receiver.name) ^ UInt64(bitPattern: deliveryID),
                to: row.receiver, now: now)
            guard let again else { return try giveUp(row, reason) }
            try ledger.postponeDelivery(deliveryID, until: again, why: reason)
            // What it asks for is asked of all that goes to it.
            if retryAfter != nil { try ledger.restDeliveries(to: row.receiver, until: again) }
        }
    }

    private func giveUp(_ row: DeliveryRow, _ reason: String) throws {
        try ledger.endDelivery(row.deliveryID, .givenUp, why: reason, now: now)
        let name = row.receiver.name
        switch row.receiver {
        case .heartbeat:
            book.log(.warning, "\(name) has taken no beat for an hour: \(reason)")
            try ledger.raise(
                kind: .notify, subject: name,
                whatToDo: "no beat could be delivered for an hour, and one was given up "
                    + "(\(reason)); the next one that is taken ends this", now: now)
        case .target:
            book.log(
                .error, "\(name) has taken no message for a day: \(reason)", alarm: .notify)
            try ledger.raise(
                kind: .notify, subject: name,
                whatToDo: "no message could be delivered to \(name) for a day, and one was given "
                    + "up (\(reason)); fix it, then: carillon notify test \(name)", now: now)
        }
    }

    // MARK: Events become messages

    private func gather() throws {
        var open: [String: Int64] = [:]
        for event in try ledger.takeEvents(now: now) {
            for name in try targets(of: event) {
                let delivery = try open[name] ?? message(to: name)
                open[name] = delivery
                try ledger.add(event: event.eventID, to: delivery)
            }
            try beat(event)
        }
    }

    /// One message for each beat, at once: their order and number matter.
    private func beat(_ event: EventRow) throws {
        guard event.kind.beat != nil, let schedule = event.schedule,
            plan.heartbeats.contains(schedule)
        else { return }
        let delivery = try ledger.insertDelivery(
            to: .heartbeat(of: schedule), sendAt: now, now: now)
        try ledger.add(event: event.eventID, to: delivery)
    }

    private func targets(of event: EventRow) throws -> [String] {
        guard event.kind.isEnd else { return plan.targets(for: event) }
        return try ledger.targetsToldOfEnd(by: event.eventID).filter { plan.targets[$0] != nil }
    }

    private func message(to name: String) throws -> Int64 {
        if let known = try ledger.gatheringDelivery(to: name) { return known }
        let at = NoticePacing.firstAttempt(
            now: now, last: try ledger.lastFirstAttempt(to: name, now: now),
            target: plan.targets[name] ?? NoticePlan.Target())
        return try ledger.insertDelivery(to: .target(name), sendAt: at, now: now)
    }

    // MARK: Messages go out

    private func send() throws {
        if !hasBegun { try ledger.wakeLostDeliveries(now: now) }
        hasBegun = true
        try readReceivers()
        let due = try ledger.deliveriesDue(
            now: now, gatherMilliseconds: NoticePacing.gatherBehindMilliseconds,
            limit: Self.attemptsPerTurnMax)
        for row in due {
            guard known?.receivers.contains(row.receiver) ?? false else {
                try ledger.endDelivery(
                    row.deliveryID, .withdrawn, why: "the target is not configured any more",
                    now: now)
                book.log(
                    .warning,
                    "a message to \(row.receiver.name) is not sent: the target is not configured any more"
                )
                continue
            }
            if case .target(let name) = row.receiver, let target = plan.targets[name],
                let end = NoticePacing.quietEnd(at: now, target: target)
            {
                try ledger.restDelivery(row.deliveryID, until: end)
                continue
            }
            try ledger.beginDelivery(
                row.deliveryID,
                again: now.adding(milliseconds: NoticePacing.answerMilliseconds), now: now)
            let (events, counts) = try ledger.content(of: row.deliveryID, limit: Self.eventsMax)
            book.release(
                .deliver(
                    Delivery(
                        deliveryID: row.deliveryID, receiver: row.receiver,
                        createdAt: row.createdAt, attempt: row.attempts + 1, events: events,
                        counts: counts)))
        }
    }

    /// A target that isn't configured any more needs nobody.
    private func readReceivers() throws {
        guard known?.revisionID != roster.revisionID else { return }
        let receivers = plan.receivers
        known = (roster.revisionID, receivers)
        let names = Set(receivers.map(\.name))
        for name in try ledger.alarms(.notify) where !names.contains(name) {
            try ledger.clear(kind: .notify, subject: name)
        }
    }

    private func prune() throws {
        let at = nextPruneAt ?? now.adding(milliseconds: 600_000)
        nextPruneAt = at
        guard at <= now else { return }
        let isMore = try ledger.pruneNotices(
            before: now.adding(milliseconds: -Self.keepMilliseconds), limit: Self.pruneMax)
        nextPruneAt = now.adding(milliseconds: isMore ? 10_000 : 86_400_000)
    }
}
