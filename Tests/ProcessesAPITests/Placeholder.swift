import Testing

@Suite struct ProcessesAPITestsPlaceholder {
    @Test func builds() {
        #expect(Bool(true))
    }
}
