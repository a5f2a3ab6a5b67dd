import FoundationEssentials
import ProcessesAPI
import Sandbox
import Timetable

/// JSON as a test wants to look at it: by path, without types of its own.
enum JSON: Decodable, Equatable {
    case null, bool(Bool), number(Double), string(String), array([JSON]), object([String: JSON])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    init(_ bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(bytes))
    }

    subscript(key: String) -> JSON {
        if case .object(let fields) = self { fields[key] ?? .null } else { .null }
    }
    subscript(index: Int) -> JSON {
        if case .array(let items) = self, items.indices.contains(index) {
            items[index]
        } else {
            .null
        }
    }
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var items: [JSON] { if case .array(let items) = self { items } else { [] } }
    var keys: [String] { if case .object(let fields) = self { fields.keys.sorted() } else { [] } }
    var counts: [String: Int64] {
        guard case .object(let fields) = self else { return [:] }
        return fields.compactMapValues { if case .number(let n) = $0 { Int64(n) } else { nil } }
    }
}

let preview = "2026-04-01.processes.preview"
let stable = "2026-01-01"
let epoch = Instant(seconds: 1_780_000_000)
let minute: Int64 = 60_000

/// A client that speaks to a state machine as the real one speaks to the API.
struct TestClient {
    var state: SandboxState
    var version = preview
    var now = epoch
    var token: String?
    let base = "https://api.sandbox.test"

    init(_ scenario: Scenario, seed: UInt64 = 7, version: String = preview) {
        state = SandboxState(seed: seed, scenario: scenario)
        self.version = version
    }

    mutating func exchange(
        _ method: String, _ path: String, body: String? = nil,
        type: String = "application/json", version: String?? = nil
    ) -> SandboxOutcome {
        var headers: [(name: String, value: String)] = [("Accept", "application/json")]
        if let version = version ?? self.version { headers.append(("X-Version", version)) }
        if let token { headers.append(("authorization", "Bearer \(token)")) }
        if body != nil { headers.append(("Content-Type", type)) }
        let url = path.hasPrefix("http") ? path : base + path
        return state.handle(
            APIRequest(
                method: method, url: url, headers: headers, body: body.map { Array($0.utf8) }),
            at: now)
    }

    /// Exchange whose answer must arrive.
    mutating func answer(
        _ method: String, _ path: String, body: String? = nil,
        type: String = "application/json", version: String?? = nil
    ) throws -> APIResponse {
        let outcome = exchange(method, path, body: body, type: type, version: version)
        guard let response = outcome.response else { throw Lost() }
        return response
    }

    mutating func get(_ path: String) throws -> JSON { try JSON(try answer("GET", path).body) }

    /// Starts a run and returns its id.
    mutating func start(_ process: String) throws -> String {
        let response = try answer(
            "POST", "/processes/\(process)/run", body: #"{"sendProcessCompleteEmail":false}"#)
        guard response.status == 201, let id = try JSON(response.body)["id"].text else {
            throw Lost()
        }
        return id
    }

    mutating func logIn(secret: String = "sandbox-secret") throws {
        let response = try answer(
            "POST", "/oauth2/token",
            body: "grant_type=client_credentials&client_id=sandbox-client&client_secret=\(secret)",
            type: "application/x-www-form-urlencoded")
        token = try JSON(response.body)["access_token"].text
    }

    mutating func pass(_ milliseconds: Int64) { now = now.adding(milliseconds: milliseconds) }

    struct Lost: Error {}
}

func process(
    _ id: String, name: String? = nil, minutes: Int64 = 10, jobs: Int = 2, parallel: Bool = false
) -> SandboxProcess {
    let children = (0..<jobs).map { number in
        SandboxNode.job(
            SandboxJob(
                .sendTask, title: "Job \(number)",
                durationMilliseconds: minutes * minute...minutes * minute))
    }
    return SandboxProcess(
        id: id, name: name ?? "Process \(id)",
        root: .group(name: "Root", parallel: parallel, children: children))
}

func scenario(_ processes: [SandboxProcess], faults: [FaultRule] = []) -> Scenario {
    var scenario = Scenario()
    scenario.processes = processes
    scenario.faults = faults
    // Stories last longer than a token; only tests of tokens want to see one end.
    scenario.tokenLifetimeSeconds = 30 * 86_400
    return scenario
}

func loggedIn(
    _ scenario: Scenario, seed: UInt64 = 7, version: String = preview
) throws -> TestClient {
    var client = TestClient(scenario, seed: seed, version: version)
    try client.logIn()
    return client
}

extension APIResponse {
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
