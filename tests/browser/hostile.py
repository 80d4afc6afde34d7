"""Text that would like to be a page: what a stranger may put on a queue, and a trace full of it.

Every payload calls, where a renderer takes it for markup, a list in the topmost window with its own number; which of
them did is then counted in the browser. They come in families: handlers of elements, ways out of the place where text
is put, URLs, and other languages that pages are made of.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, product
from pathlib import Path

from connectors.record import Record, Span
from tests.factories import dynamodb_change, log_event
from tests.workbench.findings.traces import at, message, put, trace_of
from workbench.trace import Trace

DONE = "(top.harmed=top.harmed||[]).push"
"""Neither quotes nor spaces nor angles, so that it stands everywhere."""
HANDLERS = (
    *("img src=x onerror", "svg onload", "iframe onload", "video src=x onerror"),
    *("audio src=x onerror", "input autofocus onfocus", "textarea autofocus onfocus"),
    *("select autofocus onfocus", "button onclick", "a href=# onclick", "details open ontoggle"),
    *("div onmouseover", "div tabindex=0 onfocus", "p onpointerover", "object data=x onerror"),
    *("embed src=x onerror", "link rel=stylesheet href=x onerror", "script src=x onerror"),
    *("style onload", "input type=image src=x onerror", "svg><image href=x onerror"),
    *("svg><animate dur=1s attributeName=x onbegin", "svg><set dur=1s attributeName=x onbegin"),
    *("picture><source srcset=x><img src=x onerror", "video><source src=x onerror"),
    *("body onload", "marquee onstart", "form onclick", "label onclick", "table onmouseover"),
)
"""An element's beginning, up to the name of a handler."""
WRITTEN = ('<{}="DONE(@)">text', "<{}=DONE(@)>text", "<{} ='DONE(@)' >text")
OPENINGS = (
    *("", '">', "'>", "-->", "</title>", "</style>", "</script>", "</textarea>"),
    *("</td></tr></table>", "]]>", "</code></pre>", "</svg>", "</noscript>", "</template>"),
    *("</select>", "</iframe>", "</math>"),
    *("\x00", "\u202e", "\u2028", "\x1b[31m", "\ufeff", "\\"),
)
"""What ends the place that the text was put in, or hides what follows."""
BREAKING_OUT = ("<script>DONE(@)</script>", '<img src=x onerror="DONE(@)">')
SCRIPTS = (
    "<SCRIPT>DONE(@)</SCRIPT>",
    "<script\n>DONE(@)</script\n>",
    "<script type=module>DONE(@)</script>",
    "<svg><script>DONE(@)</script></svg>",
    "<script>/*</script>*/DONE(@)</script>",
    "</script><script>DONE(@)</script><script>",
    '<iframe srcdoc="<script>DONE(@)</script>"></iframe>',
    '<math><mtext><img src=x onerror="DONE(@)"></mtext></math>',
    '<svg><style><img src=x onerror="DONE(@)"></style></svg>',
    '<noscript><p title="</noscript><img src=x onerror=DONE(@)>"></noscript>',
    '<template><p></template><img src=x onerror="DONE(@)">',
    '<table><img src=x onerror="DONE(@)"></table>',
    '<img/src=x/onerror="DONE(@)">',
    '<img\tsrc=x\tonerror="DONE(@)">',
    '<<img src=x onerror="DONE(@)">',
    '<img src=x onerror="DONE(@)"',
    "' autofocus tabindex=0 onfocus=DONE(@) x='",
    '" autofocus tabindex=0 onfocus=DONE(@) x="',
    '<button data-commandlinker-command="terminal:create-new">DONE(@)</button>',
)
URLS = (
    '<iframe src="javascript:DONE(@)"></iframe>',
    '<a href="javascript:DONE(@)">here</a>',
    '<form action="javascript:DONE(@)"><button>here</button></form>',
    '<button form=f formaction="javascript:DONE(@)">here</button><form id=f></form>',
    '<svg><a href="javascript:DONE(@)"><text y=9>here</text></a></svg>',
    '<object data="data:text/html,<script>DONE(@)</script>"></object>',
    '<meta http-equiv=refresh content="0;url=javascript:DONE(@)">',
    '<base href="javascript:DONE(@)//">',
    "<style>@import 'javascript:DONE(@)';*{background:url(javascript:DONE(@))}</style>",
    '<div style="background:url(javascript:DONE(@))">text</div>',
    "javascript:DONE(@)",
    "JaVaScRiPt:DONE(@)",
    "java\nscript:DONE(@)",
    "data:text/html,<script>DONE(@)</script>",
    "vbscript:DONE(@)",
)
OTHER_LANGUAGES = (
    "[here](javascript:DONE(@))",
    '![x](x"onerror="DONE(@))',
    "<javascript:DONE(@)>",
    "```html\n<script>DONE(@)</script>\n```",
    '# <img src=x onerror="DONE(@)">',
    '|a|\n|-|\n|<img src=x onerror="DONE(@)">|',
    '```mermaid\ngraph TD; A-->B; click A "javascript:DONE(@)"\n```',
    r"$\href{javascript:DONE(@)}{here}$",
    r"$$\unicode{<img src=x onerror=DONE(@)>}$$",
    r"\(\require{html}\style{background:url(javascript:DONE(@))}{x}\)",
    "\x1b]8;;javascript:DONE(@)\x07here\x1b]8;;\x07",
    '\x1b[31m<img src=x onerror="DONE(@)">\x1b[0m',
    "{{constructor.constructor('DONE(@)')()}}",
    "${DONE(@)}",
    "`${DONE(@)}`",
    "<%= DONE(@) %>",
    "#{DONE(@)}",
    "{% raw %}DONE(@){% endraw %}",
    "';DONE(@);//",
    '";DONE(@);//',
    "\\';DONE(@);//",
    "*/DONE(@)/*",
    "&lt;script&gt;DONE(@)&lt;/script&gt;",
    "&#60;img src=x onerror=&#34;DONE(@)&#34;&#62;",
    "%3Cscript%3EDONE(@)%3C/script%3E",
    "\\u003cscript\\u003eDONE(@)\\u003c/script\\u003e",
    "\uff1cscript\uff1eDONE(@)\uff1c/script\uff1e",
    '\u2066\u202e<img src=x onerror="DONE(@)">\u2069',
    '<img src=x \u200bonerror="DONE(@)">',
    "=cmd|' /C calc'!A0<img src=x onerror=DONE(@)>",
    "'; drop table records; --<img src=x onerror=DONE(@)>",
)
PAYLOADS = tuple(
    text.replace("DONE", DONE).replace("@", str(number))
    for number, text in enumerate(
        chain(
            (written.format(begin) for begin, written in product(HANDLERS, WRITTEN)),
            (opening + rest for opening, rest in product(OPENINGS, BREAKING_OUT)),
            SCRIPTS,
            URLS,
            OTHER_LANGUAGES,
        )
    )
)
"""About two hundred; the number in each is its place."""
POKE = """() => {
  for (const node of document.querySelectorAll('*'))
    for (const kind of ['click', 'mouseover', 'pointerover', 'focus', 'toggle', 'load', 'error'])
      try { node.dispatchEvent(new Event(kind, {bubbles: kind !== 'load' && kind !== 'error'})) } catch {}
  for (const node of document.querySelectorAll('a, button')) try { node.click() } catch {} }"""
"""What a reader's pointer and keyboard could set off, everywhere at once."""


def hostile_trace(folder: Path, payloads: tuple[str, ...] = PAYLOADS) -> Trace:
    """A trace in which whatever a stranger can choose is a payload, each of them at least once in each place.

    Bodies, field values, message ids, group ids, attributes, partition keys, items, log lines and error texts; the
    first dozen name queues, log streams and the cause of a hole, too. There is something to be found: messages come
    again, versions are missing. The business fields are `$.id` and `$.v`.
    """
    holes = [Span(at(2), at(4), payloads[0])]
    return trace_of(folder, list(_records(payloads)), holes=holes)


def _records(payloads: tuple[str, ...]) -> Iterator[Record]:
    for number, payload in enumerate(payloads):
        body = {"id": payload, "v": number % 3, payload: payload, "text": payload}
        attributes = {"system": {"SenderId": payload}, "user": {payload: payload}}
        for count in (1, 2):
            again = message(f"m-{number}-{payload}", body, number, count)
            yield replace(again, ordering_key=payload, attributes=json.dumps(attributes))
        for place, version in enumerate((1, 2, 4)):
            body = {"id": payload, "v": version, "note": payload}
            yield put(number * 3 + place + 1, payload, body, number * 3 + place)
        yield dynamodb_change(number, {"note": {"S": payload}}, key=payload, seconds=number)
        yield from _logged(number, payload)
        if number < 12:
            queue = f"arn:aws:sqs:us-east-1:111111111111:{payload}"
            for count in (1, 2):
                yield message(f"q-{number}", payload.encode(), number, count, queue=queue)
            yield log_event(9_000 + number, payload, seconds=number, log_stream=payload)


def _logged(number: int, payload: str) -> Iterator[Record]:
    """An invocation that failed with the payload."""
    request = f"00000000-0000-4000-8000-{number:012d}"
    lines = (
        f"START RequestId: {request} Version: $LATEST\n",
        f"[ERROR]\t2026-11-20T10:00:00.000Z\t{request}\t{payload}\n",
        f"[ERROR] {payload}: {payload}\nTraceback (most recent call last):\n",
        f"END RequestId: {request}\n",
        f"REPORT RequestId: {request}\tDuration: 5.00 ms\tBilled Duration: 5 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 40 MB\tStatus: error\tError Type: " + payload + "\n",
    )
    for place, line in enumerate(lines):
        yield log_event(number * 10 + place, line, seconds=number + place / 10)
