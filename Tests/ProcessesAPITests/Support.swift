import Foundation
import ProcessesAPI
import Timetable

let endpoint = APIEndpoint(
    baseURL: "https://api.app.wdesk.com", apiVersion: "2026-04-01.processes.preview")
let noon = Instant(seconds: 1_795_435_200)

extension APIAnswer {
    /// The failure, if the call failed.
    var failure: APIFailure? {
        if case .failure(let failure) = result { return failure }
        return nil
    }

    /// The run, if the call brought one.
    var run: ProcessRun? {
        if case .success(.run(let run)) = result { return run }
        return nil
    }

    /// The page, if the call brought one.
    var page: ProcessPage? {
        if case .success(.page(let page)) = result { return page }
        return nil
    }
}

/// What a call makes of a complete answer.
func answer(
    to call: APICall, status: Int, headers: [(name: String, value: String)] = [], body: String
) -> APIAnswer {
    .decoding(
        call, endpoint: endpoint,
        outcome: .success(APIResponse(status: status, headers: headers, body: Array(body.utf8))),
        receivedAt: noon)
}

/// The same with a flat JSON object as the body.
func answer(
    to call: APICall, status: Int, headers: [(name: String, value: String)] = [],
    json: [String: String]
) -> APIAnswer {
    let data = (try? JSONEncoder().encode(json)) ?? Data()
    return answer(
        to: call, status: status, headers: headers, body: String(decoding: data, as: UTF8.self))
}
