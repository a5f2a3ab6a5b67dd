import Synchronization

/// How many pages are read and drawn at once: whoever comes past it is told so at once, instead of
/// waiting with all the others and making each of them wait longer.
final class PageGate: Sendable {
    private let placesMax: Int
    private let taken = Mutex(0)

    init(placesMax: Int) {
        self.placesMax = placesMax
    }

    /// Takes a place, which `leave` gives back; false if there is none.
    func enter() -> Bool {
        taken.withLock { taken in
            guard taken < placesMax else { return false }
            taken += 1
            return true
        }
    }

    func leave() { taken.withLock { $0 -= 1 } }
}
