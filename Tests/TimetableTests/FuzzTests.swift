import Testing
import Timetable

/// The parser against random bytes and mutated expressions: no crash, no hang, useful errors.
@Suite struct FuzzTests {
    private static let seeds = [
        "*/15 9-17 * * 1-5", "0 9 L-3W JAN-MAR FRI#L", "H(0-29)/10 H 1,15W * +MON",
        "0 0 12 1 1 ? 2026-2030/2", "@every 1h30m", "CRON_TZ=Europe/Berlin @daily",
        "22-4/2 50-10/5 28-3 NOV-FEB SUN-TUE", "0,1,2 */7 ? * 5#3,5L",
    ]
    private static let pieces: [[UInt8]] = [
        "*", "/", "-", ",", "L", "W", "#", "H", "?", "+", "~", "@", "(", ")", " ", "\t", "\r", "\n",
        "0", "9", "60", "4294967296", "MON", "JAN", "TZ=", "\u{A0}", "\u{0}", "L-", "5#", "W-",
    ].map { Array($0.utf8) }

    @Test(.timeLimit(.minutes(30)))
    func randomBytesAndMutations() throws {
        var random = SplitMix64(seed: 99)
        let clock = ContinuousClock()
        let deadline = clock.now + (isLongRun ? .seconds(60) : .milliseconds(1500))
        var accepted = 0
        var tried = 0
        // At least once: a busy machine may let the whole time pass before.
        repeat {
            for _ in 0..<500 {
                let text = String(decoding: bytes(&random), as: UTF8.self)
                tried += 1
                if try isAccepted(text) { accepted += 1 }
            }
        } while clock.now < deadline
        #expect(accepted > tried / 100, "\(accepted) of \(tried) were valid")
    }

    private func bytes(_ random: inout SplitMix64) -> [UInt8] {
        if Int.random(in: 0...3, using: &random) == 0 {
            return (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
        }
        var bytes = Array((Self.seeds.randomElement(using: &random) ?? "").utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let position = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0...3, using: &random) {
            case 0 where !bytes.isEmpty: bytes.remove(at: min(position, bytes.count - 1))
            case 1 where !bytes.isEmpty:
                bytes[min(position, bytes.count - 1)] = UInt8.random(in: 32...126, using: &random)
            default:
                bytes.insert(
                    contentsOf: Self.pieces.randomElement(using: &random) ?? [], at: position)
            }
        }
        return bytes
    }

    /// Whether the text is valid; what is valid must work, and what isn't must be explained.
    private func isAccepted(_ text: String) throws -> Bool {
        let expression: CronExpression
        do throws(CronError) {
            expression = try CronExpression(text, name: "fuzz")
        } catch {
            let length = text.utf8.count
            #expect(error.position >= 1 && error.position <= length + 1, "\(text): \(error)")
            #expect(!error.message.isEmpty)
            return false
        }
        guard case .cron(let rule) = expression.trigger else { return true }
        let start: Int64 = 1_750_000_000
        let next = rule.next(afterSeconds: start, in: .utc)
        #expect(next == nil || next ?? 0 > start, "\(text)")
        #expect(!expression.sentence.isEmpty)
        // Years may be over; otherwise nil means never.
        if next == nil, !rule.isNever {
            #expect(rule.previous(atOrBeforeSeconds: start, in: .utc) != nil, "\(text)")
        }
        return true
    }
}
