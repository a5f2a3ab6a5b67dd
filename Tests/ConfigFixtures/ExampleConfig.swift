import Foundation

/// `config/example.toml` of this checkout.
package enum ExampleConfig {
    /// Its path.
    package static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("config/example.toml").path
}
