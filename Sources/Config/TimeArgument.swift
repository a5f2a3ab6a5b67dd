package import Timetable

/// Reads TIME as the config and the command line write it.
package enum TimeArgument {
    /// Why a time is refused, with what to write instead.
    package struct Refusal: Error, Equatable, Sendable {
        package var message: String
    }

    /// The instant of an ISO 8601 time with offset, or of a local time of the zone.
    package static func parse(_ text: String, zone: Zone?) -> Result<Instant, Refusal> {
        func refuse(_ message: String) -> Result<Instant, Refusal> {
            .failure(Refusal(message: message))
        }
        // TOML and people write a blank where ISO 8601 has a T.
        let normal =
            text.count > 10 && text.dropFirst(10).first == " "
            ? text.prefix(10) + "T" + text.dropFirst(11) : Substring(text)
        if let instant = Instant(iso8601: String(normal)) { return .success(instant) }
        guard let local = LocalDateTime(iso8601: String(normal)) else {
            return refuse(
                "not a time; write 2026-03-08T07:00:00Z, 2026-03-08T02:00:00-05:00 or, local to "
                    + "the zone, 2026-03-08T02:00")
        }
        guard let zone else {
            return refuse("has no offset; write 2026-03-08T07:00:00Z or …-05:00")
        }
        let instants = zone.instants(ofLocal: local)
        if instants.count == 1 { return .success(instants[0]) }
        guard let first = instants.first, let last = instants.last else {
            return refuse(
                "does not exist in \(zone.name): the clocks jump over it; give an offset")
        }
        let forms = [first, last].map {
            $0.iso8601(offsetSeconds: zone.offsetSeconds(at: $0))
        }
        return refuse(
            "exists twice in \(zone.name), where the clocks go back; write "
                + "\(forms[0]) or \(forms[1])")
    }
}
