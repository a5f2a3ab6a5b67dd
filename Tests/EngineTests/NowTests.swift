import Engine
import Testing
import Timetable

/// Both clocks are read as one moment, whatever stops the thread that reads them.
@Suite struct NowTests {
    /// Two clocks that agree, and a thread that is stopped now and then between two readings.
    private struct World {
        var milliseconds: Int64 = 0
        var pauses: [Int64]

        mutating func read() -> Int64 {
            defer { milliseconds += pauses.isEmpty ? 0 : pauses.removeFirst() }
            return milliseconds
        }
    }

    private static func reading(_ pauses: [Int64]) -> Now {
        var world = World(pauses: pauses)
        return Now.atOnce(
            wall: { Instant(milliseconds: world.read()) },
            monotonicMilliseconds: { world.read() })
    }

    @Test(arguments: [
        [], [3000], [0, 3000], [3000, 0, 0, 3000], [0, 3000, 0, 0, 3000, 0, 5000],
        Array(repeating: 15, count: 12),
    ])
    func aPauseBetweenTheReadingsIsNoStepOfTheClock(pauses: [Int64]) {
        let now = Self.reading(pauses)
        #expect(abs(now.wall.milliseconds - now.monotonicMilliseconds) <= 20)
    }

    @Test func aThreadThatIsAlwaysStoppedGetsItsClosestReadings() {
        var pauses = Array(repeating: Int64(500), count: 1000)
        pauses[9...11] = [50, 50, 0]
        let now = Self.reading(pauses)
        #expect(now.monotonicMilliseconds - now.wall.milliseconds == 50)
    }
}
