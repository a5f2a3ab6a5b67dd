extension FaultRule {
    /// Whether an API keeps the promises that the start protocol rests on (docs/protocol.md, I1).
    package enum Regime: Sendable {
        /// It acts within `request_window` (29 s) and lists within `settle_within` (2 min).
        case keepsWindows
        /// It may act after a minute, list after an hour, or forget to list.
        case breaksWindows
    }

    /// A rule for every kind of fault, each with the same small probability.
    ///
    /// - Parameters:
    ///   - probability: How likely each rule strikes a request that it matches.
    ///   - regime: Whether the faults stay within the windows.
    ///   - window: Only in this time, in milliseconds since the sandbox's first instant.
    /// - Returns: The rules, to be armed in this order.
    package static func storm(
        probability: Double, regime: Regime = .keepsWindows, window: Range<Int64>? = nil
    ) -> [FaultRule] {
        var rules: [FaultRule] = []
        func add(_ operation: String, _ faults: [Fault]) {
            for fault in faults {
                var rule = FaultRule(fault, operation: operation)
                rule.probability = probability
                rule.window = window
                rules.append(rule)
            }
        }
        add("runProcess", ambiguousStarts + refusedStarts)
        add("listProcesses", badReads + badLists)
        add("getProcessRun", badReads)
        add("token", [.lostBefore, .error(500, acts: false), .answer(.garbage)])
        if regime == .breaksWindows {
            add("runProcess", lateStarts)
            add("listProcesses", [.listing(.withoutRuns)])
        }
        return rules
    }

    /// What stands between us and an API: gateways that answer for it with every status, caches,
    /// proxies with another address, echoes, zero hints, odd statuses, compression.
    ///
    /// - Parameters:
    ///   - probability: How likely each rule strikes a request that it matches.
    ///   - window: Only in this time, in milliseconds since the sandbox's first instant.
    /// - Returns: The rules, to be armed beside those of a storm.
    package static func gateways(
        probability: Double, window: Range<Int64>? = nil
    ) -> [FaultRule] {
        let strange: [Fault] =
            [.answer(.oddStatus(0)), .answer(.oddStatus(99)), .answer(.oddStatus(999))]
            + ["gzip", "br"].map { .answer(.compressed(coding: $0)) }
            + [.echo(500), .zeroHint(429), .zeroHint(503)]
        let starts =
            gatewayStatuses.enumerated().flatMap { index, status -> [Fault] in
                let page = GatewayPage.allCases[index % GatewayPage.allCases.count]
                return [
                    .gateway(status, page, acts: false),
                    .gateway(status, page, acts: true, actsAfterMilliseconds: 20_000),
                ]
            } + strange
        let reads =
            gatewayStatuses.enumerated().map { index, status in
                let page = GatewayPage.allCases[(index + 3) % GatewayPage.allCases.count]
                return Fault.gateway(status, page, acts: false)
            } + strange
        let lists: [Fault] = [
            .listing(.cached(ageMilliseconds: 30_000, tellsAge: true)),
            .listing(.cached(ageMilliseconds: 600_000, tellsAge: true)),
            .listing(.cached(ageMilliseconds: 600_000, tellsAge: false)),
            .listing(.nextLinkUnder(base: "http://internal.example:8080")),
            .listing(.foreignNextLink), .listing(.loops),
        ]
        var rules: [FaultRule] = []
        for (operation, faults) in [
            ("runProcess", starts), ("listProcesses", reads + lists), ("getProcessRun", reads),
            ("validateProcess", reads), ("token", reads),
        ] {
            for fault in faults {
                var rule = FaultRule(fault, operation: operation)
                rule.probability = probability
                rule.window = window
                rules.append(rule)
            }
        }
        return rules
    }

    /// Those that a gateway has been seen to give, in the order of the pages it gives them with.
    private static let gatewayStatuses = [
        404, 403, 400, 405, 409, 413, 415, 422, 401, 429, 302, 451, 500, 502, 503, 504, 520,
    ]

    /// Starts that may have created a run.
    private static var ambiguousStarts: [Fault] {
        [
            .lostBefore, .lostAfter(), .lostAfter(actsAfterMilliseconds: 28_000),
            .error(500, acts: true), .error(500, acts: false), .error(408, acts: true),
            .foreign(502, acts: true, actsAfterMilliseconds: 10_000),
            .foreign(503, acts: true), .foreign(504, acts: true, actsAfterMilliseconds: 29_000),
            .foreign(504, acts: false), .slow(40_000), .slow(34_000, actsAfterMilliseconds: 20_000),
            .answer(.garbage), .answer(.empty), .answer(.truncated), .answer(.withoutID),
            .answer(.cut), hidden(110_000),
        ]
    }

    /// Starts that were certainly refused, or go through after all.
    private static var refusedStarts: [Fault] {
        var redirect = Fault.answer(.redirect(to: "https://elsewhere.example/"))
        redirect.effect = .nothing
        var revoked = Fault()
        revoked.revokesTokens = true
        return [
            .error(503, acts: false), redirect, revoked,
            .rateLimited(operation: "runProcess", seconds: 10, header: false),
            .rateLimited(operation: "listJobs", seconds: 30, header: true),
        ]
    }

    /// Starts that come to be when nobody looks any more.
    private static var lateStarts: [Fault] {
        [
            .lostAfter(actsAfterMilliseconds: 60_000), .lostAfter(actsAfterMilliseconds: 600_000),
            .foreign(504, acts: true, actsAfterMilliseconds: 300_000), hidden(3_600_000),
            lostAndHidden(1_200_000),
        ]
    }

    private static var badReads: [Fault] {
        var skewed = Fault()
        skewed.hidesDate = true
        return [
            .lostBefore, .lostAfter(), .error(500, acts: false), .foreign(503, acts: false),
            .slow(20_000), .slow(50_000), .answer(.garbage), .answer(.empty),
            .answer(.truncated), .answer(.cut), skewed,
        ]
    }

    private static var badLists: [Fault] {
        [
            .listing(.reversed), .listing(.shifted(by: 1)), .listing(.shifted(by: -1)),
            .listing(.loops), .listing(.foreignNextLink),
        ]
    }

    private static func hidden(_ milliseconds: Int64) -> Fault {
        var fault = Fault()
        fault.hidesRunMilliseconds = milliseconds
        return fault
    }

    private static func lostAndHidden(_ milliseconds: Int64) -> Fault {
        var fault = Fault.lostAfter()
        fault.hidesRunMilliseconds = milliseconds
        return fault
    }
}
