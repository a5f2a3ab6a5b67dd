import Testing

@Suite struct SandboxTestsPlaceholder {
    @Test func builds() {
        #expect(Bool(true))
    }
}
