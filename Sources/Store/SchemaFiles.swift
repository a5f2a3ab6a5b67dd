package import Migrations

/// The migrations that a binary knows, in their order.
package struct SchemaFiles: Sendable {
    package let files: [Migrations.File]
    let checksums: [String]

    /// Those of this binary.
    package static let own = SchemaFiles(Migrations.all)

    /// Those of another one, for tests of two versions.
    package init(_ files: [Migrations.File]) {
        self.files = files
        checksums = files.map { Migrator.checksum($0.sql) }
    }

    /// How many there are, by which nodes tell what each other knows.
    package var count: Int { files.count }
}
