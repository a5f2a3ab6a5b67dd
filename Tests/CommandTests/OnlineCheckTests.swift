import Sandbox
import Testing

@Suite(.timeLimit(.minutes(30))) struct OnlineCheckTests {
    private func site(_ schedules: String, _ processes: (id: String, name: String)...)
        -> SandboxSite
    {
        var site = SandboxSite()
        site.scenario.processes = processes.map { id, name in
            SandboxProcess(
                id: id, name: name, root: .group(name: "Root", parallel: false, children: []))
        }
        site.schedules = schedules
        return site
    }

    private let daily = """
        [schedules.gl]
        process = "p1"
        cron = "0 6 * * *"
        """

    /// The next slot is 1 July 2026, so last month is June.
    private let monthly = """
        [schedules.close]
        process = { name = "Close {yyyy}-{MM-1}" }
        cron = "0 6 1 * *"
        """

    @Test func whatTheAPIAgreesWithEndsWithZero() async {
        let run = await site(daily + "\n" + monthly, ("p1", "Ledger"), ("p2", "Close 2026-06"))
            .carillon("check", "--online")
        #expect(run.status == 0, "said: \(run.errors)")
        #expect(run.errors.isEmpty)
        #expect(
            run.output.hasSuffix(
                "\nconnection \"prod\": token received, 2 processes listed, "
                    + "2 processes of 2 schedules validated\n"))
    }

    @Test func nothingIsAskedWithoutTheFlag() async {
        let site = site(daily)
        let run = await carillon(
            "check", "--config", "/c/carillon.toml", host: site.host(port: 1))
        #expect(run.status == 0, "said: \(run.errors)")
    }

    @Test func aProcessThatIsNotListedIsNamedWithItsSchedule() async {
        let run = await site(daily, ("p7", "p1")).carillon("check", "--online", "-q")
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("schedule \"gl\": process p1 is not listed"))
        #expect(run.errors.contains("that is the name of process p7"))
        #expect(run.errors.hasSuffix("carillon: 1 problem found online\n"))
    }

    @Test func aDisabledSchedulesProcessIsNotAskedFor() async {
        let run = await site(daily + "\nenabled = false").carillon("check", "--online")
        #expect(run.status == 0, "said: \(run.errors)")
    }

    @Test func aPatternMustMatchExactlyOneProcess() async {
        let none = await site(monthly, ("p2", "Close 2026-05")).carillon("check", "--online")
        #expect(none.status == 2)
        #expect(
            none.errors.contains(
                "schedule \"close\": no process has the name \"Close 2026-06\" that its slot at "
                    + "2026-07-01T06:00:00-04:00 will look for; did you mean \"Close 2026-05\"?"))
        let two = await site(monthly, ("p2", "Close 2026-06"), ("p3", "Close 2026-06"))
            .carillon("check", "--online")
        #expect(two.status == 2)
        #expect(two.errors.contains("the processes \"p2\", \"p3\" all have the name"))
    }

    @Test func bothScopesAreNeeded() async {
        var site = site(daily, ("p1", "Ledger"))
        site.scenario.clients[0].scopes = ["file:read"]
        let run = await site.carillon("check", "--online")
        #expect(run.status == 2)
        #expect(run.errors.contains("the grant lacks file:write (the token names file:read)"))
    }

    @Test func whatTheValidationFindsIsShownOnceWithAllSchedules() async {
        var site = site(
            daily + "\n[schedules.again]\nprocess = \"p1\"\ncron = \"0 7 * * *\"", ("p1", "Ledger"))
        site.scenario.processes[0].validationErrors = [
            SandboxValidationError(code: "invalidUser", message: "no such person", jobNumber: 0)
        ]
        let run = await site.carillon("check", "--online")
        #expect(run.status == 2)
        #expect(run.errors.contains("schedules \"again\", \"gl\": process p1 would not start: "))
        #expect(run.errors.contains("invalidUser: no such person"))
        #expect(run.errors.hasSuffix("carillon: 1 problem found online\n"))
    }

    @Test func aRefusedCredentialNamesWhatItStops() async {
        var site = site(daily, ("p1", "Ledger"))
        site.secret = "wrong-secret"
        let run = await site.carillon("check", "--online")
        #expect(run.status == 2)
        #expect(run.errors.contains("the credential is refused"))
        #expect(run.errors.contains("(schedules: \"gl\")"))
        #expect(!run.errors.contains("wrong-secret"))
    }
}
