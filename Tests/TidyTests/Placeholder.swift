import Testing

@Suite struct TidyTestsPlaceholder {
    @Test func builds() {
        #expect(Bool(true))
    }
}
