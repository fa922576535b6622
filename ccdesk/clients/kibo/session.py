"""Signing in to Kibo as the application, and finding the tenant's own host (kibo.md §1–§3)."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from ccdesk.clients.http.caller import Call, Caller
from ccdesk.clients.http.shape import Json, children, encode, required_object, required_text, text, whole
from ccdesk.clients.http.transport import Answer, Request
from ccdesk.clients.kibo.errors import SAYS_AND_MEANS, error_text
from ccdesk.core.clock import Clock
from ccdesk.core.errors import (
    AnswerLost,
    NotFound,
    Refused,
    Remedy,
    SettingsError,
    Unreachable,
    redact,
    sentence,
)
from ccdesk.core.ports.shop import Tenant
from ccdesk.core.redaction import hide
from ccdesk.core.settings import is_loopback
from ccdesk.core.words import marked

_RENEW_EARLY_SECONDS = 180.0
_USUAL_LIFETIME_SECONDS = 3600
_LONGEST_LIFETIME_SECONDS = 86_400  # whatever is told
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*(:\d{{1,5}})?")
_NUMERIC = re.compile(r"(.*\.)?[0-9][^.:]*(:\d+)?")  # 10.0.0.1, but also 2147483648 and 0x7f.1


class AppSignIn:
    """The application's bearer (a `TokenSource`): signs in again 180 s early, or when told it is stale."""

    def __init__(
        self, caller: Caller, home_url: str, app_key: str, secret: Callable[[], str], *, clock: Clock
    ) -> None:
        self._caller, self._home, self._app_key, self._secret = caller, home_url, app_key, secret
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0

    def bearer(self) -> str:
        """Return a token believed valid, signing in if need be; Refused if Kibo says no."""
        with self._lock:
            if not self._token or self._clock.monotonic() >= self._good_until:
                self._sign_in()
            return self._token

    def renew(self, stale: str) -> str:
        """Return a token other than `stale`."""
        with self._lock:
            if self._token == stale:
                self._sign_in()
            return self._token

    def _sign_in(self) -> None:
        self._token = ""
        try:
            answer = self._caller.call(self._call())
        except AnswerLost as error:  # a POST, but one that changes nothing
            raise Unreachable(
                marked("Kibo's sign-in does not answer"), next_step=error.next_step, detail=error.detail
            ) from None
        if answer.status >= 300 or error_text(answer)[0]:
            raise _not_signed_in(answer)
        body, token = _ticket(answer)
        hide(token)
        lifetime = min(whole(body, "expires_in") or _USUAL_LIFETIME_SECONDS, _LONGEST_LIFETIME_SECONDS)
        self._good_until = self._clock.monotonic() + max(lifetime - _RENEW_EARLY_SECONDS, lifetime / 2)
        self._token = token

    def _call(self) -> Call:
        secret = self._secret()
        if not self._app_key or not secret:
            raise SettingsError(
                marked("The Kibo application key or its shared secret is missing"),
                remedy=Remedy.KIBO_SECRET,
            )
        body = {"client_id": self._app_key, "client_secret": secret, "grant_type": "client_credentials"}
        request = Request(
            "POST", f"{self._home}/api/platform/applications/authtickets/oauth", body=encode(body)
        )
        return Call(request, idempotent=True, accept=frozenset({400, 401, 403}))


def _ticket(answer: Answer) -> tuple[Json, str]:
    """Return a sign-in's reply and its token; anything else is no answer of Kibo's sign-in."""
    try:
        body = required_object(answer)
        return body, required_text(answer, body, "access_token")
    except Unreachable as error:
        raise Unreachable(
            marked("Something else than Kibo answers at Kibo's sign-in"),
            meaning=marked(
                "What came back is not what Kibo's sign-in gives; it may be a page of a proxy or portal."
            ),
            next_step=marked(
                "Check the Kibo home address, and that nothing on the way wants a login of its own."
            ),
            detail=error.detail,
        ) from None


def _not_signed_in(answer: Answer) -> Refused:
    """Say what may be wrong: Kibo does not tell key, secret and home apart (§2, §16 on §1)."""
    code, message = error_text(answer)
    meaning = marked(
        "One of three is wrong: the application key, the shared secret, or the home address, because each of "
        "Kibo's homes knows its own applications only."
    )
    if message:
        meaning = SAYS_AND_MEANS.format(words=sentence(redact(message)), meaning=meaning)
    return Refused(
        marked("Kibo refused the application key or the shared secret"),
        meaning=meaning,
        next_step=marked("The key changes with the application's version."),
        remedy=Remedy.CHECK_KEYS,
        detail=f"{answer.detail}: {redact(code)}",
        code="sign_in",
    )


class TenantPod:
    """Where the tenant's own calls go: asked of the home pod and never built by ourselves (§1)."""

    def __init__(
        self,
        caller: Caller,
        sign_in: AppSignIn,
        *,
        home_url: str,
        tenant_id: str,
        tenant_url: str,
        check_host: Callable[[str], None] | None = None,
    ) -> None:
        self._caller, self._sign_in = caller, sign_in
        self._check_host, self._checked = check_host, ""
        self.home_url, self.tenant_id = home_url, tenant_id
        self._override = tenant_url
        self._host = tenant_url

    def call(self, call: Call) -> Answer:
        """Send a call as the application; a host that gives no answer is asked for again next time."""
        try:
            return self._caller.call(call, self._sign_in)
        except Unreachable:
            self._host = self._override  # the tenant may have moved, or the answer naming the host was wrong
            raise

    def home(self, path: str, params: Mapping[str, str] | None = None) -> Request:
        """Return a GET to the home pod."""
        return Request("GET", self.home_url + path, params=params or {}, headers=self._headers())

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
        site: int | None = None,
    ) -> Request:
        """Return a request to the tenant's pod; `site` only for what is set per site (§3)."""
        headers = {**self._headers(), **({"x-vol-site": str(site)} if site is not None else {})}
        return Request(method, self._pod() + path, params=params or {}, headers=headers, body=body)

    def tenant(self) -> Tenant:
        """Ask the home pod for the tenant.

        With an address set by hand it does not matter that the application may not read the tenant there.
        That it could not sign in, or that the home does not know the tenant, matters all the same.
        """
        try:
            found = self._look_up()
        except Refused as error:
            if not self._override or error.code != "forbidden":
                raise
            return Tenant(id=self.tenant_id, name="", host=self._override)
        self._host = found.host
        return found

    def _headers(self) -> dict[str, str]:
        if not self.tenant_id:
            raise SettingsError(
                marked("The Kibo tenant id is missing"),
                remedy=Remedy.CONNECT_KIBO,
            )
        return {"x-vol-tenant": self.tenant_id}

    def _pod(self) -> str:
        host = self._host or self.tenant().host
        if self._check_host is not None and host != self._checked:
            self._check_host(host)
            self._checked = host
        return host

    def _look_up(self) -> Tenant:
        try:
            answer = self.call(Call(self.home(f"/api/platform/tenants/{self.tenant_id}"), item=True))
        except NotFound as error:  # never the answer to a question about a customer
            raise Refused(
                marked("Kibo does not know tenant {tenant_id}").format(tenant_id=self.tenant_id),
                meaning=marked("The tenant id is wrong, or the tenant belongs to another of Kibo's homes."),
                next_step=marked("Check the tenant id and the Kibo home address."),
                detail=error.detail,
                code="unknown_tenant",
            ) from None
        body = required_object(answer)
        sites = [number for site in children(body, "sites") if (number := whole(site, "id")) is not None]
        host = self._override or self._host_of(answer, body)
        return Tenant(id=self.tenant_id, name=text(body, "name"), host=host, site_ids=tuple(sites))

    def _host_of(self, answer: Answer, body: Json) -> str:
        domain = required_text(answer, body, "domain")
        home = urlsplit(self.home_url)
        local = is_loopback(home.hostname or "")
        here = local and _HOST.fullmatch(domain) and is_loopback(urlsplit(f"//{domain}").hostname or "")
        if not here and not _is_public_name(domain):
            raise Unreachable(
                marked("Kibo did not tell the tenant's host"),
                remedy=Remedy.TENANT_ADDRESS,
                detail=f"{answer.detail}: “domain” is {redact(domain, limit=80)!r}",
            )
        return f"{'http' if here and home.scheme == 'http' else 'https'}://{domain}"


def _is_public_name(domain: str) -> bool:
    """Say whether it is a host's full name; a bearer is sent to no computer named by a number or nearby."""
    return "." in domain and _HOST.fullmatch(domain) is not None and not _NUMERIC.fullmatch(domain)
