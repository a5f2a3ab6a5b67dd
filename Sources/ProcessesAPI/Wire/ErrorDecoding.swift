import Timetable

extension APIErrorBody {
    /// The longest text that is kept of one field of an error.
    private static let fieldBytesMax = 64 << 10

    /// Reads an error object, the API's or the token endpoint's.
    ///
    /// - Parameters:
    ///   - reader: Stands before the object.
    ///   - isNested: The object is another error's `error`; a further one in it isn't looked at.
    /// - Returns: The fields, and whether the object is the API's own: it has a `code` (or, from
    ///   the token endpoint, an `error`) that is a string with something in it. A `message` alone
    ///   doesn't make it so, because that is what gateways in front of an API answer.
    /// - Throws: Where the text is no JSON.
    static func reading(
        _ reader: inout JSONReader, isNested: Bool = false
    ) throws(JSONError) -> (body: APIErrorBody, isOwn: Bool) {
        var error = APIErrorBody()
        var isOwn = false
        var nested: APIErrorBody?
        try reader.object { reader, key throws(JSONError) in
            switch key {
            case "code", "error":
                switch try reader.peek() {
                case .string:
                    guard let code = try reader.string(), !code.isEmpty else { return }
                    isOwn = true
                    // Either may come first; `code` counts more.
                    if key == "code" || error.code == nil { error.code = bounded(code) }
                case .number: error.code = try reader.rawText().map(bounded)
                case .object where !isNested:
                    nested = try APIErrorBody.reading(&reader, isNested: true).body
                default: try reader.skip()
                }
            case "message", "error_description":
                error.message = try reader.string().map(bounded) ?? error.message
            case "target": error.target = try reader.string().map(bounded)
            case "documentationUrl", "error_uri":
                error.documentationURL =
                    try reader.string().map(bounded)
                    ?? error.documentationURL
            case "meta": error.meta = try reader.rawText().map(boundedJSON)
            case "details": error.details = try reader.rawText().map(boundedJSON)
            default: try reader.skip()
            }
        }
        error.code = error.code ?? nested?.code
        error.message = error.message ?? nested?.message
        return (error, isOwn)
    }

    /// Reads a whole body; nil if it is no JSON object.
    static func decoding(_ bytes: [UInt8]) -> (body: APIErrorBody, isOwn: Bool)? {
        var reader = JSONReader(bytes)
        guard let kind = try? reader.peek(), kind == .object,
            let found = try? reading(&reader), (try? reader.expectEnd()) != nil
        else { return nil }
        return found
    }

    private static func bounded(_ text: String) -> String {
        guard text.utf8.count > fieldBytesMax else { return text }
        return String(decoding: text.utf8.prefix(fieldBytesMax), as: UTF8.self) + "…"
    }

    private static func boundedJSON(_ text: String) -> String {
        text.utf8.count <= fieldBytesMax ? text : "{\"truncatedBytes\":\(text.utf8.count)}"
    }
}

extension APIFailure {
    /// A failure that an answer's status tells (any status but the good one).
    static func answered(_ response: APIResponse, call: APICall, now: Instant) -> APIFailure {
        let error = APIErrorBody.decoding(response.body)
        var failure = APIFailure(
            kind: .of(status: response.status, isOwnError: error?.isOwn ?? false),
            httpStatus: response.status, summary: "", label: label(status: response.status))
        failure.fill(with: error?.body)
        let words = wordsOf(response, message: failure.message, details: failure.details)
        failure.hint = RetryHint.parsing(headers: response.headers, message: words, now: now)
        if response.status == 429 { failure.limit = MessageHint(words).limit }
        let verb = failure.kind == .refused ? "was refused with" : "was answered with"
        let code = failure.code.map { " (\($0))" } ?? ""
        let text = failure.message ?? snippet(of: response, call: call)
        failure.summary = EscapedText.bounded(
            "\(call.operation) \(verb) HTTP \(response.status)\(code)"
                + (text.map { ": \($0)" } ?? ""))
        return failure
    }

    /// A good status whose body can't be read: whatever was asked may have been done.
    static func unreadable(
        _ response: APIResponse, call: APICall, why: String, now: Instant
    ) -> APIFailure {
        let text = snippet(of: response, call: call).map { ": \($0)" } ?? ""
        return APIFailure(
            kind: .ambiguous, httpStatus: response.status,
            hint: RetryHint.parsing(headers: response.headers, message: nil, now: now),
            summary: EscapedText.bounded(
                "the answer to \(call.operation), HTTP \(response.status), can't be read, for \(why)"
                    + text),
            label: "unreadable")
    }

    /// No complete answer.
    static func lost(_ failure: TransportFailure, call: APICall, now: Instant) -> APIFailure {
        let head = failure.head
        let isNotSent: Bool
        if case .notSent = failure { isNotSent = true } else { isNotSent = false }
        var result = APIFailure(
            kind: isNotSent ? .notSent : .ambiguous, httpStatus: head?.status,
            hint: head.flatMap {
                RetryHint.parsing(headers: $0.headers, message: nil, now: now)
            },
            isCertificate: failure.isCertificate,
            summary: EscapedText.bounded("\(call.operation) \(failure.words)"),
            label: failure.label)
        // We stopped reading, the API had answered: its status is known, unlike with a broken
        // connection, where nothing is believed.
        if let head, case .afterHead(_, .bodyTooLarge) = failure, head.status >= 300 {
            result.kind = .of(status: head.status, isOwnError: false)
        }
        return result
    }

    /// What may hold a hint: message and details, or a body that isn't wrapped in JSON.
    private static func wordsOf(
        _ response: APIResponse, message: String?, details: String?
    ) -> String {
        guard let message else {
            return String(decoding: response.body.prefix(8_192), as: UTF8.self)
        }
        return details.map { "\(message); \($0)" } ?? message
    }

    private mutating func fill(with body: APIErrorBody?) {
        code = body?.code
        message = body?.message
        target = body?.target
        documentationURL = body?.documentationURL
        meta = body?.meta
        details = body?.details
    }

    /// The beginning of a body for people; none of a token answer, which may hold the token.
    private static func snippet(of response: APIResponse, call: APICall) -> String? {
        guard call != .token, !response.body.isEmpty else { return nil }
        return EscapedText.quoted(String(decoding: response.body.prefix(200), as: UTF8.self))
    }

    /// One word for each status that has a meaning here, and one for each class of others.
    private static func label(status: Int) -> String {
        switch status {
        case 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 500, 502, 503, 504:
            "http_\(status)"
        case 100..<600: "http_\(status / 100)xx"
        default: "http_other"
        }
    }
}

extension APIFailure.Kind {
    /// What a status proves (docs/protocol.md, rule 4).
    ///
    /// 409 is a refusal here; the engine takes it as ambiguous after an ambiguous attempt of the
    /// same slot, which is none of an answer's business.
    static func of(status: Int, isOwnError: Bool) -> APIFailure.Kind {
        switch status {
        case 400, 401, 403, 404, 405, 409, 413, 415, 422, 429: .refused
        case 503: isOwnError ? .refused : .ambiguous
        default: .ambiguous
        }
    }
}

extension TransportFailure {
    /// The head that came before the failure.
    var head: APIResponse? {
        if case .afterHead(let response, _) = self { return response }
        return nil
    }

    var isCertificate: Bool {
        if case .notSent(_, let isCertificate) = self { return isCertificate }
        return false
    }

    /// One word of a small set.
    var label: String {
        switch self {
        case .notSent(_, let isCertificate): isCertificate ? "certificate" : "not_sent"
        case .deadline: "deadline"
        case .lost: "lost"
        case .bodyTooLarge: "body_too_large"
        case .afterHead(_, let failure): failure.label
        }
    }

    /// What happened, as the end of a sentence that begins with the operation.
    var words: String {
        switch self {
        case .notSent(let reason, _): "was not sent: \(reason)"
        case .deadline: "had no complete answer in time"
        case .lost(let reason): "lost its connection before the answer: \(reason)"
        case .bodyTooLarge(let limit): "was answered with more than \(limit) bytes"
        case .afterHead(let response, let failure):
            "began to be answered with HTTP \(response.status), but \(failure.words)"
        }
    }
}
