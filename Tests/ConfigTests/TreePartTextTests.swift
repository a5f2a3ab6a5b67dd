import Config
import Engine
import Testing

/// Conditions on parts of a run's tree.
@Suite struct TreePartTextTests {
    @Test(arguments: [
        ("job 'Sign-off' is error", "job 'Sign-off' is error"),
        ("  job \"It's done\" is errorHold ", "job 'It's done' is errorhold"),
        ("job 'Sign-off' cancelled > 1", "job 'Sign-off' cancelled > 1"),
        ("group 'Konsolidierung (Ü)' error>0", "group 'Konsolidierung (Ü)' error > 0"),
        ("group 'a / b > c' complete / total < 50%", "group 'a / b > c' complete / total < 0.5"),
        ("error > 0", "error > 0"),
    ])
    func whatIsRight(text: String, said: String) throws {
        #expect(try OutcomeText.parse(text).description == said)
    }

    @Test(arguments: [
        ("job Sign-off is error", "needs a name in quotes after job"),
        ("job 'Sign-off is error", "the name has no closing quote"),
        ("job '' is error", "the name is empty"),
        (
            "jobs 'Sign-off' is error",
            "only a job or a group has a name in quotes; did you mean \"job\"?"
        ),
        ("job 'Sign-off'", "needs a status such as error after the name"),
        ("job 'Sign-off' is", "needs a status after is"),
        ("job 'Sign-off' is error now", "has something after the status: now"),
        ("group 'Close' is error", "a group has many jobs; compare a count, such as error > 0"),
        ("group 'Close' error", "needs one of > >= < <= = after the status"),
    ])
    func whatIsWrong(text: String, said: String) {
        do throws(OutcomeText.Mistake) {
            Issue.record("it was read as \(try OutcomeText.parse(text))")
        } catch {
            #expect(error.text == said)
        }
    }
}
