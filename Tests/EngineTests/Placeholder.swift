import Testing

@Suite struct EngineTestsPlaceholder {
    @Test func builds() {
        #expect(Bool(true))
    }
}
