import Mustache

// What a page draws thousands of names its parts by itself: asked through reflection, the front page of
// fifty busy schedules spent two thirds of its time on looking for the names of fields.

extension Timeline.Mark: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "x": x
        case "y": y
        case "width": width
        case "tone": tone
        case "href": href
        case "title": title
        case "isBar": isBar
        case "isCross": isCross
        case "isRing": isRing
        // False draws nothing; nil would be looked for further out.
        case "word": word.map { $0 as Any } ?? false
        default: nil
        }
    }
}

extension Timeline.Word: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "x": x
        case "y": y
        case "text": text
        case "tone": tone
        default: nil
        }
    }
}

extension Timeline.Next: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "x": x
        case "top": top
        case "bottom": bottom
        default: nil
        }
    }
}

extension Timeline.Lane: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "path": percentEncoded(self.name)
        case "label": label
        case "labelY": labelY
        case "baseY": baseY
        case "marks": marks
        case "nexts": nexts
        default: nil
        }
    }
}

extension Strip.Cell: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "x": x
        case "tone": tone
        case "title": title
        default: nil
        }
    }
}
