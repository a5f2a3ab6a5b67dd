package import Console

/// Old names of zones and the present ones: the table that is compiled in, and tzdata's own list where
/// the host has it, for what is newer than the table.
package struct ZoneLinks {
    /// All zones and links in one file, which tzdata installs beside the zones; it names old names also
    /// where their files are in a package of their own.
    package static let file = ZoneShelf.folder + "tzdata.zi"
    private static let bytesMax = 1024 * 1024

    private let host: any HostReading
    private let links: [String: String]

    /// Reads what the host knows.
    package init(_ host: any HostReading) {
        var links: [String: String] = [:]
        let bytes = (try? host.read(Self.file, limit: Self.bytesMax)) ?? []
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.first == UInt8(ascii: "L")
        {
            let words = line.split(separator: UInt8(ascii: " "))
                .map { String(decoding: $0, as: UTF8.self) }
            // `L TARGET NAME`
            guard words.count == 3, words[0] == "L" else { continue }
            links[words[2].lowercased()] = words[1]
        }
        self.links = links
        self.host = host
    }

    /// The present name of an old one; case is ignored, as people write `us/eastern` too.
    package func present(_ name: String) -> String? {
        let listed = links[name.lowercased()]
            // In tzdata.zi a link may lead to another one.
            .map { links[$0.lowercased()] ?? $0 }
        guard let known = LegacyZones.present(name) else { return listed }
        // tzdata joins zones that have long been alike (`Iceland` is Abidjan there): people look for the
        // table's name, unless that has another one by now.
        return host.zoneData(named: known) != nil ? known : listed ?? known
    }
}
