/// One question to the Processes API, as a value: what the engine wants, not how it is written.
package enum APICall: Sendable, Equatable {
    /// A new access token (`POST /oauth2/token`).
    case token
    /// One page of the processes; `next` is the last page's `@nextLink` or a cursor.
    case listProcesses(next: String?)
    /// Starts a run. Not idempotent: the one call that must never be repeated blindly.
    case startRun(process: String, sendCompleteEmail: Bool)
    /// One run with its tree and counts.
    case getRun(id: String)
    /// Asks the API whether the process could be started.
    case validate(process: String)

    /// The API's operationId, as 429 messages name it and `error_log` shows it.
    package var operation: String {
        switch self {
        case .token: "token"
        case .listProcesses: "listProcesses"
        case .startRun: "runProcess"
        case .getRun: "getProcessRun"
        case .validate: "validateProcess"
        }
    }

    /// Whether the call is a start, which goes out at most once.
    package var isStart: Bool {
        if case .startRun = self { return true }
        return false
    }
}

/// Where an API is served, and in which version it is spoken to.
package struct APIEndpoint: Sendable, Equatable {
    /// Scheme, host and port, without a trailing slash.
    package var baseURL: String
    /// The value of `X-Version`; without one a request is routed to a version without processes.
    package var apiVersion: String

    /// Makes an endpoint; the address is checked when a request is encoded.
    package init(baseURL: String, apiVersion: String) {
        self.baseURL = baseURL
        self.apiVersion = apiVersion
    }
}

/// A token or client secret that no description, mirror or dump ever shows.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The secret itself, for the one place that sends it.
    package let value: String

    /// Wraps a secret.
    package init(_ value: String) {
        self.value = value
    }

    /// The same word for every secret, so that not even the length shows.
    package var description: String { "<secret>" }
    /// The same word as `description`.
    package var debugDescription: String { description }
    /// No children: `dump` finds nothing to print.
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// The client id and secret of an API grant.
package struct APICredential: Sendable, Equatable {
    package var clientID: Secret
    package var clientSecret: Secret

    package init(clientID: Secret, clientSecret: Secret) {
        self.clientID = clientID
        self.clientSecret = clientSecret
    }
}
