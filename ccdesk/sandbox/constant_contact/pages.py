"""The HTML of the sign-in and of a draft: self-contained, for light and dark, keyboard and screen reader."""

from __future__ import annotations

from collections.abc import Sequence

from flask import render_template_string

_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }} – Constant Contact (sandbox)</title>
<style>
:root { color-scheme: light dark; --page: #f3f5f8; --card: #fff; --ink: #16202e; --soft: #566273;
  --line: #ccd4de; --field: #7d8999; --act: #1856ed; --act-ink: #fff; --bad: #b3261e; --bad-bg: #fdecea; }
@media (prefers-color-scheme: dark) { :root { --page: #10151c; --card: #1a212b; --ink: #e8edf4;
  --soft: #a3afbf; --line: #3a4656; --field: #77869a; --act: #7ea6ff; --act-ink: #0b1626;
  --bad: #ffb4ab; --bad-bg: #45191a; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", sans-serif; }
main { width: 100%; max-width: 25rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 14px; box-shadow: 0 8px 30px rgb(0 0 0 / .08); }
.mark { margin: 0 0 1.25rem; font-weight: 600; color: var(--soft); font-size: .9rem; }
h1 { margin: 0 0 .5rem; font-size: 1.4rem; line-height: 1.25; }
p { margin: 0 0 1rem; }
.soft { color: var(--soft); font-size: .93rem; }
label { display: block; margin: 1rem 0 .3rem; font-weight: 600; font-size: .93rem; }
input { width: 100%; padding: .6rem .7rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--field); border-radius: 8px; }
ul { margin: 0 0 1.25rem; padding: .75rem 1rem .75rem 2rem;
  border: 1px solid var(--line); border-radius: 8px; }
.row { display: flex; gap: .75rem; margin-top: 1.5rem; }
button { flex: 1; padding: .65rem 1rem; font: inherit; font-weight: 600; border-radius: 8px; cursor: pointer;
  border: 1px solid var(--field); background: transparent; color: inherit; }
button.main { background: var(--act); border-color: var(--act); color: var(--act-ink); }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
.bad { padding: .6rem .8rem; border-radius: 8px; color: var(--bad); background: var(--bad-bg); }
</style>
</head>
<body>
<main>
<p class="mark">Constant Contact · sandbox</p>
{{ content }}
</main>
</body>
</html>
"""


def _page(content: str) -> str:
    """Put the template of a page's content into the frame."""
    return _FRAME.replace("{{ content }}", content)


_LOGIN = _page("""<h1>Log in</h1>
<p class="soft">to continue to {{ application }}</p>
{% if problem %}<p class="bad" role="alert" id="problem">{{ problem }}</p>{% endif %}
<form method="post" action="login">
<input type="hidden" name="ticket" value="{{ ticket }}">
<label for="username">User name</label>
<input id="username" name="username" value="{{ username }}" autocomplete="username" required autofocus
 {% if problem %}aria-describedby="problem"{% endif %}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<div class="row"><button class="main" type="submit">Log in</button></div>
</form>
<p class="soft" style="margin-top: 1.25rem">Sandbox: user <b>owner</b>, password <b>sandbox</b>.</p>""")

_CONSENT = _page("""<h1>Allow access?</h1>
<p><b>{{ application }}</b> asks for access to the account of <b>{{ organization }}</b>.
It would be able to:</p>
<ul>{% for text in scopes %}<li>{{ text }}</li>{% endfor %}</ul>
<p class="soft">You are logged in as {{ user }}.</p>
<form method="post" action="consent">
<input type="hidden" name="ticket" value="{{ ticket }}">
<div class="row">
<button name="decision" value="deny" type="submit">Deny</button>
<button class="main" name="decision" value="allow" type="submit">Allow</button>
</div>
</form>""")

_ERROR = _page("""<h1>This request cannot be continued</h1>
<p class="bad" role="alert">{{ problem }}</p>
<p class="soft">Close this page and start again from the application. If it happens again, check the
application's API key and redirect addresses in the developer portal.</p>""")

_DRAFT = _page("""<h1>{{ name }}</h1>
<p class="soft">Draft. Nobody gets it before somebody schedules it here.</p>
<ul>{% for what, value in lines %}<li>{{ what }}: <b>{{ value }}</b></li>{% endfor %}</ul>
<p class="soft">In the sandbox a draft can be looked at only.</p>""")


def draft_page(name: str, lines: Sequence[tuple[str, str]]) -> str:
    """Return the page that shows a campaign draft."""
    return render_template_string(_DRAFT, title=name, name=name, lines=lines)


def login_page(ticket: str, application: str, username: str = "", problem: str = "") -> str:
    """Return the page asking for user name and password."""
    return render_template_string(
        _LOGIN, title="Log in", ticket=ticket, application=application, username=username, problem=problem
    )


def consent_page(ticket: str, application: str, user: str, organization: str, scopes: Sequence[str]) -> str:
    """Return the page asking whether the application may have access."""
    return render_template_string(
        _CONSENT,
        title="Allow access?",
        ticket=ticket,
        application=application,
        user=user,
        organization=organization,
        scopes=scopes,
    )


def error_page(problem: str) -> str:
    """Return the page for requests that can never go back to the application."""
    return render_template_string(_ERROR, title="Error", problem=problem)
