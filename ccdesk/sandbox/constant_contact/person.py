"""A person at the sign-in pages, played over real HTTP: for tests, and for a demo without a display."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http.client import HTTPMessage
from http.cookiejar import CookieJar
from typing import IO, Literal
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

_TICKET = re.compile(r'name="ticket" value="([^"]+)"')
_PROBLEM = re.compile(r'role="alert"[^>]*>([^<]+)<')
_LONGEST_PAGE = 1 << 20  # bytes


class SignInFailed(Exception):
    """The pages did not lead back to the application; says what the page shows."""


class _StayHere(HTTPRedirectHandler):
    """Leaves redirects to whoever asked: the last one is the answer wanted."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        del req, fp, code, msg, headers, newurl


class Person:
    """Somebody with a browser of their own, which remembers who logged in."""

    def __init__(self, user: str = "owner", password: str = "sandbox") -> None:
        self._user, self._password = user, password
        self._browser = build_opener(HTTPCookieProcessor(CookieJar()), _StayHere())

    def decide(self, authorize_url: str, decision: Literal["allow", "deny"] = "allow") -> str:
        """Log in where asked to and decide; returns the address the browser is sent back to, unvisited."""
        page, _ = self._open(authorize_url)
        here = authorize_url.partition("?")[0]
        if 'name="password"' in page:
            login = {"ticket": _ticket(page), "username": self._user, "password": self._password}
            page, _ = self._open(urljoin(here, "login"), login)
        _, back = self._open(urljoin(here, "consent"), {"ticket": _ticket(page), "decision": decision})
        return back

    def _open(self, url: str, form: Mapping[str, str] | None = None) -> tuple[str, str]:
        """Return the page and, where it sends elsewhere, the address."""
        data = None if form is None else urlencode(form).encode()
        try:
            with self._browser.open(url, data, timeout=10) as answer:
                return answer.read(_LONGEST_PAGE).decode(), ""
        except HTTPError as answer:
            with answer:
                text = answer.read(_LONGEST_PAGE).decode()
                if answer.code in (302, 303):
                    return text, str(answer.headers["Location"])
                raise SignInFailed(_problem(text) or f"HTTP {answer.code}") from answer


def _ticket(page: str) -> str:
    found = _TICKET.search(page)
    if found is None:
        raise SignInFailed(_problem(page) or "The page has no form.")
    return found.group(1)


def _problem(page: str) -> str:
    found = _PROBLEM.search(page)
    return found.group(1).strip() if found else ""
