package import ProcessesAPI
package import Store
package import Timetable

/// The two clocks at one moment: when it is, and how long things take.
package struct Now: Sendable, Equatable {
    package var wall: Instant
    /// Milliseconds of a clock that is never set.
    package var monotonicMilliseconds: Int64

    package init(wall: Instant, monotonicMilliseconds: Int64) {
        self.wall = wall
        self.monotonicMilliseconds = monotonicMilliseconds
    }

    /// Readings of the two clocks this far apart still count as one moment.
    private static let readingMillisecondsMax: Int64 = 20
    private static let readingsMax = 100

    /// Reads both clocks as one moment: a thread that is stopped between the two readings, for
    /// seconds on a busy machine, would take the pause for a step of the wall clock (rule 12).
    ///
    /// - Parameters:
    ///   - wall: reads the wall clock.
    ///   - monotonicMilliseconds: reads the one that is never set.
    /// - Returns: the first pair that no pause has torn apart, or the closest of many.
    package static func atOnce(
        wall: () -> Instant, monotonicMilliseconds: () -> Int64
    ) -> Now {
        func reading() -> (now: Now, gap: Int64) {
            let before = monotonicMilliseconds()
            let instant = wall()
            let after = monotonicMilliseconds()
            return (Now(wall: instant, monotonicMilliseconds: after), after - before)
        }
        var best = reading()
        for _ in 1..<readingsMax where best.gap > readingMillisecondsMax {
            let next = reading()
            if next.gap < best.gap { best = next }
        }
        return best.now
    }
}

/// What reaches the scheduler through its inbox.
package enum Input: Sendable {
    /// The answer of a request effect.
    case answer(requestID: UInt64, APIAnswer)
    /// A person's command over the control socket.
    case command(id: UInt64, OperatorCommand, actor: String)
    /// A new configuration: at start, or by `reload`.
    case configuration(EngineConfiguration, commandID: UInt64?)
    /// The secret file of a connection has changed.
    case credentialChanged(connection: String)
    /// Something around the scheduler is in trouble, or well again.
    case trouble(Trouble)
    /// The answer of a delivery effect.
    case delivered(deliveryID: Int64, attempt: Int, DeliveryOutcome)
    /// No new starts and no new requests from now on: the daemon is being stopped.
    case stop
}

/// A trouble of the daemon's surroundings (a door, a file that isn't there yet), for `attention`.
package struct Trouble: Sendable, Equatable {
    /// The kind of the alarm, and whom it concerns.
    package var kind: AlarmKind
    package var subject: String
    /// In words; nil: it is over.
    package var whatToDo: String?

    /// Told by whoever watches that part of the surroundings.
    package init(kind: AlarmKind, subject: String, whatToDo: String?) {
        self.kind = kind
        self.subject = subject
        self.whatToDo = whatToDo
    }
}

/// What a turn wants from the outside world; released only after its COMMIT.
package enum Effect: Sendable {
    case request(RequestEffect)
    /// A message for people.
    case deliver(Delivery)
    case reply(commandID: UInt64, CommandReply)
    case log(LogLine)
}

/// One HTTP request to be made.
package struct RequestEffect: Sendable {
    package var id: UInt64
    package var connection: String
    package var endpoint: APIEndpoint
    package var call: APICall
    package var token: Secret?
    /// Dropped unsent, as `not sent`, if it can't be written by then; nil: no hurry.
    package var sendBy: Instant?
    /// Under which term of a lease it was wanted; nil: one host has the ledger for itself.
    package var term: Int64?
}

/// A line for the log; the shell adds time and place.
package struct LogLine: Sendable, Equatable {
    /// How much it matters.
    package enum Level: String, Sendable { case debug, info, notice, warning, error }
    package var level: Level
    package var message: String
    /// What stands in `attention` for the same cause.
    package var alarm: AlarmKind?
}

/// A verb that changes something (docs/protocol.md, rule 14).
package enum OperatorCommand: Sendable, Equatable {
    case trigger(schedule: String, uuid: String, force: Bool, reason: String)
    /// Starts for one slot of the past that came to nothing.
    case makeUp(schedule: String, slotAt: Instant, uuid: String, force: Bool, reason: String)
    /// The same for all of a range.
    case backfill(
        schedule: String, from: Instant, through: Instant, takesSkipped: Bool, reason: String)
    case pause(schedule: String?, until: Instant?, reason: String)
    case resume(schedule: String?)
    case skip(schedule: String, at: Instant, reason: String)
    case resolve(slotID: Int64, Resolution)
    case unblock(connection: String)
    case drain(reason: String)
    /// Takes a row of `attention` out of sight until it changes, or until then.
    case acknowledge(id: String, until: Instant?, reason: String)
    case prune(before: Instant, reason: String)
    /// Has another host lead.
    case handOver(reason: String)
}

/// What a person decided of a held slot.
package enum Resolution: Sendable, Equatable {
    case run(id: String)
    case start
    case drop
}

/// The answer to a command: exit code of docs/protocol.md#command-line and a sentence.
package struct CommandReply: Sendable, Equatable {
    package var exitCode: Int32
    package var message: String
    package var slotID: Int64?

    package init(exitCode: Int32, message: String, slotID: Int64? = nil) {
        self.exitCode = exitCode
        self.message = message
        self.slotID = slotID
    }

    static func done(_ message: String, slotID: Int64? = nil) -> CommandReply {
        CommandReply(exitCode: 0, message: message, slotID: slotID)
    }
    static func notFound(_ message: String) -> CommandReply {
        CommandReply(exitCode: 3, message: message)
    }
    static func conflict(_ message: String, slotID: Int64? = nil) -> CommandReply {
        CommandReply(exitCode: 4, message: message, slotID: slotID)
    }
}
