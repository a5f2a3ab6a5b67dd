import HTTPTypes
import Hummingbird

/// Lets in what a browser on this machine asks for by reading, and nothing else.
///
/// Loopback alone is no access control: a page from anywhere can make a browser here send requests
/// (CSRF), or point its own name at 127.0.0.1 and read the answers (DNS rebinding). So the `Host` must
/// be a loopback one, or one that the config names for a proxy, and nothing but GET is answered.
struct GuardMiddleware<Context: RequestContext>: RouterMiddleware {
    /// Names under which a proxy on this machine asks, in lower case.
    let hosts: Set<String>

    @concurrent func handle(
        _ request: Request, context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response: Response
        let authority = request.head.authority ?? ""
        let host = authority.prefix { $0 != ":" }.lowercased()
        if !LoopbackHost.isAllowed(authority: authority) && !hosts.contains(host) {
            response = refusal(.misdirectedRequest, "this host name is not served here")
        } else if request.method != .get && request.method != .head {
            response = refusal(.methodNotAllowed, "the dashboard is read-only: GET only")
            response.headers[.allow] = "GET, HEAD"
        } else {
            do {
                response = try await next(request, context)
            } catch let error as HTTPError {
                response = refusal(error.status, "there is nothing at this address")
            }
        }
        for (name, value) in Self.headers { response.headers[name] = value }
        return response
    }

    private func refusal(_ status: HTTPResponse.Status, _ words: String) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: words + "\n")))
    }

    /// No script, no frame, no other origin, forms to itself only; and no copy of the ledger in any cache.
    private static var headers: [(HTTPField.Name, String)] {
        var headers: [(HTTPField.Name, String)] = [
            (
                .contentSecurityPolicy,
                "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
                    + "form-action 'self'; frame-ancestors 'none'"
            ),
            (.cacheControl, "no-store"),
            (.xContentTypeOptions, "nosniff"),
        ]
        for (name, value) in [
            ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ] {
            if let name = HTTPField.Name(name) { headers.append((name, value)) }
        }
        return headers
    }
}

/// Which host names are this machine talking to itself.
///
/// Judged by the parsed address, never by a prefix: `127.evil.com` is somebody else's.
package enum LoopbackHost {
    /// Whether a configured host is a loopback address.
    package static func isLoopback(_ host: String) -> Bool {
        host.lowercased() == "localhost" || host == "::1" || isLoopbackV4(host)
    }

    /// Whether a `Host` header names this machine's loopback, with any port.
    package static func isAllowed(authority: String) -> Bool {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return false }
            return authority[authority.index(after: authority.startIndex)..<end] == "::1"
                && isPort(authority[authority.index(after: end)...])
        }
        let host = authority.prefix { $0 != ":" }
        return isLoopback(String(host)) && host != "::1"
            && isPort(authority[host.endIndex...])
    }

    /// Empty, or a colon and a number.
    private static func isPort(_ text: Substring) -> Bool {
        guard let first = text.first else { return true }
        return first == ":" && UInt16(text.dropFirst()) != nil
    }

    /// Four plain decimal numbers of which the first is 127.
    private static func isLoopbackV4(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "127" else { return false }
        return parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { (48...57).contains($0) } && UInt8(part) != nil
        }
    }
}
