import Timetable

extension APIErrorBody {
    /// The longest text that is kept of one field of an error.
    private static let fieldBytesMax = 64 << 10

    /// An error object with what tells whose it is.
    struct Found {
        var body = APIErrorBody()
        /// A `code` that is a string.
        fileprivate var code: String?
        /// An `error` that is a string: only the token endpoint has one.
        fileprivate var oauthError: String?
        /// The object has a field that others' errors have and the API's don't, or one of another
        /// type.
        fileprivate var isOthers = false

        /// Whether this is the error object that is documented for the operation.
        ///
        /// A `message` alone doesn't make it so, because that is what gateways answer; nor does a
        /// `code` that names another status than that of the answer.
        func isOwn(of call: APICall, status: Int) -> Bool {
            if call == .token, let oauthError {
                return Self.oauthErrors.contains(oauthError)
            }
            guard let code, !code.isEmpty, !isOthers, oauthError == nil else { return false }
            let digits = code.prefix { $0.isASCII && $0.isNumber }
            guard digits.isEmpty || digits == String(status) else { return false }
            // The token endpoint has errors of its own; only a version that ended comes before it.
            return call != .token || isAboutVersion
        }

        /// A finding of a validation: something to tell, and nobody else's error.
        var isFinding: Bool {
            !isOthers && oauthError == nil && (body.code ?? body.message)?.isEmpty == false
        }

        private var isAboutVersion: Bool {
            APIFailure.namesVersion(target: body.target, message: body.message)
        }

        /// RFC 6749, 4.1.2.1 and 5.2, which are also those that the API documents.
        private static let oauthErrors: Set<String> = [
            "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
            "unsupported_grant_type", "invalid_scope", "access_denied",
            "unsupported_response_type", "server_error", "temporarily_unavailable",
        ]
        /// Fields of problem details (RFC 9457), Spring, Express, AWS, Google, Cloudflare, Apigee, and
        /// of whoever sends people to a page where they log in.
        private static let othersFields: Set<String> = [
            "errors", "status", "statusCode", "title", "path", "success", "fault", "__type",
            "type", "detail", "instance", "redirectUrl", "redirect_url", "loginUrl", "login_url",
        ]

        /// Whether others' errors have a field of that name, and the API's don't.
        static func isOthersField(_ name: String) -> Bool { othersFields.contains(name) }
    }

    /// Reads an error object, the API's or the token endpoint's, or whatever stands in its place.
    ///
    /// - Parameters:
    ///   - reader: Stands before the object.
    ///   - isNested: The object is another error's `error`; a further one in it isn't looked at.
    /// - Returns: The fields, and what tells whose they are.
    /// - Throws: Where the text is no JSON.
    static func reading(
        _ reader: inout JSONReader, isNested: Bool = false
    ) throws(JSONError) -> Found {
        var found = Found()
        var nested: APIErrorBody?
        try reader.object { reader, key throws(JSONError) in
            switch key {
            case "code":
                switch try reader.peek() {
                case .string:
                    found.code = try reader.string().map(bounded)
                    found.body.code = found.code ?? found.body.code
                case .null: try reader.skip()
                case .number:
                    found.isOthers = true
                    found.body.code = try reader.rawText().map(bounded)
                default:
                    found.isOthers = true
                    try reader.skip()
                }
            case "error":
                switch try reader.peek() {
                case .string: found.oauthError = try reader.string().map(bounded)
                case .object where !isNested:
                    found.isOthers = true
                    nested = try APIErrorBody.reading(&reader, isNested: true).body
                default:
                    found.isOthers = true
                    try reader.skip()
                }
            case "message":
                let kind = try reader.peek()
                if kind != .string, kind != .null { found.isOthers = true }
                found.body.message = try reader.string().map(bounded) ?? found.body.message
            case "error_description":
                found.body.message = try reader.string().map(bounded) ?? found.body.message
            case "target": found.body.target = try reader.string().map(bounded)
            case "documentationUrl", "error_uri":
                found.body.documentationURL =
                    try reader.string().map(bounded) ?? found.body.documentationURL
            case "meta": found.body.meta = try reader.rawText().map(boundedJSON)
            case "details": found.body.details = try reader.rawText().map(boundedJSON)
            default:
                if Found.isOthersField(key) { found.isOthers = true }
                try reader.skip()
            }
        }
        found.body.code = found.body.code ?? found.oauthError ?? nested?.code
        found.body.message = found.body.message ?? nested?.message
        return found
    }

    /// Reads a whole body; nil if it is no JSON object.
    static func decoding(_ bytes: [UInt8]) -> Found? {
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
        let isOwn =
            ContentType(response).mayBeJSON
            && error?.isOwn(of: call, status: response.status) == true
        var failure = APIFailure(
            kind: .of(status: response.status, isOwnError: isOwn), origin: isOwn ? .api : .gateway,
            httpStatus: response.status, summary: "", label: label(status: response.status))
        let words = wordsOf(
            response, message: error?.body.message, details: error?.body.details)
        failure.hint = RetryHint.parsing(headers: response.headers, message: words, now: now)
        guard isOwn else {
            failure.summary = EscapedText.bounded(
                "\(call.operation): a gateway answered, not the API: "
                    + gatewayWords(response, call: call, message: error?.body.message))
            return failure
        }
        failure.fill(with: error?.body)
        if response.status == 429 { failure.limit = MessageHint(words).limit }
        let verb = failure.kind == .refused ? "was refused with" : "was answered with"
        let code = failure.code.map { " (\($0))" } ?? ""
        failure.summary = EscapedText.bounded(
            "\(call.operation) \(verb) HTTP \(response.status)\(code)"
                + (failure.message.map { ": \($0)" } ?? ""))
        return failure
    }

    /// Status, content type and the beginning of what somebody else than the API answered.
    private static func gatewayWords(
        _ response: APIResponse, call: APICall, message: String?
    ) -> String {
        let head = "HTTP \(response.status), \(ContentType(response).words)"
        if let coding = BodyCoding.words(response) { return "\(head), \(coding)" }
        guard !response.body.isEmpty else { return "\(head), empty" }
        return (message.map(EscapedText.quoted) ?? snippet(of: response, call: call))
            .map { "\(head): \($0)" } ?? head
    }

    /// A good status whose body can't be read: whatever was asked may have been done.
    static func unreadable(
        _ response: APIResponse, call: APICall, why: String, now: Instant
    ) -> APIFailure {
        let coding = BodyCoding.words(response)
        let text =
            coding == nil ? snippet(of: response, call: call).map { ": \($0)" } ?? "" : ""
        // Whoever answers 200 with a page of its own is a gateway, too: a captive portal, a login.
        let gateway =
            ContentType(response).mayBeJSON
            ? "" : " (perhaps a gateway answered: \(ContentType(response).words))"
        return APIFailure(
            kind: .ambiguous, origin: .gateway, httpStatus: response.status,
            hint: RetryHint.parsing(headers: response.headers, message: nil, now: now),
            summary: EscapedText.bounded(
                "the answer to \(call.operation), HTTP \(response.status), can't be read, for "
                    + "\(coding ?? why)\(gateway)\(text)"),
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
        // We stopped reading: somebody had answered, and none of the API's errors is so large.
        if let head, case .afterHead(_, .bodyTooLarge) = failure, head.status >= 300 {
            result.origin = .gateway
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
    /// What a status proves (docs/protocol.md, rule 4): nothing, unless the API gave it.
    ///
    /// What stands in front of it may have passed the request on before.
    /// 409 is a refusal here; the engine takes it as ambiguous after an ambiguous attempt of the
    /// same slot, which is none of an answer's business.
    static func of(status: Int, isOwnError: Bool) -> APIFailure.Kind {
        switch status {
        case 400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503:
            isOwnError ? .refused : .ambiguous
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
