"""Following Constant Contact's pages to their end (constant-contact.md §6)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping

from ccdesk.clients.http.shape import Json, child, page_object, required_objects, text
from ccdesk.clients.http.transport import Answer, Request, within_host
from ccdesk.core.errors import Unreachable
from ccdesk.core.words import marked

log = logging.getLogger(__name__)

# Sends a request; statuses in the set come back instead of being raised.
Send = Callable[[Request, frozenset[int]], Answer]


def pages(send: Send, url: str, params: Mapping[str, str], key: str) -> Iterator[list[Json]]:
    """Yield the objects under `key`, page by page, following `_links.next.href` as it stands.

    A cursor that is refused (400) starts the scan again, once: pages already handed out then repeat.

    Raises:
        Unreachable: a link leads to another host or round in a circle. A scan cut short would make
            people look absent, so it must not end quietly.

    """
    for attempt in (1, 2):
        request = Request("GET", url, params=params)
        followed: set[str] = set()
        while True:
            is_cursor = bool(followed)
            answer = send(request, frozenset({400}) if is_cursor and attempt == 1 else frozenset())
            if answer.status == 400:
                log.info("%s: the cursor is refused, the scan starts again", request.label)
                break
            body = page_object(answer)
            yield required_objects(answer, body, key)
            target = _next(answer, body, url)
            if not target:
                return
            if target in followed:
                raise answer.unusable("its paging link leads round in a circle")
            followed.add(target)
            request = Request("GET", target)


def _next(answer: Answer, body: Json, url: str) -> str:
    """Return where the next page is, `""` on the last one."""
    href = text(child(child(body, "_links"), "next"), "href")
    return same_host(href, url, answer.detail) if href else ""


def same_host(href: str, url: str, detail: str = "") -> str:
    """Return a link of the service as a whole address.

    Raises:
        Unreachable: it leads to another host, where the login would go as well.

    """
    target = within_host(url, href)
    if not target:
        raise Unreachable(
            marked("A page link of the service leads to another host"),
            meaning=marked("It was not followed, because the login would have gone there."),
            next_step=marked("Check the Constant Contact API address in the settings."),
            detail=detail,
        )
    return target
