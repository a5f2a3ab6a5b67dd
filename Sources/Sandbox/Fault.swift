import Timetable

/// What goes wrong with one request: whether it is acted upon, what comes back, and when.
package struct Fault: Sendable {
    /// Whether the API acts on the request.
    package enum Effect: Sendable, Equatable {
        /// It does, this much later: a gateway may give up on a request that goes on behind it.
        case happens(afterMilliseconds: Int64)
        /// It never learns of the request.
        case nothing
    }

    /// What the client gets to see.
    package enum Answer: Sendable, Equatable {
        /// The API's true answer.
        case normal
        /// The connection breaks before the first byte.
        case lost
        /// The connection breaks in the middle of the body.
        case cut
        /// There is no connection at all, or its certificate isn't trusted.
        case unreachable(isCertificate: Bool)
        /// The API's own error object.
        case error(status: Int)
        /// A page of the gateway in front of the API.
        case foreign(status: Int)
        /// Another of the things that gateways answer.
        case gateway(status: Int, page: GatewayPage)
        /// The API's own error, which repeats the request's headers and body.
        case echo(status: Int)
        /// The true body under a status that is none, or one that nobody knows.
        case oddStatus(Int)
        /// The true answer, compressed though nobody asked; named as told, always packed by gzip.
        case compressed(coding: String)
        /// The true status with a body that isn't JSON.
        case garbage
        /// The true status without a body.
        case empty
        /// The true status with the first half of the body, complete as far as HTTP can tell.
        case truncated
        /// The true status with more body than anybody should read.
        case oversized(bytes: Int)
        /// What the same operation was answered before, about whatever run that was: a cache that looks
        /// at no more than the method, or a gateway that repeats itself.
        case replayed
        /// The true body without the run's id.
        case withoutID
        /// The true body of a run without its counts and its tree.
        case withoutTree
        case redirect(to: String)
    }

    /// What is wrong with a page of the list.
    package enum Listing: Sendable, Equatable {
        case asItIs
        /// In the opposite order.
        case reversed
        /// The items moved by this much since the last page: some come twice or never.
        case shifted(by: Int)
        /// The process isn't on any page.
        case without(process: String)
        /// Every process's run is left out, as if none had ever been started.
        case withoutRuns
        /// `@nextLink` leads to the same page again.
        case loops
        /// `@nextLink` leads to another host.
        case foreignNextLink
        /// The true next page, under the address that the API has behind its proxy.
        case nextLinkUnder(base: String)
        /// The list, or the run that is read, as a cache had it this long ago, with that time's `Date`,
        /// and `Age` if told.
        case cached(ageMilliseconds: Int64, tellsAge: Bool)
        /// `@nextLink` leads to another host, and there to something else than the list.
        case foreignNextPath

        var isForeign: Bool { self == .foreignNextLink || self == .foreignNextPath }
    }

    /// Whether the request is acted upon.
    package var effect = Effect.happens(afterMilliseconds: 0)
    /// What comes back.
    package var answer = Answer.normal
    /// What is wrong with the page, if the request asks for one.
    package var listing = Listing.asItIs
    /// How much later than usual the answer comes.
    package var delayMilliseconds: Int64 = 0
    /// Further headers, for instance `Retry-After` lines, readable or not.
    package var headers: [(name: String, value: String)] = []
    /// Replaces the message of an `error`.
    package var message: String?
    /// How far the `Date` header of this one answer is off.
    package var dateSkewMilliseconds: Int64 = 0
    /// No `Date` header at all.
    package var hidesDate = false
    /// How much longer than usual the run that this request creates stays out of the list.
    package var hidesRunMilliseconds: Int64 = 0
    /// All tokens that were handed out are void before the request is looked at.
    package var revokesTokens = false
    /// What an `error` asks for in its message and headers, for the log's count of early requests.
    package var hint: SandboxHint?

    /// Makes a fault that changes nothing yet.
    package init() {}
}

extension Fault {
    private static func made(_ change: (inout Fault) -> Void) -> Fault {
        var fault = Fault()
        change(&fault)
        return fault
    }

    /// The connection breaks before the API has seen the request.
    package static var lostBefore: Fault {
        made {
            $0.effect = .nothing
            $0.answer = .lost
        }
    }

    /// No connection comes about, so that for certain nothing was sent.
    ///
    /// Over a real port the connection breaks instead.
    package static func unreachable(isCertificate: Bool) -> Fault {
        made {
            $0.effect = .nothing
            $0.answer = .unreachable(isCertificate: isCertificate)
        }
    }

    /// The API acts, now or later; the connection breaks before the answer.
    package static func lostAfter(actsAfterMilliseconds: Int64 = 0) -> Fault {
        made {
            $0.effect = .happens(afterMilliseconds: actsAfterMilliseconds)
            $0.answer = .lost
        }
    }

    /// An error status of the API itself; acted upon or not.
    package static func error(_ status: Int, acts: Bool, actsAfterMilliseconds: Int64 = 0) -> Fault
    {
        made {
            $0.effect = acts ? .happens(afterMilliseconds: actsAfterMilliseconds) : .nothing
            $0.answer = .error(status: status)
        }
    }

    /// An error status of a gateway; acted upon or not.
    package static func foreign(_ status: Int, acts: Bool, actsAfterMilliseconds: Int64 = 0)
        -> Fault
    {
        made {
            $0.effect = acts ? .happens(afterMilliseconds: actsAfterMilliseconds) : .nothing
            $0.answer = .foreign(status: status)
        }
    }

    /// What a gateway answers in the API's place; acted upon or not.
    package static func gateway(
        _ status: Int, _ page: GatewayPage, acts: Bool, actsAfterMilliseconds: Int64 = 0
    ) -> Fault {
        var fault = Fault.foreign(
            status, acts: acts, actsAfterMilliseconds: actsAfterMilliseconds)
        fault.answer = .gateway(status: status, page: page)
        return fault
    }

    /// An error of the API that repeats what it was sent; nothing is acted upon.
    package static func echo(_ status: Int) -> Fault {
        made {
            $0.effect = .nothing
            $0.answer = .echo(status: status)
        }
    }

    /// An error of the API that asks to be left alone for no time at all.
    package static func zeroHint(_ status: Int) -> Fault {
        made {
            $0.effect = .nothing
            $0.answer = .error(status: status)
            $0.headers = [("Retry-After", "0"), ("retry-after-ms", "0")]
        }
    }

    /// The true answer, late; acted upon at once unless told otherwise.
    package static func slow(_ milliseconds: Int64, actsAfterMilliseconds: Int64 = 0) -> Fault {
        made {
            $0.effect = .happens(afterMilliseconds: actsAfterMilliseconds)
            $0.delayMilliseconds = milliseconds
        }
    }

    /// A 429 whose hint is in the message, and in a header too if wanted.
    package static func rateLimited(
        operation: String, seconds: Int64, header: Bool, requests: Int = 1000, window: Int64 = 60
    ) -> Fault {
        made {
            $0.effect = .nothing
            $0.answer = .error(status: 429)
            $0.message = RateLimit.message(
                requests: requests, windowSeconds: window, operation: operation, hint: seconds)
            if header { $0.headers = [("Retry-After", String(seconds))] }
            $0.hint = SandboxHint(seconds: seconds, operation: operation)
        }
    }

    /// The true effect behind an answer that is bad in one of the ways of `Answer`.
    package static func answer(_ answer: Answer) -> Fault {
        made { $0.answer = answer }
    }

    /// A bad page of the list.
    package static func listing(_ listing: Listing) -> Fault {
        made { $0.listing = listing }
    }
}

/// How long a client was told to stay away.
package struct SandboxHint: Sendable, Equatable {
    /// Counted from the answer.
    package var seconds: Int64
    /// The operation that the message names.
    package var operation: String?

    package init(seconds: Int64, operation: String?) {
        self.seconds = seconds
        self.operation = operation
    }
}

/// Which requests a fault befalls.
package struct FaultRule: Sendable {
    /// The operationId (`runProcess`, `listProcesses`, `token`, …); nil: any.
    package var operation: String?
    /// Only requests that name this process (or a run of it); nil: any.
    package var process: String?
    /// Only from the n-th request on that matches otherwise, counted from 1.
    package var nth = 1
    /// How many requests in all; nil: no limit.
    package var times: Int?
    /// How likely each of them is hit, decided by the seed.
    package var probability = 1.0
    /// Only in this time, counted from the sandbox's first instant; an outage has one.
    package var window: Range<Int64>?
    /// What befalls them.
    package var fault: Fault

    /// Makes a rule for all requests of an operation.
    package init(_ fault: Fault, operation: String? = nil, process: String? = nil) {
        self.fault = fault
        self.operation = operation
        self.process = process
    }

    /// The rule for the next matching request only.
    package static func next(
        _ fault: Fault, operation: String? = nil, process: String? = nil
    ) -> FaultRule {
        var rule = FaultRule(fault, operation: operation, process: process)
        rule.times = 1
        return rule
    }
}

/// A fault rule with what it has seen so far.
struct ArmedFault: Sendable {
    let rule: FaultRule
    private var seen = 0
    private var hits = 0
    private var random: SplitMix64

    init(rule: FaultRule, seed: UInt64) {
        self.rule = rule
        random = SplitMix64(seed: seed)
    }

    /// Whether the rule can't hit any more.
    var isSpent: Bool { rule.times.map { hits >= $0 } ?? false }

    /// Whether this request is hit; asking counts it.
    mutating func strikes(
        operation: String, process: String?, sinceStartMilliseconds: Int64
    ) -> Bool {
        guard !isSpent, rule.operation == nil || rule.operation == operation,
            rule.process == nil || rule.process == process,
            rule.window?.contains(sinceStartMilliseconds) ?? true
        else { return false }
        seen += 1
        guard seen >= rule.nth else { return false }
        guard rule.probability >= 1 || random.nextUnit() < rule.probability else { return false }
        hits += 1
        return true
    }
}
