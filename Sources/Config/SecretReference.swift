package import Console

/// Where a secret is to be found; the secret itself never stands in the config.
package enum SecretReference: Hashable, Sendable, CustomStringConvertible {
    /// A systemd credential: the file of that name in `$CREDENTIALS_DIRECTORY`.
    case credential(String)
    /// A file that only the service user can read.
    case file(String)
    /// A variable of the environment.
    case environment(String)

    package var description: String {
        switch self {
        case .credential(let name): "credential \(name)"
        case .file(let path): "file \(path)"
        case .environment(let name): "environment variable \(name)"
        }
    }

    /// Reads the secret, without what editors and shells leave around it (`SecretText`).
    ///
    /// - Throws: a sentence that names the reference and what to do, never the secret.
    package func resolve(_ host: any HostReading) throws(SecretUnavailable) -> String {
        let text: String
        switch self {
        case .environment(let name):
            guard let value = host.environment(name) else {
                throw SecretUnavailable(
                    reference: self, reason: "the variable is not set", needsRestart: true)
            }
            text = value
        case .file(let path):
            text = try read(path, host)
        case .credential(let name):
            guard let folder = host.environment("CREDENTIALS_DIRECTORY"), !folder.isEmpty else {
                throw SecretUnavailable(
                    reference: self,
                    reason: "$CREDENTIALS_DIRECTORY is not set (systemd sets it for a unit with "
                        + "LoadCredential=\(name):…)", isOutsideService: true, needsRestart: true)
            }
            text = try read(folder + "/" + name, host)
        }
        do {
            return try SecretText.secret(in: text)
        } catch {
            throw SecretUnavailable(reference: self, reason: error.reason)
        }
    }

    /// The file it is read from; nil: none.
    package func file(_ host: any HostReading) -> String? {
        switch self {
        case .environment: nil
        case .file(let path): path
        case .credential(let name):
            host.environment("CREDENTIALS_DIRECTORY").flatMap { $0.isEmpty ? nil : $0 + "/" + name }
        }
    }

    private func read(
        _ path: String, _ host: any HostReading
    ) throws(SecretUnavailable) -> String {
        let bytes: [UInt8]
        do {
            bytes = try host.read(path, limit: 64 * 1024)
        } catch {
            throw SecretUnavailable(
                reference: self, reason: "\(path) can't be read: \(error.reason)",
                isOutsideService: error.kind == .notPermitted)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let isUTF16 = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
            throw SecretUnavailable(
                reference: self,
                reason: isUTF16
                    ? "\(path) is UTF-16 text; save it as UTF-8" : "\(path) is not UTF-8 text")
        }
        return text
    }
}

/// A secret that could not be had.
package struct SecretUnavailable: Error, Equatable, CustomStringConvertible {
    package var reference: SecretReference
    package var reason: String
    /// Whether it may well be there for the service, only not for the user who asks now.
    package var isOutsideService = false
    /// What is missing is given to a process at its start only.
    package var needsRestart = false

    package var description: String { "\(reference): \(reason)" }
}

/// A client id or proxy: plain text, or a reference to a secret.
package enum PlainOrSecret: Hashable, Sendable {
    case plain(String)
    case secret(SecretReference)

    /// The text itself.
    ///
    /// - Parameter host: where a reference is looked up.
    /// - Returns: what is written, or what the reference leads to.
    /// - Throws: as `SecretReference.resolve`.
    package func resolve(_ host: any HostReading) throws(SecretUnavailable) -> String {
        switch self {
        case .plain(let text): text
        case .secret(let reference): try reference.resolve(host)
        }
    }
}

extension TableReader {
    /// A secret reference; a literal is refused, and never repeated in the message.
    func secret(_ key: String) -> SecretReference? {
        guard let node = find(key) else { return nil }
        let forms = "{ credential = \"NAME\" }, { file = \"PATH\" } or { env = \"NAME\" }"
        guard case .table(let entries) = node.value else {
            problems.error(
                node.path, at: node.keyPosition,
                "a secret must not stand in the config; give \(forms)")
            return nil
        }
        let known = ["credential", "file", "env"]
        let reader = TableReader(node, known: known, problems: problems)
        guard entries.keys.filter(known.contains).count == 1 else {
            problems.error(node, "expected exactly one of \(forms)")
            return nil
        }
        if let path = reader.string("file") {
            guard path.hasPrefix("/") else {
                problems.error(
                    reader.find("file") ?? node,
                    "must be an absolute path, /… (what stands there is not shown, it may be a secret)"
                )
                return nil
            }
            return .file(path)
        }
        if let name = reader.string("credential") {
            guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
                problems.error(node, "a credential's name has no \"/\"")
                return nil
            }
            return .credential(name)
        }
        guard let name = reader.string("env") else { return nil }
        // What isn't a name may be the secret itself.
        let isName =
            name.utf8.first.map { !(0x30...0x39).contains($0) } ?? false
            && name.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte)
                    || (0x41...0x5A).contains(byte & 0xDF) && byte >= 0x41
            }
        guard isName else {
            problems.error(
                node,
                "a variable's name has letters, digits and _ only (what stands there is not shown)")
            return nil
        }
        return .environment(name)
    }
}
