/// The pages of one thing each.
extension Templates {
    private static let errorList = """
        <ul class="plain">
        {{#errors}}<li><b>{{at}}</b> <span class="pill {{tone}}">{{what}}</span> {{words}}</li>{{/errors}}
        {{^errors}}<li class="dim">No error.</li>{{/errors}}
        </ul>
        </section>
        """

    static let schedule = """
        {{<layout}}{{$body}}
        <section aria-labelledby="schedule">
        <h2 id="schedule">{{heading}} <small>{{state}}</small></h2>
        {{#hasDescription}}<p>{{description}}</p>{{/hasDescription}}
        <dl>{{#facts}}<div><dt>{{label}}</dt><dd>{{value}}</dd></div>{{/facts}}</dl>
        </section>
        <section aria-labelledby="next">
        <h2 id="next">Next</h2>
        <ul class="plain flow">
        {{#next}}<li><b>{{local}}</b> <span class="dim">{{when}}</span> <span class="note">{{note}}</span></li>{{/next}}
        {{^next}}<li class="dim">Nothing is to come.</li>{{/next}}
        </ul>
        </section>
        {{#hasYear}}
        <section aria-labelledby="year">
        <h2 id="year">A year <small>{{#year}}{{text}}{{/year}}</small></h2>
        <div class="scroll">{{#year}}<svg class="year" width="{{width}}" height="156" viewBox="0 0 {{width}} 156" \
        role="img" aria-label="{{text}}">{{#months}}<text class="hour" x="{{x}}" y="10">{{label}}</text>{{/months}}\
        <path class="track" d="{{free}}"/>\
        {{#cells}}<rect class="{{tone}}" x="{{x}}" y="{{y}}" width="17" height="17" rx="2">\
        <title>{{title}}</title></rect>{{/cells}}</svg>{{/year}}</div>
        </section>
        {{/hasYear}}
        {{#durations}}
        <section aria-labelledby="durations">
        <h2 id="durations">Durations <small>{{text}}</small></h2>
        <svg class="durations" viewBox="0 0 {{width}} 82" preserveAspectRatio="xMinYMid" role="img" aria-label="{{text}}">\
        <line class="grid" x1="0" x2="{{width}}" y1="{{longY}}" y2="{{longY}}"/>\
        <line class="next" x1="0" x2="{{width}}" y1="{{middleY}}" y2="{{middleY}}"/>\
        {{#points}}<a href="{{href}}"><rect class="{{tone}}" x="{{x}}" y="{{y}}" width="6" height="{{height}}" rx="1">\
        <title>{{title}}</title></rect></a>{{/points}}</svg>
        </section>
        {{/durations}}
        <section aria-labelledby="slots">
        <h2 id="slots">Slots</h2>
        {{>slots}}
        </section>
        {{/body}}{{/layout}}
        """

    static let slot = """
        {{<layout}}{{$body}}
        <section aria-labelledby="slot">
        <h2 id="slot"><a href="{{href}}">{{schedule}}</a> <span class="pill {{tone}}">{{result}}</span></h2>
        <p>{{sentence}}</p>
        <dl>{{#facts}}<div><dt>{{label}}</dt><dd>{{value}}</dd></div>{{/facts}}</dl>
        {{#run}}<h3>Run</h3><span class="line"><a href="/runs/{{path}}">{{runID}}</a>\
        <span class="pill {{tone}}">{{status}}</span><span class="dim">{{age}}</span></span>{{#bar}}{{>bar}}{{/bar}}{{/run}}
        </section>
        <section aria-labelledby="attempts">
        <h2 id="attempts">Attempts <small>times in UTC</small></h2>
        <ul class="plain">
        {{#attempts}}<li><b>{{at}}</b> <span class="pill {{tone}}">{{what}}</span> {{words}}</li>{{/attempts}}
        {{^attempts}}<li class="dim">Nothing was sent for it.</li>{{/attempts}}
        </ul>
        </section>
        <section aria-labelledby="errors">
        <h2 id="errors">What the API said <small>times in UTC</small></h2>
        \(errorList)
        {{/body}}{{/layout}}
        """

    static let connection = """
        {{<layout}}{{$body}}
        <section aria-labelledby="connection">
        <h2 id="connection">Connection {{heading}} {{#hasTrouble}}<span class="pill bad">{{trouble}}</span>{{/hasTrouble}}\
        {{^hasTrouble}}<span class="pill good">ok</span>{{/hasTrouble}}</h2>
        <dl>{{#facts}}<div><dt>{{label}}</dt><dd>{{value}}</dd></div>{{/facts}}</dl>
        </section>
        {{#hasAttention}}
        <section class="attention" aria-labelledby="attention">
        <h2 id="attention">Needs you</h2>
        <ul>{{#attention}}<li><span class="pill {{tone}}">{{kind}}</span> <b>{{subject}}</b>\
        <span class="since">{{since}}</span><p>{{sentence}}</p>{{#hasCommand}}<code class="copy">{{command}}</code>{{/hasCommand}}</li>{{/attention}}</ul>
        </section>
        {{/hasAttention}}
        <section aria-labelledby="answers">
        <h2 id="answers">Answers <small>requests by HTTP status, since this was counted first</small></h2>
        <ul class="plain flow">
        {{#answers}}<li><span class="pill {{tone}}">{{status}}</span> {{count}}</li>{{/answers}}
        {{^answers}}<li class="dim">Nothing was asked yet.</li>{{/answers}}
        </ul>
        </section>
        <section aria-labelledby="of">
        <h2 id="of">Schedules</h2>
        <ul class="plain flow">
        {{#schedules}}<li><a href="{{href}}">{{name}}</a></li>{{/schedules}}
        {{^schedules}}<li class="dim">No schedule uses it.</li>{{/schedules}}
        </ul>
        </section>
        <section aria-labelledby="errors">
        <h2 id="errors">Errors <small>newest first, times in UTC</small></h2>
        \(errorList)
        {{/body}}{{/layout}}
        """

    static let log = """
        {{<layout}}{{$body}}
        <section aria-labelledby="log">
        <h2 id="log">{{heading}} <small>newest first, times in UTC</small></h2>
        <ul class="plain">
        {{#events}}<li><b>{{at}}</b> <span class="pill {{tone}}">{{what}}</span> {{words}}</li>{{/events}}
        {{^events}}<li class="dim">{{nothing}}</li>{{/events}}
        </ul>
        {{#hasOlder}}<p class="pages"><a href="{{older}}" rel="next">older</a></p>{{/hasOlder}}
        </section>
        {{/body}}{{/layout}}
        """

    static let windows = """
        {{<layout}}{{$body}}
        {{^windows}}<section aria-labelledby="windows"><h2 id="windows">Windows</h2>
        <p class="dim">No schedule keeps a window. One is a table [windows.NAME] in the config: a freeze, a maintenance, a year \
        end, in which slots are skipped, held back to its end, or started all the same.</p></section>{{/windows}}
        {{#windows}}<section aria-labelledby="{{anchor}}">
        <h2 id="{{anchor}}">Window {{name}} <span class="pill {{tone}}">{{state}}</span></h2>
        <h3>When <small>{{zone}}</small></h3>
        <ul class="plain">
        {{#spans}}<li><b>{{from}}</b> to <b>{{until}}</b> <span class="dim">{{when}}</span></li>{{/spans}}
        {{^spans}}<li class="dim">It is over, and doesn't come again.</li>{{/spans}}
        </ul>
        <h3>Schedules</h3>
        <ul class="plain">
        {{#schedules}}<li><a href="{{href}}">{{name}}</a> <span class="dim">{{effect}}</span></li>{{/schedules}}
        </ul>
        <h3>Slots <small>that fell into it in the last four weeks, newest first</small></h3>
        <ul class="plain">
        {{#slots}}<li><a href="{{href}}"><b>{{local}}</b></a> {{schedule}} <span class="pill {{tone}}">{{disposition}}</span> \
        {{reason}}</li>{{/slots}}
        {{^slots}}<li class="dim">None.</li>{{/slots}}
        </ul>
        </section>{{/windows}}
        {{/body}}{{/layout}}
        """

    static let calendar = """
        {{<layout}}{{$body}}
        <section aria-labelledby="calendar">
        <h2 id="calendar">Calendar <small>what the rules give, six weeks from this one, each on its schedule's own clock; \
        pauses and overlaps are not in it; <a href="/windows">windows</a></small></h2>
        {{#weeks}}<ol class="week">{{#days}}<li{{#isToday}} class="today" aria-current="date"{{/isToday}}\
        {{#isPast}} class="past"{{/isPast}}><time datetime="{{date}}"{{#isClosed}} class="closed"{{/isClosed}}>{{label}} \
        <small>{{marks}}</small></time>\
        {{#entries}}<a class="entry{{#isSkipped}} skipped{{/isSkipped}}" href="{{href}}" title="{{note}}">\
        <b>{{times}}</b> {{schedule}}<small>{{note}}</small></a>{{/entries}}<small>{{more}}</small></li>{{/days}}</ol>{{/weeks}}
        </section>
        {{/body}}{{/layout}}
        """
}
