import Foundation
import Testing

/// Texts that a person has looked at, in Tests/CommandTests/Golden.
///
/// CARILLON_GOLDEN=write writes them anew; then they are looked at again, in the difference.
enum Golden {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Golden")

    static func expect(
        _ text: String, is name: String, at location: SourceLocation = #_sourceLocation
    ) throws {
        let file = folder.appendingPathComponent(name)
        if ProcessInfo.processInfo.environment["CARILLON_GOLDEN"] == "write" {
            try Data(text.utf8).write(to: file)
        }
        let golden = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        let found = text.split(separator: "\n", omittingEmptySubsequences: false)
        let wanted = golden.split(separator: "\n", omittingEmptySubsequences: false)
        for (number, lines) in zip(found, wanted).enumerated() where lines.0 != lines.1 {
            Issue.record(
                "\(name):\(number + 1) is\n\(lines.0)\ninstead of\n\(lines.1)",
                sourceLocation: location)
            return
        }
        #expect(found.count == wanted.count, "\(name): lines", sourceLocation: location)
    }
}
