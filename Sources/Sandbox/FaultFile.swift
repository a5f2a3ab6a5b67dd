extension FaultRule {
    /// Reads one entry of `faults`: what goes wrong, and when.
    static func read(_ fields: inout JSONFields) throws(ScenarioError) -> FaultRule {
        let operation = try fields.string("operation")
        var fault = try Fault.read(&fields, operation: operation)
        // `error` and `foreign` have read theirs; for all others a request is acted upon.
        if try fields.bool("acts") == false { fault.effect = .nothing }
        fault.delayMilliseconds = try fields.integer("delayMilliseconds") ?? fault.delayMilliseconds
        fault.message = try fields.string("message") ?? fault.message
        if let text = try fields.string("retryAfter") {
            fault.headers.append(("Retry-After", text))
        }
        var rule = FaultRule(fault, operation: operation, process: try fields.string("process"))
        rule.nth = Int(max(try fields.integer("nth") ?? 1, 1))
        rule.times = try fields.integer("times").map { Int($0) }
        rule.probability = try fields.double("probability") ?? 1
        let from = try fields.integer("fromSeconds")
        let to = try fields.integer("toSeconds")
        if from != nil || to != nil {
            let start = (from ?? 0).multipliedSaturating(by: 1000)
            let end = to?.multipliedSaturating(by: 1000) ?? .max
            guard start <= end else {
                throw ScenarioError(path: fields.at("toSeconds"), message: "is before fromSeconds")
            }
            rule.window = start..<end
        }
        return rule
    }
}

extension Fault {
    static let words = [
        "lostBefore", "lostAfter", "error", "foreign", "conflict", "rateLimited", "slow",
        "garbage", "empty", "truncated", "cut", "withoutID", "withoutTree", "oversized",
        "redirect",
        "revokeTokens", "hideRun", "skewDate", "hideDate", "listReversed", "listShifted",
        "listWithout", "listWithoutRuns", "listLoops", "foreignNextLink", "gateway", "echo",
        "oddStatus", "compressed", "zeroHint", "nextLinkUnder", "listCached",
        "foreignNextPath", "replayed",
    ]

    fileprivate static func read(
        _ fields: inout JSONFields, operation: String?
    ) throws(ScenarioError) -> Fault {
        let word = try fields.required("fault")
        let delay = try fields.integer("actsAfterMilliseconds") ?? 0
        switch word {
        case "lostBefore": return .lostBefore
        case "lostAfter": return .lostAfter(actsAfterMilliseconds: delay)
        case "error", "foreign":
            let status = try Self.status(&fields, in: 400...599, or: 500)
            let acts = try fields.bool("acts") ?? false
            return word == "error"
                ? .error(status, acts: acts, actsAfterMilliseconds: delay)
                : .foreign(status, acts: acts, actsAfterMilliseconds: delay)
        case "conflict": return .error(409, acts: false)
        case "rateLimited":
            return .rateLimited(
                operation: operation ?? "listJobs", seconds: try fields.integer("seconds") ?? 10,
                header: try fields.bool("sendsHeader") ?? false)
        case "slow":
            return .slow(
                try fields.integer("milliseconds") ?? 5_000, actsAfterMilliseconds: delay)
        case "garbage": return .answer(.garbage)
        case "empty": return .answer(.empty)
        case "truncated": return .answer(.truncated)
        case "replayed": return .answer(.replayed)
        case "cut": return .answer(.cut)
        case "withoutID": return .answer(.withoutID)
        case "withoutTree": return .answer(.withoutTree)
        case "oversized":
            let bytes = try fields.integer("bytes") ?? 17 << 20
            return .answer(.oversized(bytes: Int(min(max(bytes, 0), 64 << 20))))
        case "redirect": return .answer(.redirect(to: try fields.required("to")))
        case "gateway":
            return .gateway(
                try Self.status(&fields, in: 300...999, or: 403), try Self.page(&fields),
                acts: try fields.bool("acts") ?? false, actsAfterMilliseconds: delay)
        case "echo": return .echo(try Self.status(&fields, in: 400...599, or: 400))
        case "oddStatus":
            return .answer(.oddStatus(try Self.status(&fields, in: 0...999, or: 999)))
        case "compressed":
            return .answer(.compressed(coding: try fields.string("coding") ?? "gzip"))
        case "zeroHint": return .zeroHint(try Self.status(&fields, in: 400...599, or: 429))
        default: return try readRest(word, &fields)
        }
    }

    private static func status(
        _ fields: inout JSONFields, in range: ClosedRange<Int64>, or usual: Int64
    ) throws(ScenarioError) -> Int {
        let status = try fields.integer("status") ?? usual
        guard range.contains(status) else {
            throw ScenarioError(
                path: fields.at("status"),
                message: "\(range.lowerBound) to \(range.upperBound) is expected")
        }
        return Int(status)
    }

    private static func page(_ fields: inout JSONFields) throws(ScenarioError) -> GatewayPage {
        guard let word = try fields.string("page") else { return .html }
        guard let page = GatewayPage(rawValue: word) else {
            let words = GatewayPage.allCases.map(\.rawValue).joined(separator: ", ")
            throw ScenarioError(
                path: fields.at("page"), message: "\(word) is none of \(words)")
        }
        return page
    }

    private static func readRest(
        _ word: String, _ fields: inout JSONFields
    ) throws(ScenarioError) -> Fault {
        var fault = Fault()
        switch word {
        case "revokeTokens": fault.revokesTokens = true
        case "hideRun": fault.hidesRunMilliseconds = try fields.integer("milliseconds") ?? 60_000
        case "skewDate": fault.dateSkewMilliseconds = try fields.integer("milliseconds") ?? 300_000
        case "hideDate": fault.hidesDate = true
        case "listReversed": fault.listing = .reversed
        case "listShifted": fault.listing = .shifted(by: Int(try fields.integer("by") ?? 1))
        case "listWithout": fault.listing = .without(process: try fields.required("missing"))
        case "listWithoutRuns": fault.listing = .withoutRuns
        case "listLoops": fault.listing = .loops
        case "foreignNextLink": fault.listing = .foreignNextLink
        case "foreignNextPath": fault.listing = .foreignNextPath
        case "nextLinkUnder": fault.listing = .nextLinkUnder(base: try fields.required("base"))
        case "listCached":
            let seconds = try fields.integer("seconds") ?? 60
            fault.listing = .cached(
                ageMilliseconds: max(0, seconds).multipliedSaturating(by: 1000),
                tellsAge: try fields.bool("tellsAge") ?? true)
        default:
            throw ScenarioError(
                path: fields.at("fault"),
                message: "\(word) is none of \(words.joined(separator: ", "))")
        }
        return fault
    }
}
