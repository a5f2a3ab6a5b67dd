package import Cluster
package import Store

/// Where a ledger stands, as the ledger notes it and as the log sees it.
extension LogPlace {
    /// A place in a log, of a ledger that is this copy.
    package init(_ place: Member.Place, install: String) {
        self.init(
            epoch: place.epoch, install: install, term: place.term, seq: place.seq,
            chain: place.chain.digits)
    }
}

extension Member.Place {
    /// The place that a ledger has noted.
    package init(_ noted: LogPlace) {
        self.init(
            epoch: noted.epoch, term: noted.term, seq: noted.seq,
            chain: Chain(digits: noted.chain))
    }
}
