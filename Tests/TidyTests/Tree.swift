import Foundation

/// The repository as the rules see it.
enum Tree {
    /// The repository's top folder.
    static let top = URL(filePath: #filePath, directoryHint: .notDirectory)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The Swift files below a folder, in the order of their paths.
    static func swiftFiles(below folder: String) throws -> [SourceText] {
        let root = top.appending(path: folder, directoryHint: .isDirectory)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path)
        return try paths.filter { $0.hasSuffix(".swift") }.sorted().map { path in
            try SourceText(path: folder + "/" + path, text: text(of: folder + "/" + path))
        }
    }

    /// The other files that people read and that may cite a page: paths from the top, sorted.
    static func otherTexts() throws -> [String] {
        let folders = [
            ".ci", "Benchmarks", "config", "docs", "migrations", "scripts", "Sources", "systemd",
            "Tests",
        ]
        let top = try FileManager.default.contentsOfDirectory(atPath: Tree.top.path)
            .filter { $0.hasSuffix(".md") || $0 == "Package.swift" }
        let inside = try folders.flatMap { folder in
            try FileManager.default
                .subpathsOfDirectory(atPath: Tree.top.appending(path: folder).path)
                .map { "\(folder)/\($0)" }
        }
        return (top + inside).filter(isOtherText).sorted()
    }

    private static func isOtherText(_ path: String) -> Bool {
        let parts = path.split(separator: "/")
        guard let name = parts.last, !parts.contains(".build"), !parts.contains("Fixtures") else {
            return false
        }
        // Without a dot: scripts, and folders, which have no text.
        let isSwift = name.hasSuffix(".swift") && path != "Package.swift"
        let kinds = [
            ".md", ".sql", ".sh", ".py", ".toml", ".service", ".h", ".go", "Package.swift",
        ]
        return !isSwift
            && (kinds.contains { name.hasSuffix($0) } || !name.contains("."))
    }

    /// Whether there is a file or folder at a path from the top.
    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: top.appending(path: path).path)
    }

    /// A file's text.
    static func text(of path: String) throws -> String {
        try String(contentsOf: top.appending(path: path), encoding: .utf8)
    }
}
