import Engine
import Testing
import Timetable

/// How near the last day of a grant or version is (rule 22).
@Suite struct ExpiryTests {
    private static let last = CivilDate(year: 2027, month: 3, day: 31)

    @Test(arguments: [
        (32, nil), (31, nil), (30, Expiry.Stage.month), (8, .month), (7, .week), (2, .week),
        (1, .day), (0, .day), (-1, .over), (-400, .over),
    ])
    func daysLeftDecide(left: Int, stage: Expiry.Stage?) {
        let today = CivilDate(dayNumber: Self.last.dayNumber - Int64(left))
        #expect(Expiry.stage(of: Self.last, today: today) == stage)
    }

    @Test func theNextChangeIsTheBeginningOfTheDay() {
        let changes = sequence(first: CivilDate(year: 2027, month: 1, day: 1).beginningUTC) {
            Expiry.nextChange(of: Self.last, after: $0)
        }
        #expect(
            changes.dropFirst().map(\.iso8601) == [
                "2027-03-01T00:00:00Z", "2027-03-24T00:00:00Z", "2027-03-30T00:00:00Z",
                "2027-04-01T00:00:00Z",
            ])
    }

    @Test func eachStageHasWordsOfItsOwn() {
        let words = Expiry.allCases.flatMap { expiry in
            Expiry.Stage.allCases.map { expiry.words("prod", Self.last, $0) }
        }
        #expect(Set(words).count == 8)
        #expect(words.allSatisfy { $0.contains("2027-03-31") })
    }
}
