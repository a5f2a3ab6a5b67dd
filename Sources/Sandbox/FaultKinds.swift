extension FaultRule {
    /// Kinds of trouble that strangers met between a client and an API.
    ///
    /// A little of everything hides what much of one kind shows: a workload draws some of them, each with
    /// a likelihood of its own.
    package enum Kind: CaseIterable, Sendable {
        /// Lists out of a cache, fresh or a day old, told by `Age` or by the date alone.
        case cachedLists
        /// The same of single runs.
        case cachedReads
        /// Links that lead elsewhere or in circles, items that move between pages.
        case links
        /// Refusals that ask for no time at all, in each way to say so.
        case zeroHints
        /// Refusals that repeat the request's secrets.
        case echoes
        /// The true answer under a status that is none, or that nobody knows.
        case oddStatuses
        /// The true answer compressed, named rightly, wrongly or not at all.
        case compressed
        /// Every status with every page that gateways have.
        case gateways
        /// What the same operation was answered before.
        case replays
        /// Single answers whose `Date` is off, or missing.
        case dates
    }

    private static let operations = [
        "runProcess", "listProcesses", "getProcessRun", "validateProcess", "token",
    ]

    /// A few rules of a kind.
    ///
    /// - Parameters:
    ///   - kind: What goes wrong.
    ///   - probability: How likely a request that a rule matches is struck.
    ///   - window: Only in this time, in milliseconds since the sandbox's first instant.
    ///   - pick: A number below the one it is given, decided by a seed.
    /// - Returns: The rules.
    package static func rules(
        of kind: Kind, probability: Double, window: Range<Int64>?, pick: (Int) -> Int
    ) -> [FaultRule] {
        var rules: [FaultRule] = []
        let faults = Self.faults(of: kind)
        let struck = Self.operations(of: kind)
        for _ in 0..<(1 + pick(4)) {
            var fault = faults[pick(faults.count)]
            let operation = struck[pick(struck.count)]
            // Behind an answer that isn't the true one a start may be acted upon, or not.
            if fault.answer != .normal, operation == "runProcess" {
                let effects: [Fault.Effect] = [
                    .nothing, .happens(afterMilliseconds: 0),
                    .happens(afterMilliseconds: 20_000),
                ]
                // An error of the API's own is true: it did nothing.
                if !fault.answer.isOwnError { fault.effect = effects[pick(effects.count)] }
            }
            var rule = FaultRule(fault, operation: operation)
            rule.probability = probability
            rule.window = window
            rules.append(rule)
        }
        return rules
    }

    private static func operations(of kind: Kind) -> [String] {
        switch kind {
        case .cachedLists, .links: ["listProcesses"]
        case .cachedReads: ["getProcessRun"]
        case .replays: ["runProcess", "getProcessRun", "listProcesses"]
        case .zeroHints, .echoes, .oddStatuses, .compressed, .gateways, .dates: operations
        }
    }

    private static func faults(of kind: Kind) -> [Fault] {
        switch kind {
        case .cachedLists, .cachedReads: cached
        case .links: links
        case .zeroHints: zeroHints
        case .echoes: [400, 401, 403, 404, 405, 409, 415, 422, 429, 500, 503].map(Fault.echo)
        case .oddStatuses: oddStatuses.map { .answer(.oddStatus($0)) }
        case .compressed:
            ["gzip", "GZIP", "x-gzip", "br", "zstd", "deflate", "identity", "gzip, gzip", ""]
                .map { .answer(.compressed(coding: $0)) }
        case .gateways:
            gatewayStatuses.flatMap { status in
                GatewayPage.allCases.map { .gateway(status, $0, acts: false) }
            }
        case .replays: [.answer(.replayed)]
        case .dates: dates
        }
    }

    private static var cached: [Fault] {
        ([1_000, 5_000, 30_000, 600_000, 86_400_000] as [Int64]).flatMap { age in
            [true, false].map {
                .listing(.cached(ageMilliseconds: age, tellsAge: $0))
            }
        }
    }

    private static var links: [Fault] {
        [
            .loops, .foreignNextLink, .foreignNextPath, .reversed, .shifted(by: 1),
            .shifted(by: -1), .nextLinkUnder(base: "http://internal.example:8080"),
            .nextLinkUnder(base: "https://API.example.com:443"), .nextLinkUnder(base: "//"),
        ].map(Fault.listing)
    }

    private static var zeroHints: [Fault] {
        let hints: [[(name: String, value: String)]] = [
            [("Retry-After", "0")], [("retry-after-ms", "0")], [("Retry-After", "-5")],
            [("Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT")], [("Retry-After", "0.0")],
            [("Retry-After", "")], [("Retry-After", "0"), ("retry-after-ms", "0")],
        ]
        return [429, 503].flatMap { status in
            hints.map { headers in
                var fault = Fault.zeroHint(status)
                fault.headers = headers
                fault.message = "Too many requests. Retry request in 0 seconds."
                return fault
            }
        }
    }

    private static let oddStatuses = [
        0, 7, 99, 100, 101, 103, 199, 202, 203, 204, 205, 206, 208, 226, 299, 300, 301, 302, 303,
        304, 305, 306, 308, 402, 406, 407, 410, 412, 418, 421, 423, 425, 426, 428, 431, 451, 460,
        499, 501, 505, 507, 511, 520, 530, 598, 599, 600, 700, 999,
    ]

    private static let gatewayStatuses = [
        302, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 451, 500, 502, 503, 504, 520,
    ]

    /// Off by less and by more than what replicas of one server differ by.
    private static var dates: [Fault] {
        ([1_000, 3_000, 90_000, 600_000, 86_400_000] as [Int64]).flatMap { milliseconds in
            [milliseconds, -milliseconds].map { skew in
                var fault = Fault()
                fault.dateSkewMilliseconds = skew
                return fault
            }
        } + [hiddenDate]
    }

    private static var hiddenDate: Fault {
        var fault = Fault()
        fault.hidesDate = true
        return fault
    }
}

extension Fault.Answer {
    /// The API itself refuses: it has done nothing.
    fileprivate var isOwnError: Bool {
        switch self {
        case .error, .echo: true
        default: false
        }
    }
}
