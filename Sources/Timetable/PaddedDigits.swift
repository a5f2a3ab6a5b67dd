extension String {
    /// The digits of a number that is not negative, with leading zeros up to the width.
    package init(_ value: some BinaryInteger, width: Int, radix: Int = 10) {
        let digits = String(value, radix: radix)
        self.init(repeating: "0", count: Swift.max(0, width - digits.utf8.count))
        append(digits)
    }
}
