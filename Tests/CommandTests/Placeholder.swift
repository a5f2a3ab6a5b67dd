import Testing

@Suite struct CommandTestsPlaceholder {
    @Test func builds() {
        #expect(Bool(true))
    }
}
