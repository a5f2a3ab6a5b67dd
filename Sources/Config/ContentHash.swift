/// A hash that names the content of the config files (FNV-1a, 64 bits).
///
/// It tells revisions apart in `config_revisions`; it is no protection against forgery.
///
/// A class because every reader of a file adds to the same hash.
final class ContentHash {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Adds a file: its name, its length and its bytes, so that no two lists of files agree by
    /// where one ends and the next begins.
    func add(name: String, bytes: [UInt8]) {
        add(name.utf8)
        add(withLength(bytes.count))
        add(bytes)
    }

    /// The hash as 16 hexadecimal digits.
    var text: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
    }

    private func withLength(_ count: Int) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) }
    }
}
