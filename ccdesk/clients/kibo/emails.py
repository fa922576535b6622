"""Looking for the accounts of one email, whatever Kibo makes of such a filter (kibo.md §5, §15.9, §16)."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from ccdesk.clients.http.shape import text
from ccdesk.clients.kibo.changes import Memo, customers
from ccdesk.clients.kibo.lists import Collections
from ccdesk.core.emails import email_key, spellings
from ccdesk.core.models import Customer

log = logging.getLogger(__name__)

_PLAIN, _QUOTED = "plain", "quoted"
_FORMS = {_PLAIN: "emailAddress eq {}", _QUOTED: "emailAddress eq '{}'"}
UNQUOTABLE = frozenset("'\"\\, \t()")  # how such a value is quoted is not known (§15.9)


class EmailLookup:
    """Asks by filter in the form that works here, which is found out once and remembered.

    An answer without rows is believed only after the filter has found somebody who is known to be there.
    """

    def __init__(self, lists: Collections, *, memo: Memo, memo_name: str) -> None:
        self._lists, self._memo, self._memo_name = lists, memo, memo_name
        self._proven = ""

    def find(self, email: str) -> list[Customer]:
        """Return every account with that email, compared as design R1 says, by ascending id.

        Where the filter cannot be trusted with this email, or is not honoured, everybody is read.
        """
        key = email_key(email)
        if not key:
            return []
        found = None if UNQUOTABLE.intersection(key) else self._by_filter(email, key)
        if found is None:
            log.info("Kibo cannot be asked for this e-mail by a filter; everybody is read")
            found = [one for page in self._lists.by_id() for one in customers(page) if one.email_key == key]
        return sorted({one.id: one for one in found}.values(), key=lambda one: one.id)

    def _by_filter(self, email: str, key: str) -> list[Customer] | None:
        """Ask in the form that works first; None if Kibo does not honour it, or cannot be believed."""
        refused = 0
        for form in self._forms():
            found = self._ask(form, spellings(email))
            if found is None:
                refused += 1
                continue
            if any(one.email_key != key for one in found):
                return None  # everybody came: the filter is ignored
            if found:
                self._prove(form)
                return found
            if form == self._proven == _QUOTED:
                return []
        return [] if refused < len(_FORMS) and self._believed() else None

    def _forms(self) -> list[str]:
        first = self._proven or self._memo.get(self._memo_name)
        return sorted(_FORMS, key=lambda form: form != first)

    def _ask(self, form: str, emails: Iterable[str]) -> list[Customer] | None:
        """Return what a form of the filter gives, all pages; None if it is refused."""
        found: dict[int, Customer] = {}
        for spelling in emails:
            start, more = 0, True
            while more:
                page = self._lists.accounts([_FORMS[form].format(spelling)], "id asc", start=start)
                if page is None:
                    return None
                read = customers(page.items)
                more = not page.last and any(one.id not in found for one in read)
                found.update((one.id, one) for one in read)
                start += len(page.items)
        return list(found.values())

    def _believed(self) -> bool:
        """Say whether nobody may be concluded from no rows: the filter finds an account that is there."""
        if self._proven:
            return True
        some = self._lists.some()
        known = next((one for raw in some if _can_be_asked_for(one := text(raw, "emailAddress"))), "")
        for form in self._forms() if known else ():
            if any(one.email_key == email_key(known) for one in self._ask(form, [known]) or ()):
                self._prove(form)
                return True
        return not some

    def _prove(self, form: str) -> None:
        if self._proven != form:
            self._proven = form
            self._memo.set(self._memo_name, form)


def _can_be_asked_for(email: str) -> bool:
    return email.isascii() and "@" in email and not UNQUOTABLE.intersection(email)
