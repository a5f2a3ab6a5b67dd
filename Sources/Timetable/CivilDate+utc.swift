extension CivilDate {
    /// The day of an instant in UTC.
    package init(ofUTC instant: Instant) {
        self = LocalDateTime(localSeconds: instant.seconds).date
    }

    /// Where it begins in UTC.
    package var beginningUTC: Instant { Instant(seconds: dayNumber * 86_400) }
}
