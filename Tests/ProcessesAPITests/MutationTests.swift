import Foundation
import ProcessesAPI
import Testing
import Timetable

/// SplitMix64, so that every failure can be repeated.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite("Damaged answers")
struct MutationTests {
    /// Numbers over a double's range are JSON, but not to Foundation: none may come about.
    static let samples = [DecodingTests.preview, DecodingTests.main].map {
        $0.replacingOccurrences(of: "1e30", with: "1e1")
    }

    /// The text with a few of its bytes changed, removed, doubled or cut off.
    static func damage(_ text: String, _ random: inout SeededRandom) -> [UInt8] {
        let alphabet = Array(#"{}[]",:\0123456789.eE+-tfnul/bx "#.utf8)
        var bytes = Array(text.utf8).filter { $0 != 0x0A }
        for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.remove(at: index)
            case 1: bytes.insert(bytes[index], at: index)
            case 2: bytes.removeSubrange(index...)
            default: bytes[index] = alphabet.randomElement(using: &random) ?? 0x20
            }
        }
        return bytes
    }

    @Test("What Foundation reads as JSON is read, what it doesn't is ambiguous, and nothing traps")
    func differential() {
        var random = SeededRandom(state: 4711)
        var readable = 0
        for round in 0..<4_000 {
            let bytes = Self.damage(Self.samples[round % 2], &random)
            let isJSON = (try? JSONSerialization.jsonObject(with: Data(bytes))) != nil
            let failure = APIAnswer.decoding(
                .startRun(process: "p", sendCompleteEmail: false), endpoint: endpoint,
                outcome: .success(APIResponse(status: 201, headers: [], body: bytes)),
                receivedAt: noon
            ).failure
            readable += failure == nil ? 1 : 0
            let isRead = failure.map { !$0.summary.contains("no JSON") } ?? true
            #expect(isRead == isJSON, "\(String(decoding: bytes, as: UTF8.self))")
            #expect(failure == nil || failure?.kind == .ambiguous)
        }
        #expect(readable > 100)
    }

    @Test("No header and no message traps the hint reader, and no hint is negative or endless")
    func hints() {
        var random = SeededRandom(state: 42)
        let names = ["Retry-After", "retry-after-ms", "RateLimit", "Date", "x"]
        let words = [
            "Mon", ",", " ", "23", "Nov", "2026", "12:00:00", "GMT", "Monday", "-", "9999999999",
            "0",
            ".", "5", "\"d\"", ";", "r=0", "t=30", "=", "é", "\t", "Feb", "99", "Retry request in ",
            "wait for ", " days", " and ", "limit of ", " per ", "for x requests", "ms", "m",
        ]
        for _ in 0..<20_000 {
            func text() -> String {
                (0..<Int.random(in: 0...8, using: &random))
                    .map { _ in words.randomElement(using: &random) ?? "" }.joined()
            }
            let headers = (0..<2).map { _ in
                (name: names.randomElement(using: &random) ?? "", value: text())
            }
            let hint = RetryHint.parsing(
                headers: headers, message: text(),
                now: Instant(milliseconds: .random(in: .min ... .max, using: &random)))
            #expect((0...2_147_483_647).contains(hint?.delaySeconds ?? 0))
        }
    }
}
