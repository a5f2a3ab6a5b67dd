import FoundationEssentials
import JSON
import Testing

/// What is written can be read again, and acts on no terminal.
@Suite struct JSONTests {
    @Test(
        "A text is written so that it can be read",
        arguments: [
            ("plain", #""plain""#), ("", #""""#), ("a,b", #""a,b""#),
            (#"say "hi" \o"#, #""say \"hi\" \\o""#), ("a\nb\rc\td", #""a\nb\rc\td""#),
            ("\u{0}\u{1b}[31m\u{7f}", #""\u0000\u001b[31m\u007f""#), ("é😀", #""é😀""#),
            ("\u{85}\u{202e}", #""\u0085\u202e""#),
        ])
    func strings(text: String, written: String) throws {
        #expect(JSONString.quoted(text) == written)
        let read = try JSONDecoder().decode([String].self, from: Data("[\(written)]".utf8))
        #expect(read == [text])
    }

    @Test func anObjectKeepsTheOrderOfItsKeys() {
        let object = JSONText.object([
            .init("z", .integer(1)), .init("a", .array([.null, .boolean(true), .number(.nan)])),
        ])
        #expect(object.text == #"{"z": 1, "a": [null, true, null]}"#)
        #expect(JSONText.lines([]) == "[]\n")
    }

    @Test func aValueOfAnyShapeIsRead() throws {
        let json = #"{"root": {"name": "Close", "note": null, "parallel": false, "jobs": [{}, 2]}}"#
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8))
        let root = try #require(value["root"])
        #expect(root.text("name") == "Close")
        #expect(root["note"] == nil)
        #expect(root["parallel"]?.bool == false)
        #expect(root["jobs"]?.elements == [.object([:]), .number(2)])
        #expect(value["root"]?["name"]?["deeper"] == nil)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(JSONValue.self, from: Data("{".utf8))
        }
    }
}
