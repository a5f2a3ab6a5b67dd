import ArgumentParser
import AsyncHTTPClient
import TOMLKit

@main
struct Carillon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "carillon")
}
