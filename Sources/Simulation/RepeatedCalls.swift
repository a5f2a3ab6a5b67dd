import ProcessesAPI

/// Finds calls that are sent again and again without a pause: whatever is answered, and however many wait
/// for it, the same thing is asked for at a pace.
struct RepeatedCalls {
    /// The most eager poll is one a second.
    private static let callsPerMinuteMax = 70

    /// The last minute's calls, in milliseconds of the monotonic clock, oldest first.
    private var sent: [String: [Int64]] = [:]
    /// The first one of each that was too often, in words.
    private(set) var floods: [String] = []

    /// Remembers a call.
    ///
    /// - Parameters:
    ///   - call: pages of a list are told apart by their links, runs by their ids.
    ///   - connection: its name.
    ///   - monotonic: when it is sent, in milliseconds.
    mutating func note(_ call: APICall, connection: String, at monotonic: Int64) {
        let subject = "\(connection): \(call)"
        var times = sent[subject, default: []]
        times.removeAll { $0 <= monotonic - 60_000 }
        times.append(monotonic)
        if times.count == Self.callsPerMinuteMax + 1, floods.count < 5 {
            floods.append("\(subject.prefix(200)) more than \(times.count - 1) times in a minute")
        }
        sent[subject] = times
    }

    /// A new life remembers nothing of the one before, and may ask again.
    mutating func forget() { sent = [:] }
}
