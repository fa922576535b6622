"""Which automations a contact starts by joining a list, as far as can be read (constant-contact.md §17).

The call and its trigger `list_join` are known, the shape of its answer is not. So whatever has a name and
speaks of that trigger is named, and what cannot be read is told as unknown, never as none. Best effort: not
every role may read automations, and nothing is decided by them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from ccdesk.clients.constant_contact.session import MailSession
from ccdesk.clients.http.caller import Call
from ccdesk.core.errors import ItemError, ProxyRefused, RateLimited, ServiceError

log = logging.getLogger(__name__)

_JOINING = "list_join"
_NOT_FOR_US = frozenset({400, 403, 404})
_NAMES = ("name", "workflow_name", "title")
_DEEP = 12  # an answer nested deeper is none


class AutomationCalls(MailSession):
    """Implements `ports.reports.Automations`."""

    def automations_joining(self, list_id: str) -> tuple[str, ...]:
        """Return the names of automations that joining the list starts; empty where none can be read."""
        request = self._request("GET", "/automations/workflows")
        try:
            answer = self._send(Call(request, accept=_NOT_FOR_US))
            raw = answer.json() if answer.status not in _NOT_FOR_US else None
        except (RateLimited, ProxyRefused):
            raise
        except (ServiceError, ItemError) as error:
            log.info("The automations cannot be read: %s", error.title)
            return ()
        return tuple(dict.fromkeys(_named(raw, list_id)))


def _named(raw: object, list_id: str, depth: int = 0) -> Iterator[str]:
    """Yield the names of what joining this list starts: the outermost thing with a name that speaks of it."""
    if depth > _DEEP:
        return
    if isinstance(raw, dict):
        name = next((raw[key] for key in _NAMES if isinstance(raw.get(key), str) and raw[key].strip()), "")
        if name:
            if _speaks_of(raw, _JOINING) and (not _names_lists(raw) or _speaks_of(raw, list_id)):
                yield str(name).strip()
            return
    for inner in raw.values() if isinstance(raw, dict) else raw if isinstance(raw, list) else ():
        yield from _named(inner, list_id, depth + 1)


def _speaks_of(raw: object, word: str, depth: int = 0) -> bool:
    if isinstance(raw, str):
        return raw.casefold() == word.casefold()
    if depth > _DEEP or not isinstance(raw, dict | list):
        return False
    return any(_speaks_of(one, word, depth + 1) for one in (raw.values() if isinstance(raw, dict) else raw))


def _names_lists(raw: object, depth: int = 0) -> bool:
    """Say whether it tells which lists it is about; one that does not may be about any."""
    if depth > _DEEP or not isinstance(raw, dict | list):
        return False
    if isinstance(raw, list):
        return any(_names_lists(one, depth + 1) for one in raw)
    ids = (value for key, value in raw.items() if "list" in key.casefold() and "id" in key.casefold())
    return any(bool(one) for one in ids) or any(_names_lists(one, depth + 1) for one in raw.values())
