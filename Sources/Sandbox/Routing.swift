import ProcessesAPI
import Timetable

/// What a request asks for, after its address was taken apart.
enum Route: Equatable {
    case token
    case listProcesses
    case getProcess(String)
    case validate(String)
    case run(String)
    case getRun(String)
    case unknown

    /// The operationId, as 429 messages name it.
    var operation: String {
        switch self {
        case .token: "token"
        case .listProcesses: "listProcesses"
        case .getProcess: "getProcess"
        case .validate: "validateProcess"
        case .run: "runProcess"
        case .getRun: "getProcessRun"
        case .unknown: "unknown"
        }
    }

    init(method: String, path: [String]) {
        switch (method, path.count, path.first) {
        case ("POST", _, _) where path == ["oauth2", "token"]: self = .token
        case ("POST", _, _) where path == ["iam", "v1", "oauth2", "token"]: self = .token
        case ("GET", 1, "processes"): self = .listProcesses
        case ("GET", 2, "processes"): self = .getProcess(path[1])
        case ("POST", 3, "processes") where path[2] == "validation": self = .validate(path[1])
        case ("POST", 3, "processes") where path[2] == "run": self = .run(path[1])
        case ("GET", 2, "processRuns"): self = .getRun(path[1])
        default: self = .unknown
        }
    }
}

/// An absolute address in parts, percent-decoded.
struct Address {
    /// Scheme, host and port: what `@nextLink` begins with.
    let base: String
    let path: [String]
    let query: [(name: String, value: String)]

    init(_ url: String) {
        let afterScheme =
            url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let pathStart = url[afterScheme...].firstIndex(of: "/") ?? url.endIndex
        base = String(url[..<pathStart])
        let rest = url[pathStart...].split(
            separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = (rest.first ?? "").split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = (parts.first ?? "").split(separator: "/").map {
            Percent.decoded($0, plusIsSpace: false)
        }
        query = parts.count > 1 ? Percent.form(parts[1]) : []
    }

    subscript(name: String) -> String? {
        query.first { $0.name == name }?.value
    }
}

/// Percent encoding, as addresses and forms have it.
enum Percent {
    /// `a=1&b=2` in parts.
    static func form(_ text: some StringProtocol) -> [(name: String, value: String)] {
        text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (
                decoded(parts.first ?? "", plusIsSpace: true),
                decoded(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
            )
        }
    }

    static func decoded(_ text: some StringProtocol, plusIsSpace: Bool) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func encoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."), UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default: out += "%" + String(byte, width: 2, radix: 16).uppercased()
            }
        }
        return out
    }
}

extension APIRequest {
    /// The first header of the name, in any case.
    func header(_ name: String) -> String? {
        headers.first { header in
            header.name.utf8.count == name.utf8.count && header.name.lowercased() == name
        }?.value
    }
}
