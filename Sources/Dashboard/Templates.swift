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
        <nav aria-label="Pages">{{#navigation}}{{#links}}<a href="{{href}}"\
        {{#isHere}} aria-current="page"{{/isHere}}>{{label}}</a>{{/links}}{{/navigation}}</nav>
        {{#takenAt}}<span class="taken">as of {{.}}</span>{{/takenAt}}
        </header>
        <main>
        <h1 class="hidden">{{title}}</h1>
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
        {{#hasLink}}<p><a href="{{link}}" rel="noreferrer external">Open in Workiva</a></p>{{/hasLink}}
        </section>
        {{#hasFailed}}
        <section class="attention" aria-labelledby="failed">
        <h2 id="failed">Failed jobs</h2>
        <ul>{{#failed}}<li><span class="pill {{tone}}">{{status}}</span> <b>{{name}}</b> \
        <span class="dim">{{note}}</span></li>{{/failed}}</ul>
        </section>
        {{/hasFailed}}
        {{#area}}
        <section aria-labelledby="area">
        <h2 id="area">Actions over time</h2>
        <svg class="area" viewBox="0 0 {{width}} {{height}}" role="img" aria-label="{{text}}">\
        {{#areas}}<polygon class="{{tone}}" points="{{points}}"><title>{{title}}</title></polygon>{{/areas}}\
        {{#labels}}<text class="hour" x="{{x}}" y="114" text-anchor="{{anchor}}">{{text}}</text>{{/labels}}</svg>
        <p class="key">{{#areas}}<span class="pill {{tone}}">{{title}}</span> {{/areas}}</p>
        </section>
        {{/area}}
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
        <caption class="hidden">Changes, newest first</caption>
        <thead><tr><th scope="col">Seen (UTC)</th><th scope="col">Status</th><th scope="col" class="wide">Actions</th></tr></thead>
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
