/// The scopes of a grant that Carillon can work with.
package enum GrantScopes {
    /// Reading processes and runs, and starting them.
    package static let needed = ["file:read", "file:write"]

    /// Those that a token doesn't name; none of one that names no scope at all.
    package static func missing(in scopes: [String]) -> [String] {
        scopes.isEmpty ? [] : needed.filter { !scopes.contains($0) }
    }
}
