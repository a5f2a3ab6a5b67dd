import FoundationEssentials
import ProcessesAPI

/// The body of a start, which may be missing.
struct RunOptions {
    /// Why a body is refused.
    struct Refusal: Error {
        let status: Int
        let message: String
    }
    private struct Body: Decodable {
        var sendProcessCompleteEmail: Bool?
    }

    var sendsCompleteEmail = true
    private static let bytesMax = 10_485_760

    static func read(_ request: APIRequest) -> Result<RunOptions, Refusal> {
        guard let body = request.body, !body.isEmpty else { return .success(RunOptions()) }
        guard body.count <= bytesMax else {
            return .failure(Refusal(status: 413, message: "The payload is over 10 MiB."))
        }
        guard request.header("content-type")?.hasPrefix("application/json") ?? false else {
            return .failure(Refusal(status: 415, message: "The body must be application/json."))
        }
        do {
            let read = try JSONDecoder().decode(Body.self, from: Data(body))
            return .success(RunOptions(sendsCompleteEmail: read.sendProcessCompleteEmail ?? true))
        } catch {
            return .failure(Refusal(status: 400, message: "The body is not a ProcessRunOptions."))
        }
    }
}
