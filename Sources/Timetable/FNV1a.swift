/// The 64-bit FNV-1a hash: the same for ever and on every machine, unlike `Hasher`, which is seeded
/// anew in each process.
///
/// It tells contents apart and seeds chance by names; it is no protection against forgery.
package struct FNV1a: Sendable {
    /// The hash of the bytes so far.
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    /// The hash of no bytes.
    package init() {}

    /// The hash of the bytes.
    package init(_ bytes: some Sequence<UInt8>) { combine(bytes) }

    /// Goes on with more bytes, as if they followed the earlier ones.
    package mutating func combine(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    }

    /// The hash of a text's UTF-8 bytes.
    package static func hash(_ text: String) -> UInt64 { FNV1a(text.utf8).value }
}
