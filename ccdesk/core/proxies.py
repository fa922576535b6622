"""What a proxy between this computer and a service refuses, in words that name the proxy.

Which proxy is used stands in the environment (HTTPS_PROXY) or in the system's settings, never in ccdesk's.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit
from urllib.request import getproxies

from ccdesk.core.errors import ProxyRefused, ServiceError, Unreachable
from ccdesk.core.words import marked

_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")  # the words of Python's http.client
WHERE = marked("the variable HTTPS_PROXY or the system's settings")


def proxy_error(url: str, error: BaseException, *, service: str, detail: str) -> ServiceError:
    """Return what it means that no way through the proxy to `url` was found; `error` is a ProxyError."""
    reported = _TUNNEL.search(str(error))
    if reported is not None and reported[1] < "500":
        return refused_by_proxy(url, int(reported[1]), service=service, detail=detail)
    return Unreachable(
        marked("{service} cannot be reached through the proxy {proxy}").format(
            service=service, proxy=proxy_name(url)
        ),
        next_step=marked(
            "Check the network connection and the proxy's address in {where}, then try again."
        ).format(where=WHERE),
        detail=detail,
        code="proxy",
    )


def refused_by_proxy(url: str, status: int, *, service: str, detail: str) -> ProxyRefused:
    """Return the error for a proxy that answered with a 4xx itself; 407 asks for a name and a password."""
    name = proxy_name(url)
    if status == 407:
        return ProxyRefused(
            marked("The proxy {name} wants a valid user name and password").format(name=name),
            meaning=marked(
                "Nothing came through to {service}. ccdesk does not repeat this by itself, because "
                "proxies lock users out after a few wrong passwords."
            ).format(service=service),
            next_step=marked(
                "Put name and password into the proxy's address in {where}, as in "
                "http://NAME:PASSWORD@proxy.example:3128, and start ccdesk again."
            ).format(where=WHERE),
            detail=detail,
        )
    return ProxyRefused(
        marked("The proxy {name} does not let ccdesk through").format(name=name),
        meaning=marked("It refused the way to {place} ({status}). Nothing was sent.").format(
            place=urlsplit(url).hostname or service, status=status
        ),
        next_step=marked("Ask whoever runs the proxy to allow this address."),
        detail=detail,
    )


def proxy_name(url: str) -> str:
    """Return host and port of the proxy used for an address, without name and password; `""` if unknown."""
    proxies = getproxies()
    address = proxies.get(urlsplit(url).scheme) or proxies.get("all") or ""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        return f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        return ""
