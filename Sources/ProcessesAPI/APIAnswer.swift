package import Timetable

/// What became of a call: a value or a classified failure, with the clocks of both sides.
package struct APIAnswer: Sendable {
    package var call: APICall
    package var result: Result<APIValue, APIFailure>
    /// The answer's `Date` header, if it had a readable one.
    package var serverDate: Instant?
    /// The answer's `Age` header: it comes out of a cache.
    package var ageSeconds: Int64?
    /// The status of the answer; nil: there was none.
    package var httpStatus: Int?
    /// Our wall clock when the answer was complete.
    package var receivedAt: Instant

    package init(
        call: APICall, result: Result<APIValue, APIFailure>, serverDate: Instant?,
        ageSeconds: Int64? = nil, httpStatus: Int? = nil, receivedAt: Instant
    ) {
        self.call = call
        self.result = result
        self.serverDate = serverDate
        self.ageSeconds = ageSeconds
        self.httpStatus = httpStatus
        self.receivedAt = receivedAt
    }
}

/// The good answers, one case for each kind of call.
package enum APIValue: Sendable {
    case token(AccessToken)
    case page(ProcessPage)
    case run(ProcessRun)
    /// What keeps the process from being started; empty: nothing.
    case validation([APIErrorBody])
}

/// A failed call, classified by what it proves about the request.
package struct APIFailure: Error, Sendable, Equatable {
    /// What the failure proves.
    package enum Kind: String, Sendable {
        /// No byte of the request left for certain.
        case notSent
        /// The API refused before it did anything.
        case refused
        /// The request may have been acted upon.
        case ambiguous
    }

    /// Who answered.
    package enum Origin: String, Sendable {
        /// The API: the body is its own error object, as it is documented for the operation.
        case api
        /// Something in front of it, as far as can be told: the body isn't the API's own.
        case gateway
        /// Nobody: there was no complete answer.
        case nobody
    }

    package var kind: Kind
    /// Only the API's own word is final; a gateway's passes.
    package var origin: Origin
    /// The status, also when the body behind it was lost.
    package var httpStatus: Int?
    /// The API's `code` or the token endpoint's `error`; not stable, only shown.
    package var code: String?
    package var message: String?
    package var target: String?
    package var documentationURL: String?
    /// The error's `meta`, as the JSON text that was received.
    package var meta: String?
    /// The error's `details`, as the JSON text that was received.
    package var details: String?
    /// When the API wants to be asked again; nil: it didn't say.
    package var hint: RetryHint?
    /// The limit that the message names.
    package var limit: LearnedLimit?
    /// A certificate or name error: permanent until configuration or trust changes.
    package var isCertificate: Bool
    /// One sentence for people: at most 1 KiB, control characters escaped.
    package var summary: String
    /// One word of a small set, for metrics.
    package var label: String

    package init(
        kind: Kind, origin: Origin = .nobody, httpStatus: Int? = nil, code: String? = nil,
        message: String? = nil, target: String? = nil, documentationURL: String? = nil,
        meta: String? = nil, details: String? = nil, hint: RetryHint? = nil,
        limit: LearnedLimit? = nil, isCertificate: Bool = false, summary: String, label: String
    ) {
        self.kind = kind
        self.origin = origin
        self.httpStatus = httpStatus
        self.code = code
        self.message = message
        self.target = target
        self.documentationURL = documentationURL
        self.meta = meta
        self.details = details
        self.hint = hint
        self.limit = limit
        self.isCertificate = isCertificate
        self.summary = summary
        self.label = label
    }
}

extension APIFailure {
    /// The status if the API itself gave it: the only one that may decide anything for good.
    package var apiStatus: Int? { origin == .api ? httpStatus : nil }

    /// Whether the API says that it doesn't know the version; undocumented, so by its words.
    package var isAboutVersion: Bool {
        guard let apiStatus, [400, 404, 406, 410].contains(apiStatus) else { return false }
        return Self.namesVersion(target: target, message: message)
    }

    /// Whether an error is about the version that was asked for, by its header or as a word: a
    /// conversion is none.
    static func namesVersion(target: String?, message: String?) -> Bool {
        target?.lowercased() == "x-version"
            || message?.lowercased().split { !$0.isLetter }.contains { word in
                word == "version" || word == "versions"
            } == true
    }
}

/// How long the API wants to be left alone; the largest wish of all its channels.
package struct RetryHint: Sendable, Equatable {
    /// Rounded up from what was asked.
    package var delayMilliseconds: Int64
    /// The operation that the message names; nil: none, so the whole connection is meant.
    package var operation: String?

    /// The longest hint, in seconds; larger ones saturate here.
    package static let delaySecondsMax = Int64(Int32.max)

    /// Whole seconds, rounded up: never sooner than asked.
    package var delaySeconds: Int64 {
        delayMilliseconds / 1000 + (delayMilliseconds % 1000 > 0 ? 1 : 0)
    }

    /// Makes a hint from whole seconds, clamped into `0 ... delaySecondsMax`.
    package init(delaySeconds: Int64, operation: String? = nil) {
        delayMilliseconds = min(max(delaySeconds, 0), Self.delaySecondsMax) * 1000
        self.operation = operation
    }

    /// Makes a hint from milliseconds, clamped into `0 ... delaySecondsMax`.
    package init(delayMilliseconds: Int64, operation: String? = nil) {
        self.delayMilliseconds = min(max(delayMilliseconds, 0), Self.delaySecondsMax * 1000)
        self.operation = operation
    }
}

/// A rate limit as a 429 message names it: "1000 per 60 seconds exceeded for listJobs".
package struct LearnedLimit: Sendable, Equatable {
    package var requests: Int
    package var windowSeconds: Int64
    package var operation: String?

    package init(requests: Int, windowSeconds: Int64, operation: String?) {
        self.requests = requests
        self.windowSeconds = windowSeconds
        self.operation = operation
    }
}

/// The API's error object, as the whole body of a refusal or an item of a validation.
package struct APIErrorBody: Sendable, Equatable {
    package var code: String?
    package var message: String?
    package var target: String?
    package var documentationURL: String?
    /// JSON text as received.
    package var meta: String?
    /// JSON text as received.
    package var details: String?

    package init(
        code: String? = nil, message: String? = nil, target: String? = nil,
        documentationURL: String? = nil, meta: String? = nil, details: String? = nil
    ) {
        self.code = code
        self.message = message
        self.target = target
        self.documentationURL = documentationURL
        self.meta = meta
        self.details = details
    }
}
