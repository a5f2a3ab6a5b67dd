import Testing
import Timetable

/// The hash and the chance that stored choices depend on: their published values, for ever.
@Suite struct HashAndChanceTests {
    @Test(
        "FNV-1a has its published values",
        arguments: [
            ("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] as [(String, UInt64)])
    func hashes(text: String, value: UInt64) {
        #expect(FNV1a.hash(text) == value)
        var parts = FNV1a()
        for byte in text.utf8 { parts.combine([byte]) }
        #expect(parts.value == value)
    }

    @Test("SplitMix64 has its published sequence")
    func sequence() {
        var random = SplitMix64(seed: 1_234_567)
        #expect(random.next() == 6_457_827_717_110_365_317)
        #expect(random.next() == 3_203_168_211_198_807_973)
        #expect(random.next() == 9_817_491_932_198_370_423)
    }

    @Test func numbersStayInTheirRange() {
        var random = SplitMix64(seed: 5)
        for _ in 0..<1000 {
            #expect((-3...3).contains(random.next(in: -3...3)))
            #expect((0..<1).contains(random.nextUnit()))
        }
        #expect(random.next(in: .min ... .max) == .min)
    }

    @Test func digitsAreFilledUpToTheWidth() {
        #expect(String(7, width: 2) == "07")
        #expect(String(123, width: 2) == "123")
        #expect(String(UInt64.max, width: 4, radix: 16) == "ffffffffffffffff")
        #expect(String(0xA, width: 4, radix: 16) == "000a")
    }
}
