/// Which release this is: the only place that says it.
package enum Release {
    /// As semver.org has it.
    package static let version = "0.2.0"

    /// `git archive` writes the commit here (.gitattributes), so a package knows what it was built
    /// from; a binary built in a working tree doesn't.
    private static let archived = "$Format:%h$"

    /// The commit that the sources were taken from; nil: built in a working tree.
    package static var commit: String? { archived.hasPrefix("$") ? nil : archived }
}
