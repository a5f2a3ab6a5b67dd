extension Zone {
    /// The first instant of a local day; in some zones the clocks jump over its midnight.
    ///
    /// - Parameter day: the day.
    /// - Returns: its beginning.
    package func beginning(of day: CivilDate) -> Instant {
        for quarter in 0..<96 {
            let local = LocalDateTime(date: day, secondOfDay: quarter * 900)
            if let first = instants(ofLocal: local).first { return first }
        }
        // A day that a zone left out (Samoa, 2011-12-30) has no instant but that of its neighbours.
        let local = LocalDateTime(date: day, secondOfDay: 0).localSeconds
        let offset = offsetSeconds(at: Instant(milliseconds: local * 1000))
        return Instant(milliseconds: (local - Int64(offset)) * 1000)
    }
}
