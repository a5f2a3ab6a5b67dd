extension Timeline {
    /// The drawing as SVG.
    ///
    /// - Parameter base: the path under which the pages are; empty: the root.
    /// - Returns: one element.
    func markup(base: String) -> Markup {
        var drawing = Markup(capacity: 512 * (lanes.reduce(8) { $0 + $1.marks.count }))
        drawing += """
            <svg class="timeline" viewBox="0 0 \(width) \(height)" role="img" aria-label="\(summary)">\
            <rect class="ahead" x="\(nowX)" y="18" width="\(aheadWidth)" height="\(bottom)"/>
            """
        for hour in hours {
            drawing += """
                <line class="grid" x1="\(hour.x)" x2="\(hour.x)" y1="18" y2="\(bottom)"/>\
                <text class="hour" x="\(hour.x)" y="12" text-anchor="middle">\(hour.label)</text>
                """
        }
        for lane in lanes { lane.draw(on: &drawing, base: base) }
        drawing += """
            <line class="now" x1="\(nowX)" x2="\(nowX)" y1="18" y2="\(bottom)"/></svg>
            """
        return drawing
    }
}

extension Timeline.Lane {
    fileprivate func draw(on drawing: inout Markup, base: String) {
        drawing += """
            <line class="grid" x1="190" x2="1080" y1="\(baseY)" y2="\(baseY)"/>\
            <a href="\(base)/schedules/\(percentEncoded(name))">\
            <text class="lane" x="0" y="\(labelY)">\(label)</text></a>
            """
        for mark in marks { mark.draw(on: &drawing, base: base) }
        for next in nexts {
            drawing += """
                <line class="next" x1="\(next.x)" x2="\(next.x)" y1="\(next.top)" y2="\(next.bottom)"/>
                """
        }
    }
}

extension Timeline.Mark {
    fileprivate func draw(on drawing: inout Markup, base: String) {
        drawing += "<a href=\"\(base)\(href)\"><title>\(title)</title>"
        switch sign {
        case .bar:
            drawing += """
                <rect class="\(tone)" x="\(x)" y="\(y)" width="\(width)" height="14" rx="2"/></a>
                """
        case .ring:
            drawing += """
                <rect class="ring \(tone)" x="\(x)" y="\(y)" width="10" height="10" rx="5"/></a>
                """
        case .cross:
            drawing += """
                <path class="cross \(tone)" d="M\(x) \(y)l10 12m0 -12l-10 12"/></a>
                """
        }
        guard let word else { return }
        drawing += """
            <text class="word \(word.tone)" x="\(word.x)" y="\(word.y)">\(word.text)</text>
            """
    }
}
