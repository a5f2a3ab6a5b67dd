import Config
import ConfigFixtures
import Testing

private func cluster(_ lines: String) -> String {
    config(more: "[cluster]\nname = \"prod\"\npostgres = { file = \"/pg\" }\n" + lines)
}

/// `[cluster]` is judged like everything else, and refused in words as long as nothing leads by it.
@Suite struct ClusterConfigTests {
    private static let refusal =
        "this version does not share its ledger with another host yet: remove [cluster]"

    @Test func itIsNeverSilentlyIgnored() {
        let found = errors(cluster(""))
        #expect(found.count == 1 && found[0].contains(Self.refusal), "\(found)")
        #expect(found[0].contains("/c/carillon.toml:"))
    }

    @Test(arguments: [
        ("leese = \"6s\"", "unknown key; did you mean \"lease\"?"),
        ("lease = \"2s\"", "out of range (\"2s\"), allowed: 3s to 1m"),
        ("lease = \"61s\"", "out of range"),
        ("lease = 6", "expected a duration"),
        ("lease = \"40s\"", "stall_window (1m) must be at least twice the lease (40s)"),
        ("stall_window = \"8s\"", "stall_window (8s) must be at least twice the lease (6s)"),
        ("keep_log = \"0s\"", "out of range"),
        ("node = \"\"", "not a name (\"\")"),
        ("node = \"a b\"", "not a name (\"a b\")"),
        ("node = \"höst\"", "not a name"),
        ("node = 7", "expected a string, found an integer"),
    ])
    func whatIsWrongIsSaid(line: String, words: String) {
        let found = errors(cluster(line))
        #expect(found.contains { $0.contains(words) }, "\(found)")
    }

    @Test func whatIsMissingIsSaid() {
        let found = errors(config(more: "[cluster]\n"))
        #expect(found.contains { $0.contains("cluster.name: missing") }, "\(found)")
        #expect(found.contains { $0.contains("cluster.postgres: missing") }, "\(found)")
        #expect(errors(config(top: "cluster = 7")).contains { $0.contains("expected a table") })
        #expect(
            errors(config(top: "[clutser]\nname = \"a\"")).contains { $0.contains("cluster") })
    }

    /// A password that somebody has written into the config is not repeated.
    @Test func aLiteralIsRefusedUnseen() {
        let found = errors(
            config(more: "[cluster]\nname = \"p\"\npostgres = \"host=db password=hunter2\""))
        #expect(found.contains { $0.contains("must not stand in the config") })
        #expect(!found.contains { $0.contains("hunter2") })
    }

    @Test(arguments: [
        ("host=db user=c", false), ("host=db sslmode=require", false),
        ("host=db user=c sslmode=verify-full", true),
        ("host = 'db' sslmode = 'verify-full'", true), ("host=127.0.0.1 user=c", true),
        ("host=127.0.0.1,db user=c", false), ("host=/run/postgresql dbname=c", true),
        ("user=c", true), ("host=localhost hostaddr=10.0.0.7", false),
        ("postgresql://c:pw@db:5432/c", false),
        ("postgresql://c:pw@db:5432/c?sslmode=verify-full", true),
        ("postgresql://c@[::1]:5432/c", true), ("postgresql://127.0.0.1,db2/c", false),
        ("postgresql:///c?host=db", false), ("postgresql:///c", true),
        ("hunter2", false), ("host='db", false), ("", false), ("=", false),
    ])
    func theWayToTheLogIsSafe(text: String, isGood: Bool) {
        let mistake = PostgresText.mistake(text)
        #expect((mistake == nil) == isGood, "\(mistake ?? "")")
        #expect(mistake?.contains("hunter2") != true && mistake?.contains("pw@") != true)
    }

    @Test func itsSecretIsLookedAt() {
        var host = MemoryHost(["/pg": "host=db user=c"])
        host.files["/c/carillon.toml"] = cluster("")
        do throws(ConfigRejected) {
            _ = try ConfigurationLoader(host: host).load("/c/carillon.toml", secrets: .present)
            Issue.record("it was accepted")
        } catch {
            #expect(error.errors.contains { "\($0)".contains("sslmode=verify-full") })
        }
    }
}
