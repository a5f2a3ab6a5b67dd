import Config
import ConfigFixtures
import Testing

/// Secrets as people leave them in files, and what must never be said of them.
@Suite struct SecretAsWrittenTests {
    private func secret(_ text: String) -> Result<String, SecretUnavailable> {
        do throws(SecretUnavailable) {
            return .success(try SecretReference.file("/s").resolve(MemoryHost(["/s": text])))
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: [
        "s3cret", "s3cret\n", "s3cret\r\n", "s3cret\n\n", "s3cret\r", "\u{FEFF}s3cret", " s3cret ",
        "\ts3cret\t\n", "\u{200B}s3cret\u{200B}\n", "s3cret\u{00A0}", "\u{2060}s3cret\u{FEFF}\n",
        "\u{FEFF} s3cret \r\n \n", "s3cret\u{200E}", "s3cret\u{2028}",
    ])
    func whatNobodyMeansIsTakenOff(text: String) {
        #expect((try? secret(text).get()) == "s3cret")
    }

    @Test(arguments: [
        ("\"s3cret\"", "quote"), ("'s3cret'\n", "quote"), ("s3cret\"", "quote"),
        ("`s3cret`", "quote"), ("“s3cret”", "not ASCII (U+201C)"), ("s3\tcret", "a tab"),
        ("s3\u{200B}cret", "invisible character (U+200B) as character 3 of 7"),
        ("s3\u{FEFF}cret", "invisible character (U+FEFF)"), ("s3\u{AD}cret", "(U+00AD)"),
        ("s3cr\u{E9}t", "not ASCII (U+00E9)"), ("s3\ncret", "more than one line"),
        ("s3\u{7}cret", "control character"), ("s3\u{A0}cret", "(U+00A0)"),
        ("CLIENT_SECRET=s3cret", "begins with a name"),
        ("client_secret: s3cret", "begins with a name"),
        ("{\"secret\":1}", "looks like a document"), ("<s3cret>", "placeholder"),
        ("Bearer s3cret", "name of a scheme"), ("", "is empty"), (" \u{FEFF}\n", "is empty"),
    ])
    func whatIsDoubtfulIsRefusedInWords(text: String, words: String) {
        guard case .failure(let refusal) = secret(text) else {
            Issue.record("accepted")
            return
        }
        #expect(refusal.reason.contains(words), "said: \(refusal)")
        #expect(!"\(refusal)".contains("s3"))
        #expect(!"\(refusal)".contains("cret\""))
    }

    @Test func aVariableIsJudgedLikeAFile() {
        var host = MemoryHost()
        host.variables["S"] = "\u{FEFF} s3cret\u{200B}"
        #expect((try? SecretReference.environment("S").resolve(host)) == "s3cret")
    }

    @Test(arguments: [" id", "id ", "\u{FEFF}id", "\\\"id\\\"", ""])
    func aDoubtfulClientIDIsRefused(id: String) {
        let found = errors(config().replacing("client_id = \"id\"", with: "client_id = \"\(id)\""))
        #expect(found.first?.contains("6:13: connections.prod.client_id: ") == true, "\(found)")
    }

    /// Each of these has a password that somebody wrote where none belongs.
    @Test(arguments: [
        "proxy = \"http://u:hunter2@proxy:3128\"", "proxy = \"socks5://u:hunter2@proxy:3128\"",
        "proxy = \"u:hunter2@proxy:3128\"", "proxy = \"http://u:hun@ter2@proxy:3128\"",
        "proxy = \"http://u:hunter2 @proxy\"", "proxy = http://u:hunter2@proxy:3128",
        "proxy = [\"http://u:hunter2@proxy:3128\"]", "proxy = 'http://u:hunter2@'",
        "base_url = \"https://u:hunter2@api.example.com\"",
        "base_url = \"https://hunter2@api.example.com\"",
        "base_url = \"https://u:hunter2@api.example.com/x\"",
        "base_url = \"ftp://u:hunter2@api.example.com\"",
        "base_url = \"api.example.com:hunter2@x\"",
        "base_url = \"https://x\"\nregion = \"u:hunter2@x\"",
        "base_url = \"https://x?token=hunter2\"", "base_url = \"https://x/#hunter2\"",
        "proxy = \"http://u:hunter2\"", "proxy = \"http://u:hunter2/\"",
        "client_secret = \"hunter2\"", "client_secret = hunter2", "client_secret = [\"hunter2\"]",
        "client_secret = { file = \"hunter2\" }", "client_secret = { file = hunter2 }",
        "client_secret = { credential = \"hunter2/x\" }",
        "client_secret = { secret = \"hunter2\" }",
        "client_secret = { env = [\"hunter2\"] }", "client_secret = { env = \"hunter2==\" }",
        "password = hunter2",
    ])
    func noPasswordIsRepeated(line: String) {
        let text = config(connection: line)
            .replacing(
                "client_secret = { credential = \"secret\" }\n",
                with: line.hasPrefix("client_secret")
                    ? "" : "client_secret = { credential = \"secret\" }\n")
        let found = errors(text)
        #expect(!found.isEmpty)
        for problem in found {
            #expect(!problem.contains("hunter2"), "\(problem)")
            #expect(!problem.contains("ter2"), "\(problem)")
        }
    }

    @Test func aProxyWithALoginIsASecret() throws {
        let text = config(connection: "proxy = { file = \"/proxy\" }")
        let secret = ["/proxy": "http://u:p%40ss@proxy:3128\n"]
        var host = MemoryHost(secret)
        host.variables["CREDENTIALS_DIRECTORY"] = "/cred"
        host.files["/cred/secret"] = "s3cret"
        let loaded = try load(text, host: host, secrets: .required)
        #expect(
            try loaded.access["prod"]?.proxy?.resolve(host) == "http://u:p%40ss@proxy:3128")
    }

    @Test(arguments: [
        "http://u:hunter2@proxy", "http://hunter2@proxy:3128", "u:hunter2@proxy:3128",
        "http://u:hun/ter2@proxy:3128", "http://u:hun@ter2@proxy:3128", "hunter2",
        "https://u:hunter2@proxy:3128",
    ])
    func aSecretThatIsNoProxyIsRefused(address: String) {
        let text = config(connection: "proxy = { file = \"/proxy\" }")
        do {
            _ = try load(text, host: MemoryHost(["/proxy": address]), secrets: .present)
            Issue.record("accepted")
        } catch {
            #expect(
                error.errors.map(\.description).contains {
                    $0.contains("9:9: connections.prod.proxy: ")
                })
            #expect(!"\(error)".contains("ter2"))
        }
    }

    @Test func aScheduleMayBeNamedAfterASecret() {
        let found = errors(
            config(more: "[schedules.token-refresh]\nprocess = \"p\"\nevery = \"x\""))
        #expect(found.first?.contains("not a duration (\"x\")") == true, "\(found)")
    }

    @Test func theRefusalOfALoginSaysWhereItBelongs() {
        let found = errors(config(connection: "proxy = \"http://u:hunter2@proxy:3128\""))
        #expect(
            found.first?.contains("9:9: connections.prod.proxy: a login must not stand") == true)
        #expect(found.first?.contains("{ file = \"PATH\" }") == true)
        #expect(found.first?.contains("\"http://***@proxy:3128\"") == true, "\(found)")
    }
}
