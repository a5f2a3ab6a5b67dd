package import Timetable

extension APIAnswer {
    /// Reads what became of a request.
    ///
    /// Pure; never traps, whatever was sent.
    ///
    /// - Parameters:
    ///   - call: The call that was encoded.
    ///   - endpoint: Where it went; the next page must be there too.
    ///   - outcome: What the transport brought.
    ///   - redaction: Takes out what must not be stored, before anything is read.
    ///   - receivedAt: Our wall clock when the outcome was complete.
    /// - Returns: The value or the classified failure.
    package static func decoding(
        _ call: APICall, endpoint: APIEndpoint, outcome: Result<APIResponse, TransportFailure>,
        redaction: Redaction = .none, receivedAt: Instant
    ) -> APIAnswer {
        let result: Result<APIValue, APIFailure>
        var head: APIResponse?
        switch redaction.redacting(outcome) {
        case .success(let response):
            head = response
            result = value(call, endpoint: endpoint, response: response, now: receivedAt)
        case .failure(let failure):
            head = failure.head
            result = .failure(.lost(failure, call: call, now: receivedAt))
        }
        let serverDate = head.flatMap {
            RetryHint.serverDate(headers: $0.headers, now: receivedAt)
        }
        return APIAnswer(
            call: call, result: result.mapError(redaction.redacting), serverDate: serverDate,
            ageSeconds: head.flatMap(ageSeconds), httpStatus: head?.status, receivedAt: receivedAt)
    }

    /// The `Age` of an answer out of a cache; one that can't be read is some age, too.
    private static func ageSeconds(_ response: APIResponse) -> Int64? {
        let ages = response.headers.filter { ASCII.lowercased($0.name) == "age" }
            .map { ASCII.trimmed($0.value[...]) }
        return ages.map { Int64($0) ?? ($0.isEmpty ? 0 : Int64(Int32.max)) }.max()
    }

    /// The value of a complete answer, or why it has none.
    private static func value(
        _ call: APICall, endpoint: APIEndpoint, response: APIResponse, now: Instant
    ) -> Result<APIValue, APIFailure> {
        let isGood =
            response.status == 200 || (call.isStart && response.status == 201)
        guard isGood else { return .failure(.answered(response, call: call, now: now)) }
        guard response.body.count <= APIResponse.answerBytesMax else {
            return .failure(.unreadable(response, call: call, why: "it is too large", now: now))
        }
        do {
            return .success(try body(call, endpoint: endpoint, response))
        } catch {
            return .failure(
                .unreadable(response, call: call, why: error.description, now: now))
        }
    }

    private static func body(
        _ call: APICall, endpoint: APIEndpoint, _ response: APIResponse
    ) throws(BodyError) -> APIValue {
        let bytes = response.body
        switch call {
        case .token: return .token(try AccessToken.decoding(bytes))
        case .listProcesses: return .page(try ProcessPage.decoding(bytes, endpoint: endpoint))
        case .startRun: return .run(try ProcessRun.decoding(bytes, asked: nil))
        case .getRun(let id): return .run(try ProcessRun.decoding(bytes, asked: id))
        case .validate:
            let findings = try APIErrorBody.decodingValidation(bytes)
            // Findings end a slot for good: only the API's own do.
            guard findings.isEmpty || ContentType(response).mayBeJSON else {
                throw .missing("content type of the API's")
            }
            return .validation(findings)
        }
    }
}

/// Why a good status's body gives no value.
enum BodyError: Error, CustomStringConvertible {
    case notJSON(JSONError)
    case missing(String)

    /// The end of a sentence that begins with the answer.
    var description: String {
        switch self {
        case .notJSON(let error) where error.isTooDeep:
            "it is nested too deeply at byte \(error.offset)"
        case .notJSON(let error): "it is no JSON at byte \(error.offset)"
        case .missing(let what): "it has no \(what)"
        }
    }

    /// Runs a reader over a whole text that must be one JSON object.
    static func object(
        _ bytes: [UInt8],
        _ field: (inout JSONReader, String) throws(JSONError) -> Void
    ) throws(BodyError) {
        var reader = JSONReader(bytes)
        do throws(JSONError) {
            guard try reader.object(field) else { throw JSONError(offset: 0) }
            try reader.expectEnd()
        } catch {
            throw .notJSON(error)
        }
    }
}

extension AccessToken {
    /// A lifetime for tokens that don't tell theirs: half of the API's usual one.
    static let expiresInSecondsDefault: Int64 = 300
    private static let expiresInSecondsMax: Int64 = 86_400

    static func decoding(_ bytes: [UInt8]) throws(BodyError) -> AccessToken {
        var token: String?
        var expires: Int64?
        var scope: String?
        var type: String?
        try BodyError.object(bytes) { reader, key throws(JSONError) in
            switch key {
            case "access_token": token = try reader.string()
            case "expires_in": expires = try reader.integer()
            case "scope": scope = try reader.string()
            case "token_type": type = try reader.string()
            default: try reader.skip()
            }
        }
        guard let token, !token.isEmpty, Header.isValue(token) else {
            throw .missing("usable access_token")
        }
        guard ASCII.lowercased(type ?? "bearer") == "bearer" else {
            throw .missing("token of type Bearer")
        }
        let lifetime = min(max(expires ?? expiresInSecondsDefault, 0), expiresInSecondsMax)
        return AccessToken(
            secret: Secret(token), expiresInSeconds: Int(lifetime),
            scopes: (scope ?? "").split(whereSeparator: \.isWhitespace).map(String.init))
    }
}

extension ProcessPage {
    static func decoding(
        _ bytes: [UInt8], endpoint: APIEndpoint
    ) throws(BodyError) -> ProcessPage {
        var page = ProcessPage(processes: [], nextLink: nil)
        var hasData = false
        var link: String?
        try BodyError.object(bytes) { reader, key throws(JSONError) in
            switch key {
            case "data":
                page.processes = []
                hasData = try reader.array { reader throws(JSONError) in
                    if let process = try ProcessSummary.reading(&reader) {
                        page.processes.append(process)
                    } else {
                        page.unreadableItems += 1
                    }
                }
            case "@nextLink": link = try Self.readingLink(&reader)
            default: try reader.skip()
            }
        }
        guard hasData else { throw .missing("data") }
        guard let link = link.map(NextLink.tidied), !link.isEmpty else { return page }
        page.nextLink = link
        if let (origin, baseURL) = try? endpoint.checked(),
            NextLink.resolve(link, base: origin, baseURL: baseURL) == nil
        {
            page.foreignLink = NextLink.words(link)
            page.nextLink = NextLink.pathOfList(link)
        }
        return page
    }

    /// A link that is no text is one all the same, to a page that can't be read: the list goes on.
    private static func readingLink(_ reader: inout JSONReader) throws(JSONError) -> String? {
        switch try reader.peek() {
        case .string, .null: try reader.string()
        // With a "?", or it would be taken for a cursor.
        default: try reader.rawText().map { "//?" + $0 }
        }
    }
}

extension ProcessSummary {
    /// An item of the list, or nil if its id, or the id of the run it shows, can't be read.
    ///
    /// An item whose run is unreadable is dropped as a whole: shown without its run it would look
    /// like a process that was never started, and prove a lost start absent.
    static func reading(_ reader: inout JSONReader) throws(JSONError) -> ProcessSummary? {
        var item = ProcessSummary(id: "", name: "", run: nil)
        var isRunReadable = true
        try reader.object { reader, key throws(JSONError) in
            switch key {
            case "id": item.id = try reader.string() ?? ""
            case "name": item.name = try reader.string() ?? ""
            case "dueDate": item.dueDate = try reader.string()
            case "modified": item.modified = try ActionStamp.reading(&reader).at
            case "run":
                let isNull = try reader.peek() == .null
                item.run = try RunSummary.reading(&reader)
                isRunReadable = isNull || item.run != nil
            default: try reader.skip()
            }
        }
        return APIIdentifier.isValid(item.id) && isRunReadable ? item : nil
    }
}

extension APIErrorBody {
    static func decodingValidation(_ bytes: [UInt8]) throws(BodyError) -> [APIErrorBody] {
        var errors: [APIErrorBody] = []
        var hasErrors = false
        var areFindings = true
        try BodyError.object(bytes) { reader, key throws(JSONError) in
            guard key == "errors" else {
                areFindings = areFindings && !Found.isOthersField(key)
                return try reader.skip()
            }
            errors = []
            hasErrors = try reader.array { reader throws(JSONError) in
                let found = try APIErrorBody.reading(&reader)
                areFindings = areFindings && found.isFinding
                errors.append(found.body)
            }
        }
        // An answer without the list says nothing about the process: it is no clean bill.
        guard hasErrors else { throw .missing("errors") }
        guard areFindings else { throw .missing("errors of the API's own") }
        return errors
    }
}
