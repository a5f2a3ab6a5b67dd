import Engine
import ProcessesAPI
import Testing

/// What a failed start means, as a table (docs/protocol.md, rule 4).
@Suite struct StartVerdictTests {
    private static func judge(
        _ kind: APIFailure.Kind, _ status: Int?, hint: Bool = false, afterAmbiguous: Bool = false,
        onConflict: ConflictPolicy = .fail
    ) -> StartVerdict {
        let failure = APIFailure(
            kind: kind, httpStatus: status, hint: hint ? RetryHint(delaySeconds: 10) : nil,
            summary: "test", label: "test")
        return StartVerdict.judge(
            failure, afterAmbiguous: afterAmbiguous, onConflict: onConflict)
    }

    @Test(arguments: [400, 403, 404, 405, 413, 415, 422])
    func theseAreFinal(status: Int) {
        #expect(Self.judge(.refused, status) == .refused)
    }

    @Test(arguments: [nil, 200, 201, 302, 408, 409, 500, 502, 503, 504, 599] as [Int?])
    func everythingAmbiguousStaysSo(status: Int?) {
        #expect(Self.judge(.ambiguous, status) == .ambiguous)
    }

    @Test func theOthersHaveAMeaningOfTheirOwn() {
        #expect(Self.judge(.notSent, nil) == .notSent(isCertificate: false))
        #expect(Self.judge(.refused, 401) == .unauthorized)
        #expect(Self.judge(.refused, 429) == .throttled)
        #expect(Self.judge(.refused, 503) == .unavailable)
        #expect(Self.judge(.refused, 503, hint: true) == .throttled)
        #expect(Self.judge(.refused, 409) == .refused)
        #expect(Self.judge(.refused, 409, onConflict: .retry) == .conflict)
        #expect(Self.judge(.refused, 409, afterAmbiguous: true) == .ambiguous)
        // A status that the decoder should never call refused is not believed.
        #expect(Self.judge(.refused, 418) == .ambiguous)
    }
}
