import ConfigFixtures
import Testing

/// What is no TOML is refused with its place, and never ends the process.
@Suite struct TOMLSyntaxTests {
    @Test func syntaxErrorsHaveLineAndColumn() {
        let found = errors("version = 1\n[daemon\nlog = 5\n")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("/c/carillon.toml:2:") == true)
        #expect(found.first?.contains("TOML syntax") == true)
    }

    /// toml++ 3.4 would abort on these.
    @Test(arguments: ["[=]", "[.a]", "[[ é ]]", "[", "[\n]", "[ #x", "[[", "[,"])
    func headersWithoutANameAreRefused(header: String) {
        let found = errors("version = 1\n\(header)\n")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("/c/carillon.toml:2:1: TOML syntax: ") == true)
    }

    @Test(arguments: ["a = [ } ]", "a = [1, } ]", "a = [\u{2028}]", "a = [ é ]"])
    func elementsThatAreNoValuesAreRefused(text: String) {
        let found = errors("version = 1\n\(text)\n")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("/c/carillon.toml:2:") == true, "said: \(found)")
    }

    @Test(arguments: [
        "2026-12-25Tx", "2026-12-25 5", "2026-1-1", "05:30", "25x", "1__0", "0x", "+", "1e", "1.",
        ".5", "01", "True", "yes", "us-east", "2026-12-25T05:30:00+1", "in", "--1", "0xg",
    ])
    func wordsThatAreNoValuesAreRefused(text: String) {
        let found = errors("version = 1\n[daemon]\nlog = \(text) # so\n")
        #expect(found.count == 1)
        let said = "/c/carillon.toml:3:7: TOML syntax: not a value (\(text)); a text needs quotes"
        #expect(found.first?.hasPrefix(said) == true, "said: \(found)")
    }

    @Test(arguments: [
        "true", "1_000", "+5", "-0", "0xDEAD_beef", "0o17", "0b1_0", "1.5e-3", "6E2", "inf", "-nan",
        "1979-05-27T07:32:00Z", "1979-05-27T00:32:00.999999-07:00", "1979-05-27 07:32:00",
        "1979-05-27", "07:32:00", "00:32:00.5", "[[1, 2], [\"}\", '''x''']]",
        "{ a = 1, b.c = [ ] }",
    ])
    func everyFormOfAValueReachesTheSchema(text: String) {
        let found = errors("version = 1\n[daemon]\nlog = \(text) # so\n")
        #expect(found.count == 1)
        let said = "/c/carillon.toml:3:7: daemon.log: expected \"trace\""
        #expect(found.first?.hasPrefix(said) == true, "said: \(found)")
    }

    @Test func anErrorBeforeABadHeaderIsTheOneThatIsSaid() {
        #expect(errors("version = \n[=]\n").first?.hasPrefix("/c/carillon.toml:1:") == true)
    }

    @Test func deepNestingIsRefusedNotFatal() {
        let deep = String(repeating: "[", count: 500_000)
        #expect(errors("version = 1\na = \(deep)\n").count == 1)
    }

    @Test func anUnknownZoneDoesNotHideABadRule() {
        let found = errors(
            config(schedule: "timezone = \"Mars/Phobos\"\ncron = \"0 25 * * *\""))
        #expect(found.count == 2)
    }

    @Test func oddBytesAreRefusedInWords() {
        #expect(errors("version = 1\n\u{0}").first?.contains("NUL") == true)
        #expect(
            errors("version = 1\n[daemon]\nlog = \"a\\u0000\"").first?.contains("\\u0000") == true)
    }
}
