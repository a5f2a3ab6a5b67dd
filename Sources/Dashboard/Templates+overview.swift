/// The front page and what it is made of.
extension Templates {
    static let timeline = """
        {{&timeline}}
        <p class="key"><span class="pill good">succeeded</span> <span class="pill live">active</span> \
        <span class="pill bad">✕ failed, missed or expired</span> <span class="pill warn">held</span> \
        <span class="pill off">○ skipped</span> <span class="pill next">to come</span></p>
        """

    /// Rows of slots, for several pages.
    static let slots = """
        <div class="scroll"><table class="cards">
        <caption class="hidden">Slots, newest first</caption>
        <thead><tr><th scope="col">Slot</th><th scope="col">Schedule</th><th scope="col">Result</th>\
        <th scope="col" class="wide">Run</th><th scope="col" class="number">Took</th></tr></thead>
        <tbody>
        {{#history}}<tr>
        <td><a href="{{href}}">{{slotLocal}}</a><small>{{when}}</small></td>
        <td>{{schedule}}</td>
        <td><span class="pill {{tone}}">{{result}}</span><small>{{reason}}</small><small>{{deadline}}</small></td>
        <td class="wide">{{#run}}<span class="line"><a href="/runs/{{path}}">{{shortID}}</a>\
        <span class="dim">{{status}}</span></span>{{#bar}}{{>bar}}{{/bar}}{{/run}}\
        {{#hasError}}<small class="error">{{lastError}}</small>{{/hasError}}</td>
        <td class="number">{{took}}</td>
        </tr>{{/history}}
        {{^history}}<tr><td colspan="5" class="dim">No slot has been due yet.</td></tr>{{/history}}
        </tbody></table></div>
        """

    static let overview = """
        {{<layout}}{{$body}}
        {{#hasNotice}}<p class="notice">{{notice}}</p>{{/hasNotice}}
        <ul class="facts" aria-label="At a glance">
        {{#facts}}<li><b class="{{tone}}">{{value}}</b> {{label}}</li>{{/facts}}
        </ul>
        {{#hasAttention}}
        <section class="attention" aria-labelledby="attention">
        <h2 id="attention">Needs you</h2>
        <ul>
        {{#attention}}<li><span class="pill {{tone}}">{{kind}}</span> \
        {{#hasHref}}<a href="{{href}}"><b>{{subject}}</b></a>{{/hasHref}}{{^hasHref}}<b>{{subject}}</b>{{/hasHref}}\
        <span class="since">{{since}}</span><p>{{sentence}}</p>{{#hasCommand}}<code class="copy">{{command}}</code>{{/hasCommand}}</li>{{/attention}}
        </ul>
        </section>
        {{/hasAttention}}
        {{#hasTimeline}}
        <section class="broad" aria-labelledby="timeline">
        <h2 id="timeline">Timeline <small>hours in {{zoneName}}; those with trouble first</small></h2>
        {{>timeline}}
        </section>
        {{/hasTimeline}}
        <section aria-labelledby="schedules">
        <h2 id="schedules">Schedules <small>{{range}}</small></h2>
        <form method="get" action="/" role="search">
        <input type="search" name="q" value="{{text}}" placeholder="Name or description" aria-label="Name or description">
        {{#hasTags}}<select name="tag" aria-label="Tag"><option value="">any tag</option>\
        {{#tags}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/tags}}</select>{{/hasTags}}
        <select name="state" aria-label="State">\
        {{#states}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/states}}</select>
        <button>Filter</button>
        </form>
        <div class="scroll"><table class="cards">
        <caption class="hidden">Schedules, trouble first</caption>
        <thead><tr><th scope="col">Schedule</th><th scope="col">Next slot</th><th scope="col">Last result</th>\
        <th scope="col">Last 28 days</th><th scope="col" class="wide">Active run</th></tr></thead>
        <tbody>
        {{#rows}}<tr>
        <td><a href="{{href}}"><b>{{name}}</b></a>{{#hasState}} <span class="pill {{stateTone}}">{{state}}</span>{{/hasState}}\
        <small>{{rule}} {{timezone}}</small>\
        {{#hasDescription}}<small>{{description}}</small>{{/hasDescription}}<small>{{tags}}</small></td>
        <td>{{nextIn}}<small>{{nextLocal}}</small>\
        {{#hasNote}}<small class="note">{{note}}</small>{{/hasNote}}</td>
        <td>{{#last}}<span class="pill {{tone}}">{{result}}</span><small>{{when}}</small>\
        {{/last}}{{^last}}<span class="dim">nothing yet</span>{{/last}}</td>
        <td>{{&strip}}{{#spark}}<svg class="spark" viewBox="0 0 78 18" aria-hidden="true">\
        <polyline points="{{points}}"/></svg><span class="usual">{{text}}</span>{{/spark}}</td>
        <td class="wide">{{#active}}<span class="line"><a href="/runs/{{path}}">{{shortID}}</a>\
        <span class="pill {{tone}}">{{status}}</span><span class="dim">{{age}}</span></span>{{#bar}}{{>bar}}{{/bar}}\
        <small class="{{forecastTone}}">{{forecast}}</small>{{/active}}\
        {{^active}}<span class="dim none">–</span>{{/active}}</td>
        </tr>{{/rows}}
        {{^rows}}<tr><td colspan="5" class="dim">{{nothing}}</td></tr>{{/rows}}
        </tbody></table></div>
        <p class="pages">{{#hasEarlier}}<a href="{{earlier}}" rel="prev">earlier</a>{{/hasEarlier}} \
        {{#hasLater}}<a href="{{later}}" rel="next">more</a>{{/hasLater}}</p>
        </section>
        {{#bars}}
        <section aria-labelledby="days">
        <h2 id="days">Slots per day <small>{{text}}</small></h2>
        <svg class="days" viewBox="0 0 1104 90" role="img" aria-label="{{text}}">\
        {{#pieces}}<rect class="{{tone}}" x="{{x}}" y="{{y}}" width="32" height="{{height}}" rx="1">\
        <title>{{title}}</title></rect>{{/pieces}}\
        {{#labels}}<text class="hour" x="{{x}}" y="86">{{text}}</text>{{/labels}}</svg>
        </section>
        {{/bars}}
        <section aria-labelledby="history">
        <h2 id="history">Recent slots <small>each on its schedule's own clock</small></h2>
        {{>slots}}
        </section>
        <section aria-labelledby="connections">
        <h2 id="connections">Connections</h2>
        <ul class="plain">
        {{#connections}}<li><a href="{{href}}"><b>{{name}}</b></a> <span class="dim">{{baseURL}} · {{requests}} requests sent</span> \
        {{#hasTrouble}}<span class="pill bad">{{trouble}}</span>{{/hasTrouble}}\
        {{^hasTrouble}}<span class="pill good">ok</span>{{/hasTrouble}} <span class="dim">{{pace}}</span></li>{{/connections}}
        {{^connections}}<li class="dim">None is configured.</li>{{/connections}}
        </ul>
        </section>
        {{/body}}{{/layout}}
        """
}
