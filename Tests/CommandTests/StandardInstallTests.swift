import ConfigFixtures
import Console
import Foundation
import Testing
import carillon

/// A package's installation as root, as a member of the group, and as somebody else finds it.
@Suite(.timeLimit(.minutes(10))) struct StandardInstallTests {
    private static let folder = "/run/credentials/carillon.service"

    private func site() -> SandboxSite {
        var site = SandboxSite(("p1", "Close"))
        site.reference = "{ credential = \"workiva-client-secret\" }"
        return site
    }

    @Test func rootFindsTheCredentialsOfTheRunningService() async {
        var site = site()
        site.files[Self.folder + "/workiva-client-secret"] = "sandbox-secret\n"
        for verb in [["processes"], ["check", "--online"]] {
            let run = await site.carillon(arguments: verb)
            #expect(run.status == 0, "said: \(run.errors)")
            #expect(!(run.output + run.errors).contains("sandbox-secret"))
        }
    }

    @Test func aFolderThatIsNamedComesFirst() async {
        var site = site()
        site.files[Self.folder + "/workiva-client-secret"] = "an old one"
        site.files["/etc/carillon/workiva-client-secret"] = "sandbox-secret"
        site.variables["CREDENTIALS_DIRECTORY"] = "/etc/carillon"
        let run = await site.carillon(arguments: ["processes"])
        #expect(run.status == 0, "said: \(run.errors)")
    }

    @Test func aMemberIsToldToAskAsRoot() async {
        var site = site()
        let path = Self.folder + "/workiva-client-secret"
        site.forbidden = [Self.folder, path]
        let run = await site.carillon(arguments: ["processes"])
        #expect(run.status == 1)
        #expect(
            run.errors == """
                carillon: connection "prod": the credential can't be read: credential \
                workiva-client-secret: \(path) can't be read: permission denied; ask as root \
                (sudo)

                """)
    }

    @Test func aServiceThatIsDownIsSaidWithTheCommandThatDoesIt() async {
        let run = await site().carillon(arguments: ["check", "--online"])
        #expect(run.status == 2)
        #expect(
            run.errors.contains(
                "ask as root while the service runs (systemctl start carillon), or say where it is: "
                    + "sudo CREDENTIALS_DIRECTORY=/etc/carillon carillon check --online"))
    }

    @Test(arguments: [true, false])
    func whoIsNotInTheGroupIsToldToJoinIt(isListed: Bool) async {
        var host = MemoryHost()
        host.forbidden = ["/etc/carillon/carillon.toml"]
        host.groups["/etc/carillon/carillon.toml"] = MissingGroup(
            group: "carillon", user: "alice", isListed: isListed)
        for verb in ["status", "check", "attention", "reload"] {
            let run = await carillon(verb, host: host)
            #expect(run.status != 0)
            let advice =
                isListed
                ? "you are in the group carillon only since after your login: log in again"
                : "it is for members of the group carillon: sudo usermod -aG carillon alice, then "
                    + "log in again"
            #expect(run.errors.contains("permission denied; " + advice), "said: \(run.errors)")
        }
    }

    @Test func aLedgerThatIsForOthersSaysTheGroupToo() async {
        let path = "/proc/no such folder/carillon.db"
        var host = MemoryHost()
        host.groups[path] = MissingGroup(group: "carillon", user: "alice", isListed: false)
        let run = await carillon("history", "--database", path, host: host)
        #expect(run.status == 1)
        #expect(
            run.errors.hasSuffix(
                "; it is for members of the group carillon: sudo usermod -aG carillon alice, then "
                    + "log in again\n"), "said: \(run.errors)")
    }

    @Test func shellsAreOfferedTheSchedulesOfTheLedger() async throws {
        let fixture = try LedgerFixture()
        for (verb, place) in [
            ("why", "positional@0"), ("history", "positional@0"), ("history", "--schedule"),
            ("next", "positional@0"), ("trigger", "positional@0"), ("pause", "positional@0"),
            ("resume", "positional@0"), ("skip", "positional@0"), ("schedules", "positional@0"),
        ] {
            let run = await carillon(
                "---completion", verb, "--", place, "4", "0", "carillon", verb, "--database",
                fixture.path, "")
            #expect(run.status == 0)
            #expect(run.output == "close\ngl\n", "\(verb) \(place): \(run.output)")
        }
        let none = await carillon(
            "---completion", "why", "--", "positional@0", "2", "0", "carillon", "why",
            "--database=/nowhere/at all", "")
        #expect(none.status == 0)
        #expect(none.output.trimmingCharacters(in: .newlines).isEmpty && none.errors.isEmpty)
    }
}
