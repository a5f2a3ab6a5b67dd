import Foundation
import ProcessesAPI
import Testing
import Timetable

/// One line of `Fixtures/retry_after.tsv`.
struct HintVector: Sendable, CustomTestStringConvertible {
    var line: Int
    var headers: [(name: String, value: String)]
    var message: String?
    var now: Instant
    /// Nil: no hint.
    var expectedSeconds: Double?
    var note: String

    var testDescription: String { "line \(line): \(note)" }

    static let all: [HintVector] = {
        guard
            let url = Bundle.module.url(
                forResource: "retry_after", withExtension: "tsv", subdirectory: "Fixtures"),
            let text = try? String(contentsOf: url, encoding: .utf8)
        else { return [] }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        return lines.enumerated().dropFirst().map { HintVector(line: $0 + 1, text: String($1)) }
    }()

    init(line: Int, text: String) {
        let columns = text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        self.line = line
        let fields = columns[0] == "-" ? [] : columns[0].components(separatedBy: "\\n")
        headers = fields.map { field in
            let plain = field.replacingOccurrences(of: "\\t", with: "\t")
            let colon = plain.firstIndex(of: ":") ?? plain.endIndex
            return (String(plain[..<colon]), String(plain[colon...].dropFirst()))
        }
        message = columns[1] == "-" ? nil : columns[1]
        // Every vector has the same local clock.
        now = Instant(seconds: 1_795_435_200)
        expectedSeconds = Double(columns[3])
        note = columns.count > 4 ? columns[4] : ""
    }
}

@Suite("Retry hints")
struct RetryHintTests {
    @Test("Every vector is there")
    func count() {
        #expect(HintVector.all.count == 100)
    }

    @Test("A vector's hint is read as it says, rounded up", arguments: HintVector.all)
    func vector(_ vector: HintVector) {
        let hint = RetryHint.parsing(
            headers: vector.headers, message: vector.message, now: vector.now)
        guard let expected = vector.expectedSeconds else {
            #expect(hint == nil)
            return
        }
        #expect(hint?.delaySeconds == Int64(expected.rounded(.up)))
        let milliseconds = Double(hint?.delayMilliseconds ?? -1)
        #expect(milliseconds >= expected * 1000 - 0.001 && milliseconds <= expected * 1000 + 1)
    }

    /// Cases beyond the file: headers, local clock 2026-11-23T12:00:00Z, milliseconds.
    static let headerCases: [(String, [(name: String, value: String)], Int64?)] = [
        ("date joined to a number", [("Retry-After", "10, Mon, 23 Nov 2026 12:01:00 GMT")], 60_000),
        (
            "two dates joined",
            [("Retry-After", "Mon, 23 Nov 2026 12:01:00 GMT, Monday, 23-Nov-26 12:02:00 GMT")],
            120_000
        ),
        ("one good part is enough", [("Retry-After", "soon, 12")], 12_000),
        ("a negative part is none", [("Retry-After", "-1, 3")], 3_000),
        (
            "50 years to the second", [("Retry-After", "Monday, 23-Nov-76 12:00:00 GMT")],
            1_577_923_200_000
        ),
        (
            "a second over 50 years is the past",
            [("Retry-After", "Monday, 23-Nov-76 12:00:01 GMT")], nil
        ),
        (
            "the last representable year saturates",
            [("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT")], 2_147_483_647_000
        ),
        ("leap day", [("Retry-After", "Tue, 29 Feb 2028 00:00:00 GMT")], 39_960_000_000),
        ("no leap day", [("Retry-After", "Mon, 29 Feb 2027 00:00:00 GMT")], nil),
        (
            "long weekday in the short form", [("Retry-After", "Monday, 23 Nov 2026 12:02:00 GMT")],
            nil
        ),
        (
            "four digits in the middle form", [("Retry-After", "Monday, 23-Nov-2026 12:02:00 GMT")],
            nil
        ),
        ("trailing text", [("Retry-After", "Mon, 23 Nov 2026 12:02:00 GMT x")], nil),
        ("milliseconds round up", [("Retry-After-Ms", "0.1")], 1),
        (
            "milliseconds of a huge number", [("retry-after-ms", "99999999999999999999")],
            2_147_483_647_000
        ),
        ("no milliseconds", [("retry-after-ms", "0")], nil),
        (
            "no milliseconds beside a wait", [("x-ms-retry-after-ms", "0"), ("Retry-After", "7")],
            7_000
        ),
        ("nothing, thrice", [("Retry-After", "0, 0.0"), ("Retry-After", "00")], nil),
        ("an exhausted RateLimit that is over", [("RateLimit", "\"a\";r=0;t=0")], nil),
        ("milliseconds with sign", [("retry-after-ms", "-5")], nil),
        ("many fraction digits", [("Retry-After", "1.00000000000000000001")], 1_001),
        (
            "bad RateLimit beside a good one is silent",
            [("RateLimit", "\"a\";r=0;t=5"), ("RateLimit", "\"b\";r=;t=9")], nil
        ),
        ("RateLimit without a reset", [("RateLimit", "\"a\";r=0")], nil),
        ("RateLimit with other parameters", [("ratelimit", "\"a\";pk=:YQ==:;r=0;t=7")], 7_000),
        (
            "RateLimit behind a bad Retry-After",
            [("Retry-After", "soon"), ("RateLimit", "\"a\";r=0;t=7")], 7_000
        ),
        ("negative quota", [("RateLimit", "\"a\";r=-1;t=7")], nil),
        ("legacy limits are not read", [("X-RateLimit-Reset", "1795435200")], nil),
    ]

    @Test("Corners of the header fields", arguments: headerCases.indices)
    func header(_ index: Int) {
        let (name, headers, expected) = Self.headerCases[index]
        let hint = RetryHint.parsing(
            headers: headers, message: nil, now: Instant(seconds: 1_795_435_200))
        #expect(hint?.delayMilliseconds == expected, "\(name)")
    }

    /// Messages and the milliseconds they ask for.
    static let messageCases: [(String, Int64?)] = [
        ("Retry request in 10 seconds, or in 20 seconds.", 10_000),
        ("Retry in 3 s. Retry in 5 s.", 5_000),
        ("Please try again in 6m0s.", 360_000),
        ("Please try again in 1m30.5s.", 90_500),
        ("Retry your request in 1 hour and 5 minutes", 3_900_000),
        ("Try again after 5 min", 300_000),
        ("Retry the request again in about 2 seconds", 2_000),
        ("Please wait 30 seconds before retrying.", 30_000),
        ("Retry request in 9999999999 hours.", 2_147_483_647_000),
        ("Retry request in 9999999999.9 days and 9999999999 hours.", 2_147_483_647_000),
        ("Retry request in 10\u{A0}seconds", 10_000),
        ("Retry\nrequest\tin\r\n10 seconds", 10_000),
        ("Retry request in ten seconds", nil),
        ("Retry limit reached after 30 seconds", nil),
        ("Country in 10 seconds", nil),
        ("retried after 30 seconds", nil),
        ("Retry request in １０ seconds", nil),
        ("Retry request in 0x10 seconds", nil),
        ("Retry request in 1e3 seconds", nil),
        ("Retry request in .5 seconds", nil),
        ("Retry request in 10 %", nil),
        ("", nil),
    ]

    @Test("Messages", arguments: messageCases.indices)
    func message(_ index: Int) {
        let (text, expected) = Self.messageCases[index]
        let hint = RetryHint.parsing(headers: [], message: text, now: Instant(seconds: 0))
        #expect(hint?.delayMilliseconds == expected, "\(text)")
    }

    @Test("Operation and limit come from the message")
    func operationAndLimit() {
        let text =
            "Rate limit of 1000 per 60 seconds exceeded for listJobs requests. "
            + "Retry request in 10 seconds."
        let answer = answer(
            to: .getRun(id: "r"), status: 429, json: ["code": "429", "message": text])
        #expect(answer.failure?.hint == RetryHint(delaySeconds: 10, operation: "listJobs"))
        let inDetails = ProcessesAPITests.answer(
            to: .getRun(id: "r"), status: 429,
            body: #"{"message":"Slow down","details":[{"message":"Retry request in 9 seconds"}]}"#)
        #expect(inDetails.failure?.hint == RetryHint(delaySeconds: 9))
        #expect(
            answer.failure?.limit
                == LearnedLimit(requests: 1000, windowSeconds: 60, operation: "listJobs"))
    }

    @Test(
        "Limits are learned only from numbers that make sense",
        arguments: [
            ("Rate limit of 5 per second exceeded for runProcess requests.", 5, 1, "runProcess"),
            ("Rate limit of 600 requests per 2 minutes exceeded.", 600, 120, nil),
            ("Rate limit of 50 per 1 hour exceeded for all requests", 50, 3_600, nil),
            ("Rate limit of 0 per 60 seconds exceeded", nil, 0, nil),
            ("Rate limit of 10 per 0 seconds exceeded", nil, 0, nil),
            ("Rate limit of 99999999999999999999 per 60 seconds exceeded", nil, 0, nil),
            ("Upload limit of 10 MB exceeded", nil, 0, nil),
        ] as [(String, Int?, Int64, String?)])
    func limits(_ text: String, _ requests: Int?, _ window: Int64, _ operation: String?) {
        let body = ["code": "429", "message": text]
        let limit = answer(to: .getRun(id: "r"), status: 429, json: body).failure?.limit
        let expected = requests.map {
            LearnedLimit(requests: $0, windowSeconds: window, operation: operation)
        }
        #expect(limit == expected)
    }
}
