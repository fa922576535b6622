"""The account behind the login and its lists (constant-contact.md §3, §7, §8)."""

from __future__ import annotations

from ccdesk.clients.constant_contact import parse
from ccdesk.clients.constant_contact.session import PAGE_SIZE, MailSession
from ccdesk.clients.http.shape import Json, required_object, required_objects, required_text, text
from ccdesk.core.errors import (
    AnswerLost,
    CcdeskError,
    ItemRefused,
    SettingsError,
)
from ccdesk.core.models import ContactList
from ccdesk.core.ports.mail import Account
from ccdesk.core.words import marked

MOST_LISTS = 1_000  # an account (§8)


class AccountCalls(MailSession):
    """What `ports.Mailing` asks of the account and of its lists."""

    def account(self) -> Account:
        """Return the account behind the login (§7)."""
        answer = self._get("/account/summary")
        summary = required_object(answer)
        return Account(
            key=required_text(answer, summary, "encoded_account_id"),
            organization=text(summary, "organization_name"),
            user=parse.user_of(self._tokens.bearer()),
            contact_email=text(summary, "contact_email"),
        )

    def senders(self) -> list[str]:
        """Return the confirmed email addresses, checked here as well as asked for (§7)."""
        answer = self._get("/account/emails", {"confirm_status": "CONFIRMED"})
        rows = required_objects(answer, answer.json())
        confirmed = [text(row, "email_address") for row in rows if text(row, "confirm_status") == "CONFIRMED"]
        return [address for address in confirmed if address]

    def lists(self) -> list[ContactList]:
        """Return every list of the account, deleted ones left out (§8)."""
        return [parse.contact_list(raw) for raw in self._raw_lists("active") if not text(raw, "deleted_at")]

    def create_list(self, name: str) -> ContactList:
        """Create a list, or return the one that already has this name, compared without case (§8).

        Raises:
            SettingsError: a deleted list holds the name, the account has all the lists it may have, or the
                service does not take the name.

        """
        known = self.lists()
        for one in known:
            if one.name.casefold() == name.strip().casefold():
                return one
        call = self._post("/contact_lists", {"name": name.strip(), "favorite": False}, item=True)
        try:
            answer = self._send(call)
        except AnswerLost:
            made = self._list_named(name)
            if made is None:
                raise
            return made
        except ItemRefused as error:
            made = self._list_named(name) if error.code == "conflict" else None
            if made is None:
                raise _not_created(name, error, lists=len(known)) from None
            return made
        made = parse.contact_list(required_object(answer))
        return ContactList(id=made.id, name=made.name or name.strip(), member_count=made.member_count or 0)

    def _raw_lists(self, status: str) -> list[Json]:
        params = {"status": status, "limit": PAGE_SIZE, "include_membership_count": "all"}
        return [raw for page in self._pages("/contact_lists", params, "lists") for raw in page]

    def _list_named(self, name: str) -> ContactList | None:
        """Look among all lists, deleted ones too; SettingsError if only a deleted one has the name."""
        same = [
            raw for raw in self._raw_lists("all") if text(raw, "name").casefold() == name.strip().casefold()
        ]
        alive = [raw for raw in same if not text(raw, "deleted_at")]
        if same and not alive:
            raise SettingsError(
                marked("A deleted list in Constant Contact still holds the name “{name}”").format(name=name),
                meaning=marked("A list with this name cannot be created."),
                next_step=marked("Choose another name."),
            )
        return parse.contact_list(alive[0]) if alive else None


def _not_created(name: str, error: ItemRefused, *, lists: int) -> CcdeskError:
    """Return why a list was not created; another name helps only where the name is at fault (§8)."""
    meaning = error.meaning
    if lists >= MOST_LISTS:
        fault = marked("The account has {n:,} lists, and Constant Contact allows {most:,}.").format(
            n=lists, most=MOST_LISTS
        )
        meaning = marked("{said} {fault}").format(said=error.meaning, fault=fault) if error.meaning else fault
        advice = marked(
            "Choose one of the lists that are there, or delete one in Constant Contact that nobody uses."
        )
    elif error.code == "conflict":
        advice = marked("Choose another name.")
    else:
        advice = marked(
            "If that is about the name, choose another. If the account has all the lists it may have "
            "({most:,}), choose one that is there, or delete one that nobody uses."
        ).format(most=MOST_LISTS)
    return SettingsError(
        marked("Constant Contact did not create the list “{name}”").format(name=name),
        meaning=meaning,
        next_step=advice,
        detail=error.detail,
    )
