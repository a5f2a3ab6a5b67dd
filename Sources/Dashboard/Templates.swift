/// The pages as Mustache text: every `{{value}}` is escaped for HTML by the template engine.
enum Templates {
    /// What all pages share; the body replaces `{{$body}}`.
    static let layout = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta http-equiv="refresh" content="{{refreshSeconds}}">
        <title>{{title}}</title>
        <link rel="stylesheet" href="/style.css">
        <link rel="icon" href="/icon.svg" type="image/svg+xml">
        </head>
        <body>
        <header>
        <a class="brand" href="/"><img src="/icon.svg" alt="" width="28" height="28">Carillon</a>
        <span class="taken">as of {{takenAt}}</span>
        </header>
        <main>
        {{$body}}{{/body}}
        </main>
        <footer>Read-only. The same rows: <code>sqlite3 carillon.db 'select * from history'</code></footer>
        </body>
        </html>
        """

    /// A bar of counts, drawn as SVG since the content policy allows no inline style.
    static let bar = """
        <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" \
        role="img" aria-label="{{text}}"><title>{{text}}</title>\
        {{#segments}}<rect class="{{tone}}" x="{{start}}" y="0" width="{{width}}" height="8"/>{{/segments}}\
        </svg><span class="counts">{{text}}</span>
        """

    static let overview = """
        {{<layout}}{{$body}}
        {{#hasNotice}}<p class="notice">{{notice}}</p>{{/hasNotice}}
        <ul class="tiles">
        {{#tiles}}<li class="{{tone}}"><b>{{value}}</b><span>{{label}}</span></li>{{/tiles}}
        </ul>
        {{#hasAttention}}
        <section class="attention" aria-labelledby="attention">
        <h2 id="attention">Needs attention</h2>
        <ul>
        {{#attention}}<li><span class="pill {{tone}}">{{kind}}</span> <b>{{subject}}</b>\
        <span class="since">{{since}}</span><p>{{whatToDo}}</p></li>{{/attention}}
        </ul>
        </section>
        {{/hasAttention}}
        <section aria-labelledby="schedules">
        <h2 id="schedules">Schedules</h2>
        <div class="scroll"><table>
        <thead><tr><th>Schedule</th><th>Next slot</th><th class="wide">Active run</th><th>Last result</th></tr></thead>
        <tbody>
        {{#schedules}}<tr>
        <td><b>{{name}}</b>{{#hasState}} <span class="pill {{stateTone}}">{{state}}</span>{{/hasState}}\
        <small><code>{{rule}}</code> {{timezone}}</small>\
        {{#hasDescription}}<small>{{description}}</small>{{/hasDescription}}</td>
        <td>{{nextIn}}<small>{{nextLocal}}</small>\
        {{#hasNote}}<small class="note">{{note}}</small>{{/hasNote}}</td>
        <td class="wide">{{#active}}<span class="line"><a href="/runs/{{runID}}">{{shortID}}</a>\
        <span class="pill {{tone}}">{{status}}</span><span class="dim">{{age}}</span></span>{{#bar}}{{>bar}}{{/bar}}{{/active}}\
        {{^active}}<span class="dim">–</span>{{/active}}</td>
        <td>{{#last}}<span class="pill {{tone}}">{{result}}</span><small>{{when}}</small>\
        {{/last}}{{^last}}<span class="dim">nothing yet</span>{{/last}}</td>
        </tr>{{/schedules}}
        {{^schedules}}<tr><td colspan="4" class="dim">No schedule is configured.</td></tr>{{/schedules}}
        </tbody></table></div>
        {{#hasMore}}<p class="dim">{{more}}; <code>carillon schedules</code> shows all.</p>{{/hasMore}}
        </section>
        <section aria-labelledby="history">
        <h2 id="history">Recent slots</h2>
        <div class="scroll"><table>
        <thead><tr><th>Slot</th><th>Schedule</th><th>Result</th><th class="wide">Run</th><th class="number">Took</th></tr></thead>
        <tbody>
        {{#history}}<tr>
        <td>{{slotLocal}}<small>{{when}}</small></td>
        <td>{{schedule}}</td>
        <td><span class="pill {{tone}}">{{result}}</span><small>{{reason}}</small></td>
        <td class="wide">{{#run}}<span class="line"><a href="/runs/{{runID}}">{{shortID}}</a>\
        <span class="dim">{{status}}</span></span>{{#bar}}{{>bar}}{{/bar}}{{/run}}\
        {{#hasError}}<small class="error">{{lastError}}</small>{{/hasError}}</td>
        <td class="number">{{took}}</td>
        </tr>{{/history}}
        {{^history}}<tr><td colspan="5" class="dim">No slot has been due yet.</td></tr>{{/history}}
        </tbody></table></div>
        </section>
        {{/body}}{{/layout}}
        """

    static let run = """
        {{<layout}}{{$body}}
        <section aria-labelledby="run">
        <h2 id="run">{{heading}} <span class="pill {{tone}}">{{status}}</span></h2>
        <dl>
        {{#facts}}<div><dt>{{label}}</dt><dd>{{value}}</dd></div>{{/facts}}
        </dl>
        <h3>Actions <span class="dim">{{percent}} % ended</span></h3>
        {{#counts}}{{>bar}}{{/counts}}{{^counts}}<p class="dim">No counts yet.</p>{{/counts}}
        {{#jobs}}<h3>Jobs</h3>{{>bar}}{{/jobs}}
        </section>
        {{#hasTree}}
        <section aria-labelledby="tree">
        <h2 id="tree">Tree</h2>
        <ul class="tree">
        {{#nodes}}<li class="d{{depth}} {{kind}}"><span>{{name}}</span> \
        <span class="pill {{tone}}">{{status}}</span> <span class="dim">{{note}}</span></li>{{/nodes}}
        </ul>
        {{#isCut}}<p class="dim">The rest is not shown; <code>carillon show</code> has it all.</p>{{/isCut}}
        </section>
        {{/hasTree}}
        <section aria-labelledby="changes">
        <h2 id="changes">Changes</h2>
        <div class="scroll"><table>
        <thead><tr><th>Seen</th><th>Status</th><th class="wide">Actions</th></tr></thead>
        <tbody>
        {{#changes}}<tr><td>{{seenAt}}<small>{{when}}</small></td>\
        <td><span class="pill {{tone}}">{{status}}</span></td>\
        <td class="wide">{{#bar}}{{>bar}}{{/bar}}</td></tr>{{/changes}}
        {{^changes}}<tr><td colspan="3" class="dim">None seen yet.</td></tr>{{/changes}}
        </tbody></table></div>
        </section>
        {{/body}}{{/layout}}
        """

    /// For errors and wrong turns.
    static let message = """
        {{<layout}}{{$body}}
        <section><h2>{{heading}}</h2><p>{{words}}</p><p><a href="/">Back to the schedules</a></p></section>
        {{/body}}{{/layout}}
        """
}
