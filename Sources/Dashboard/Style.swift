/// The dashboard's look: `/style.css` and `/icon.svg`.
enum Style {
    /// Colours by tone once, for both schemes, then everything in terms of them.
    static let sheet = """
        :root {
          color-scheme: light dark;
          --page: #f6f7f9; --card: #ffffff; --text: #1c2430; --dim: #5b6678; --line: #e4e7ec;
          --accent: #3451b2; --good: #2f9e62; --live: #3b7ddd; --bad: #d0433b; --warn: #c47f17;
          --off: #7b8798; --calm: #cbd2dc; --soft: 13%;
          --good-text: #1b6b40; --live-text: #1f55a8; --bad-text: #a3271f; --warn-text: #7d4a00;
          --off-text: #4c5768;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #0f141b; --card: #171e27; --text: #e6eaf0; --dim: #9aa6b6; --line: #26303c;
            --accent: #9db1ff; --good: #4cc38a; --live: #6aa5f8; --bad: #f2706a; --warn: #f0b03f;
            --off: #8593a8; --calm: #3a4655; --soft: 20%;
            --good-text: #7fdcae; --live-text: #a5caff; --bad-text: #ffa39e; --warn-text: #ffcf7d;
            --off-text: #b3bfcf;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--text); font-size: 14px; line-height: 1.45;
          font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
          font-variant-numeric: tabular-nums; }
        header, main, footer { max-width: 1180px; margin: 0 auto; padding: 0 20px; }
        header { display: flex; align-items: center; justify-content: space-between; padding-top: 18px;
          padding-bottom: 14px; }
        .brand { display: flex; align-items: center; gap: 10px; font-size: 19px; font-weight: 650;
          letter-spacing: -0.01em; color: var(--text); }
        .brand:hover { text-decoration: none; }
        .taken, .dim, footer, small { color: var(--dim); }
        footer { padding-top: 6px; padding-bottom: 32px; font-size: 12.5px; }
        a { color: var(--accent); text-decoration: none; }
        a:hover { text-decoration: underline; }
        code { font-family: ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; font-size: .92em; }
        h2 { font-size: 15px; font-weight: 650; margin: 0 0 10px; }
        h3 { font-size: 13px; font-weight: 600; margin: 18px 0 6px; }
        section { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
          padding: 16px 18px; margin-bottom: 16px; }
        .notice { background: color-mix(in srgb, var(--warn) var(--soft), var(--card)); border-radius: 12px;
          border: 1px solid var(--warn); padding: 10px 16px; margin: 0 0 16px; }
        .facts { display: flex; flex-wrap: wrap; gap: 0 26px; list-style: none; margin: 0 0 16px;
          padding: 10px 18px; background: var(--card); border: 1px solid var(--line);
          border-radius: 12px; color: var(--dim); }
        .facts b { color: var(--word, var(--text)); }
        nav { display: flex; gap: 16px; margin-right: auto; margin-left: 26px; }
        nav a { color: var(--dim); } nav a[aria-current] { color: var(--text); font-weight: 600; }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        h2 small { font-weight: 400; }
        form { display: flex; gap: 8px; flex-wrap: wrap; margin: 0 0 12px; }
        input, select, button { font: inherit; color: inherit; background: var(--page);
          border: 1px solid var(--off); border-radius: 7px; padding: 4px 9px; }
        input { flex: 1; min-width: 140px; }
        .pages { margin: 10px 0 0; display: flex; gap: 16px; } .pages:empty { display: none; }
        .plain { list-style: none; margin: 0; padding: 0; }
        .plain li { padding: 5px 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
        .plain li:first-child { border-top: 0; }
        .flow { columns: 3 17em; column-gap: 28px; } .flow li { border-top: 0; break-inside: avoid; }
        .timeline, .durations { display: block; width: 100%; height: auto; }
        .durations { max-height: 120px; }
        .days { display: block; width: 100%; height: auto; }
        svg rect, svg circle { fill: var(--tone); }
        svg rect.calm, svg rect.off { fill: var(--calm); }
        .ring { fill: none !important; stroke: var(--off); stroke-width: 2; }
        .cross { stroke: var(--tone); stroke-width: 2.5; fill: none; }
        .ahead { fill: var(--accent) !important; opacity: .05; }
        .grid { stroke: var(--line); } .now { stroke: var(--accent); stroke-width: 2; }
        .next { stroke: var(--accent); stroke-width: 2.5; opacity: .55; }
        .hour { font-size: 11px; fill: var(--dim); }
        .lane { font-size: 13px; font-weight: 600; fill: var(--text); }
        .word { font-size: 11px; font-weight: 600; fill: var(--word); }
        .strip { display: block; width: 200px; height: 11px; }
        .area { display: block; width: 100%; height: auto; }
        .area polygon { fill: var(--tone); } .area polygon.calm, .area polygon.off { fill: var(--calm); }
        .key { margin: 6px 0 0; } .late { color: var(--bad-text); }
        .spark { width: 78px; height: 18px; vertical-align: middle; margin-right: 8px; }
        .usual { font-size: 12px; color: var(--dim); white-space: nowrap; }
        .strip .track, .year .track { fill: var(--line); } .spark polyline { fill: none; stroke: var(--live);
          stroke-width: 1.5; }
        .attention { border-left: 4px solid var(--warn); }
        .attention ul { list-style: none; margin: 0; padding: 0; }
        .attention li { padding: 8px 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
        .attention li:first-child { border-top: 0; padding-top: 0; }
        .attention li:last-child { padding-bottom: 0; }
        .attention p { margin: 3px 0 0; }
        .copy { display: inline-block; margin-top: 4px; padding: 2px 8px; border-radius: 6px;
          background: var(--page); border: 1px solid var(--line); user-select: all; }
        .pill.next { color: var(--accent); opacity: 1; border-left: 3px solid var(--accent); border-radius: 0; }
        .since { color: var(--dim); margin-left: 8px; font-size: 12.5px; }
        .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
          white-space: nowrap; }
        .scroll { overflow-x: auto; position: relative; }
        table { width: 100%; border-collapse: collapse; }
        th { text-align: left; color: var(--dim); font-weight: 500; font-size: 12.5px; padding: 0 14px 8px 0;
          white-space: nowrap; }
        td { border-top: 1px solid var(--line); padding: 9px 14px 9px 0; vertical-align: top; }
        td:last-child, th:last-child { padding-right: 0; }
        td small { display: block; font-size: 12px; max-width: 30em; overflow-wrap: anywhere; }
        .note { color: var(--warn-text); } td .error { color: var(--bad-text); }
        .wide { width: 34%; min-width: 200px; }
        .number { text-align: right; white-space: nowrap; }
        .line { display: flex; gap: 8px; align-items: baseline; flex-wrap: wrap; }
        .pill { display: inline-block; padding: 1px 8px; border-radius: 999px; font-size: 12px;
          font-weight: 550; color: var(--word); white-space: nowrap;
          background: color-mix(in srgb, var(--tone) var(--soft), transparent); }
        .pill:empty { display: none; }
        .good { --tone: var(--good); --word: var(--good-text); }
        .live { --tone: var(--live); --word: var(--live-text); }
        .bad { --tone: var(--bad); --word: var(--bad-text); }
        .warn { --tone: var(--warn); --word: var(--warn-text); }
        .off { --tone: var(--off); --word: var(--off-text); }
        .calm { --tone: var(--dim); --word: var(--off-text); }
        .bar { display: block; width: 100%; height: 8px; border-radius: 4px; background: var(--line);
          margin: 6px 0 3px; overflow: hidden; }
        .bar rect { fill: var(--tone); } .bar rect.calm { fill: var(--calm); }
        .counts { display: block; font-size: 12px; color: var(--dim); }
        dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px; margin: 0; }
        dt { color: var(--dim); font-size: 12.5px; } dd { margin: 0; overflow-wrap: anywhere; }
        .tree { list-style: none; margin: 0; padding: 0; }
        .tree li { padding: 4px 0; border-top: 1px solid var(--line); }
        .tree li:first-child { border-top: 0; }
        .tree .group > span:first-child { font-weight: 600; }
        .d1 { padding-left: 22px !important; } .d2 { padding-left: 44px !important; }
        .d3 { padding-left: 66px !important; } .d4 { padding-left: 88px !important; }
        .d5 { padding-left: 110px !important; } .d6 { padding-left: 132px !important; }
        .week { display: grid; grid-template-columns: repeat(7, minmax(0, 1fr)); gap: 6px;
          list-style: none; margin: 0 0 6px; padding: 0; }
        .week li { border: 1px solid var(--line); border-radius: 8px; padding: 6px 8px; min-height: 74px; }
        .week time { display: block; color: var(--dim); font-size: 12.5px; }
        .week time.closed { background: var(--page); border-radius: 4px; padding: 0 4px; }
        .week .today { border: 2px solid var(--accent); } .week .past { background: var(--page); }
        .entry { display: block; font-size: 12.5px; overflow-wrap: anywhere; color: var(--text); }
        .entry small { display: block; color: var(--warn-text); } .entry.skipped { color: var(--dim); }
        .entry.skipped::after { content: " (skipped)"; }
        @media (max-width: 640px) { .week { display: block; } .week li { min-height: 0; margin-bottom: 6px; }
          header, main { padding-left: 12px; padding-right: 12px; }
          header { flex-wrap: wrap; gap: 8px; } nav { margin-left: 0; flex-wrap: wrap; }
          .taken { font-size: 12px; } section { padding: 12px; } .broad { display: none; }
          .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden;
            clip-path: inset(50%); }
          .days .hour, .area .hour { font-size: 30px; }
          .cards tr { display: block; border-top: 1px solid var(--line); padding: 9px 0; }
          .cards td { display: block; border: 0; padding: 2px 0; } .cards .wide { width: auto; }
          .cards .number { text-align: left; } .strip { width: 100%; }
          .none { display: none !important; } }
        @media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
        """

    /// A bell.
    static let icon = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">\
        <rect width="32" height="32" rx="8" fill="#3451b2"/>\
        <path d="M16 6a1.6 1.6 0 0 1 1.6 1.7c3.3.8 5.2 3.6 5.2 7.2 0 4.2 1.2 5.4 2 6.3.5.6.1 1.5-.7 1.5H7.9\
        c-.8 0-1.2-.9-.7-1.5.8-.9 2-2.1 2-6.3 0-3.6 1.9-6.4 5.2-7.2A1.6 1.6 0 0 1 16 6z" fill="#fff"/>\
        <path d="M13.3 24.3h5.4a2.7 2.7 0 0 1-5.4 0z" fill="#b9c6ff"/></svg>
        """
}
