import Foundation
import Testing

/// A job in error is named where people look for errors, not only in its run's tree.
@Suite struct FailedJobTests {
    private func fixture() throws -> LedgerFixture {
        let fixture = try LedgerFixture()
        try fixture.execute(
            #"""
            UPDATE process_runs SET status = 'error', outcome = 'attention',
                outcome_reason = 'status error', modified_at = 1781521200400, tree = '{"id":"r",
            "root":{"status":"error","children":[{"job":{"action":"sendTask","status":"error",
            "errorCode":"NO_ASSIGNEE","actionStatus":"nobody","arguments":{"sendTaskArgs":
            {"title":"Sign it"}}}},{"job":{"action":"runQuery","status":"complete"}},
            {"job":{"action":{"type":"runChain"},"status":"errorHold"}}]}}' WHERE run_key = 2
            """#)
        return fixture
    }

    @Test func showNamesItBeforeTheTree() async throws {
        let fixture = try fixture()
        let run = await carillon("show", "run-two-2", "--database", fixture.path)
        #expect(run.status == 0)
        let facts = try #require(run.output.components(separatedBy: "TREE").first)
        #expect(facts.contains("error       the job \"Sign it\" failed: NO_ASSIGNEE (nobody)\n"))
        #expect(facts.contains("error       the job \"runChain\" failed\n"))
    }

    @Test func errorsListsItAmongThoseOfTheAPI() async throws {
        let fixture = try fixture()
        let list = await carillon("errors", "--database", fixture.path)
        let lines = list.output.split(separator: "\n")
        #expect(lines.count == 5)
        // By time: the job's is between both of the API's.
        #expect(lines[1].contains("runProcess"))
        #expect(lines[2].contains("job"))
        #expect(lines[2].contains("NO_ASSIGNEE"))
        #expect(lines[2].contains("see: carillon show run-two-2"))
        #expect(lines[2].contains("the job \"Sign it\" failed: NO_ASSIGNEE (nobody)"))
        let other = await carillon("errors", "close", "--database", fixture.path)
        #expect(!other.output.contains("Sign it"))
        let last = await carillon("errors", "-n", "1", "--json", "--database", fixture.path)
        #expect(!last.output.contains("Sign it"))
        let all = await carillon("errors", "gl", "--json", "--database", fixture.path)
        #expect(all.output.contains("\"code\": \"NO_ASSIGNEE\""))
        #expect(all.output.contains("\"run_id\": \"run-two-2\""))
    }
}
