/// What gateways, firewalls and proxies answer in an API's place.
package enum GatewayPage: String, Sendable, Equatable, CaseIterable {
    /// A page for people, as most write it.
    case html
    /// Nothing but the status.
    case empty
    /// A line of text.
    case plain
    /// JSON as AWS's and Kong's gateways have it.
    case message
    /// JSON as Express and Spring have it.
    case error
    /// Nearly the API's own error, but its code is a number.
    case numericCode
    /// An array.
    case array
    /// Problem details (RFC 9457).
    case problem
    case xml
    /// The API's own shape, said to be a page.
    case mistyped

    /// The page under a status; nil for no content type.
    func body(status: Int, reason: String) -> (contentType: String?, text: String) {
        let json = "application/json"
        return switch self {
        case .html:
            (
                "text/html",
                "<html><head><title>\(status) \(reason)</title></head><body></body></html>\r\n"
            )
        case .empty: (nil, "")
        case .plain: ("text/plain", "\(reason)\n")
        case .message: (json, "{\"message\":\"\(reason)\"}")
        case .error: (json, "{\"status\":\(status),\"error\":\"\(reason)\",\"path\":\"/\"}")
        case .numericCode: (json, "{\"code\":\(status),\"message\":\"\(reason)\"}")
        case .array: (json, "[{\"code\":\"\(status)\",\"message\":\"\(reason)\"}]")
        case .problem:
            (
                "application/problem+json",
                "{\"type\":\"about:blank\",\"title\":\"\(reason)\",\"status\":\(status)}"
            )
        case .xml: ("application/xml", "<Error><Code>\(reason)</Code></Error>")
        case .mistyped: ("text/html", "{\"code\":\"\(status)\",\"message\":\"\(reason)\"}")
        }
    }
}
