"""What `--help` and the man page say beside the options: examples, exit codes, environment variables.

Every command has its entry in `HELP`, by the words that call it; `tests/cli/test_help.py` holds that none is
without, and that every example is understood by the parser.
"""

from __future__ import annotations

from collections.abc import Mapping

from ccdesk.cli.help_facts import ENVIRONMENT, EXIT_CODES, PLAIN, Help
from ccdesk.core.errors import ExitCode
from ccdesk.core.settings import SECRET_VARIABLE

_DATA = ("CCDESK_BASE_DIR",)
_WINDOW = ("CCDESK_LANGUAGE", "QT_QPA_PLATFORM")
_STORED = (*_DATA, "CCDESK_VAULT", "CCDESK_<KEY>")
_CALLS = (
    *(*_STORED, SECRET_VARIABLE),
    *("SSL_CERT_FILE, SSL_CERT_DIR", "REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE", "HTTPS_PROXY, NO_PROXY"),
)
_ASKS = (*PLAIN, 3, 4, ExitCode.STOPPED)  # codes of what calls a service
_RUNS = (*PLAIN, 3, 4, 5, 6, ExitCode.STOPPED)  # codes of what is a run

_ORDERS = {
    "POST /_sandbox/fault": '{"kind": …} and which requests suffer it: service (cc, auth, kibo), method, '
    "path (a regular expression), times (1), skip (0). Kinds: status (with status, body, content_type, "
    "headers; nothing is done), drop_before and drop_after (the connection is cut before or after it was "
    "done), delay (with seconds), garbage (it is done, then body is answered)",
    "DELETE /_sandbox/fault": "forget the faults that wait",
    "POST /_sandbox/switches/cc": "or …/kibo: turn switches by name; {} shows all of them",
    "POST /_sandbox/kibo/ACT": "or …/cc/ACT: what people do, such as opt_out or unsubscribe; an unknown act "
    "is answered with all of them",
    "POST /_sandbox/clock": '{"advance_seconds": 3600}',
    "GET /_sandbox/received": "the calls so far; also calls (their number), outbox (mails), state",
}

HELP: Mapping[str, Help] = {
    "": Help(
        {
            "ccdesk": "open the window",
            "ccdesk demo": "try it on a pretend shop",
            "ccdesk status": "is all well? What needs a person?",
            "ccdesk why ann@example.com": "why a person is mailed or not",
        },
        tuple(EXIT_CODES),
        tuple(ENVIRONMENT),
    ),
    "demo": Help(
        {
            "ccdesk demo": "a pretend shop of 480 customers",
            "ccdesk demo --customers 5000 --seed 2": "another, larger one",
            "ccdesk demo --tour pictures": "play the whole walk and save a picture of each step",
        },
        environment=(*_DATA, *_WINDOW),
        means={1: "a step of the tour did not hold, or a fault of ccdesk itself"},
    ),
    "sandbox": Help(
        {"ccdesk sandbox --port 9001 --customers 480": "both pretend services, until Ctrl+C"},
        (*PLAIN, ExitCode.STOPPED),
        _DATA,
        orders=_ORDERS,
    ),
    "login": Help(
        {
            "ccdesk login": "opens the browser and waits for it",
            "ccdesk login --no-browser --timeout 600": "prints the address to open elsewhere",
        },
        _ASKS,
        (*_CALLS, "BROWSER"),
    ),
    "logout": Help({"ccdesk logout": "forget the login, and have it withdrawn"}, PLAIN, _CALLS),
    "settings": Help(
        {
            "ccdesk settings show --json": "every setting, for a script",
            "ccdesk settings set enabled=true": "let the loops work",
        },
        _ASKS,
        _CALLS,
    ),
    "settings show": Help({"ccdesk settings show": "every setting but the secret itself"}),
    "settings set": Help(
        {
            "ccdesk settings set contact_list=Newsletter welcome_email=false": "two at once",
            "ccdesk settings set kibo_tenant_id=12345 --kibo-secret": "asks for the secret at a prompt",
        },
        _RUNS,
        _CALLS,
        {6: "it would forget people: to go on, give it again with --confirm"},
    ),
    "settings remove-kibo-secret": Help(
        {"ccdesk settings remove-kibo-secret": "remove the secret kept here"}
    ),
    "setup": Help(
        {"ccdesk setup export ours.json": "no secret, no login and nobody's email in it"}, _RUNS, _CALLS
    ),
    "setup export": Help({"ccdesk setup export ours.json": "for another computer, or by a partner for you"}),
    "setup import": Help(
        {"ccdesk setup import ours.json": "each item is checked first"},
        _RUNS,
        _CALLS,
        {6: "it names other servers, or would forget people: to go on, give it again with --confirm"},
    ),
    "autostart": Help(
        {"ccdesk autostart on": "from the next login on", "ccdesk autostart status --json": "for a script"},
        environment=(*_DATA, "CCDESK_VAULT"),
        means={2: "the system refuses, or wrong use"},
    ),
    "service": Help(
        {
            "ccdesk service install": "started now and at every login",
            "ccdesk service remove": "stop and forget it",
        },
        environment=(*_DATA, "CCDESK_VAULT"),
        means={2: "the system refuses, or wrong use"},
    ),
    "draft": Help({"ccdesk draft": "a draft with the chosen sender, for the active list"}, _ASKS, _CALLS),
    "sync": Help(
        {
            "ccdesk sync export --dry-run": "what the export would do; nothing is written",
            "ccdesk sync events --json": "the changes of the shop, now, for a script",
            "ccdesk sync inbound": "the unsubscribes of Constant Contact, now",
        },
        _RUNS,
        _CALLS,
    ),
    "undo": Help(
        {"ccdesk undo 812 --dry-run": "what it would take back", "ccdesk undo 812": "take it back"},
        _RUNS,
        _CALLS,
    ),
    "run": Help(
        {
            "ccdesk run": "the loops without a window, until stopped",
            "ccdesk run --json": "one line of JSON for each thing that happens",
        },
        (*PLAIN, ExitCode.STOPPED),
        _CALLS,
        {
            0: "stopped in order, by Ctrl+C, by the system, or with its terminal",
            ExitCode.STOPPED: "stopped at once, by a second Ctrl+C",
        },
    ),
    "status": Help(
        {
            "ccdesk status": "asks both services, and names what needs a person",
            "ccdesk status --offline --json": "what is known here, for a script",
        },
        (*PLAIN, 3, 4),
        _CALLS,
        {4: "work is stuck, or a service is unreachable or refused: the check of your monitoring"},
    ),
    "runs": Help({"ccdesk runs --limit 5": "the newest five", "ccdesk runs 812": "one with its people"}),
    "drift": Help(
        {
            "ccdesk drift": "everybody about whom the two sides differ",
            "ccdesk drift --repair unsubscribed --person ann@example.com": "put one person right",
            "ccdesk drift --leave put_back": "leave these people as they are",
        },
        _RUNS,
        _CALLS,
    ),
    "ledger": Help(
        {
            "ccdesk ledger ann@example.com": "what was stated about her, and done",
            "ccdesk ledger --since 2026-03-01 --csv march.csv": "everybody's, for a spreadsheet",
        }
    ),
    "forget": Help(
        {
            "ccdesk forget ann@example.com": "asks first",
            "ccdesk forget 1042 --yes": "by Kibo customer id, without asking",
        },
        (*PLAIN, 5, 6),
        means={6: "nobody was there to be asked: give it again with --yes"},
    ),
    "why": Help(
        {
            "ccdesk why ann@example.com": "what ccdesk remembers, at once",
            "ccdesk why ann@example.com --live": "both sides as they are now",
            "ccdesk why 1042 --json": "by Kibo customer id, for a script",
        },
        _ASKS,
        _CALLS,
    ),
    "held": Help(
        {
            "ccdesk held": "whose opt-outs are held, and why",
            "ccdesk held do --kind flag": "carry these out with the next run",
        },
        (*PLAIN, 6),
        means={6: "somebody waits for an answer"},
    ),
    "newcomers": Help(
        {
            "ccdesk newcomers": "who waits for an answer",
            "ccdesk newcomers add 1042": "put this one on the list",
        }
    ),
    "events": Help(
        {
            "ccdesk events": "looks at Kibo first",
            "ccdesk events --offline --all": "what is kept, processed ones too",
        },
        environment=_CALLS,
    ),
    "bundle": Help(
        {
            "ccdesk bundle case42.zip": "nobody can be recognised in it",
            "ccdesk bundle ann.zip --person ann@example.com --days 90": "about one person, further back",
        },
        (*PLAIN, 6),
        means={6: "emails as they are need a “yes”: give it again with --yes"},
    ),
    "open": Help({"ccdesk open case42.zip": "look at a merchant's bundle"}, environment=(*_DATA, *_WINDOW)),
    "replay": Help(
        {
            "ccdesk replay case42.zip": "all its recorded runs",
            "ccdesk replay case42.zip --run 812 --json": "one",
        },
        (*PLAIN, 7),
        _DATA,
    ),
    "licences": Help(
        {
            "ccdesk licences": "everything that is part of ccdesk",
            "ccdesk licences shiboken6": "one, with its text",
        },
        environment=(),
    ),
    "completion": Help(
        {
            "ccdesk completion bash > ~/.local/share/bash-completion/completions/ccdesk": "for bash",
            "ccdesk completion zsh > ~/.zfunc/_ccdesk": "for zsh, in a folder of its fpath",
        },
        environment=(),
    ),
}
