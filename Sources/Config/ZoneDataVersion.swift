package import Console

/// Which version of the zone data the host has.
package enum ZoneDataVersion {
    private static let file = ZoneShelf.folder + "tzdata.zi"
    private static let bytesMax = 1 << 20

    /// `2026a` of the file's first line, `# version 2026a`; nil: the host doesn't say.
    package static func read(_ host: any HostReading) -> String? {
        guard let bytes = try? host.read(file, limit: bytesMax),
            let line = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1).first
        else { return nil }
        let words = String(decoding: line, as: UTF8.self).split(separator: " ")
        return words.count == 3 && words[1] == "version" ? String(words[2]) : nil
    }
}
