/// Small pieces of English.
enum Words {
    /// `1 schedule`, `5 schedules`.
    static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
