"""Constant Contact V3 as the engine sees it: `ports.Mailing` (constant-contact.md).

No call here sends or schedules a campaign or deletes a contact, and none changes an unsubscribed contact
(§21.4).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from tempfile import TemporaryFile

from ccdesk.clients.constant_contact import body as cc_body
from ccdesk.clients.constant_contact import parse
from ccdesk.clients.constant_contact.account import AccountCalls
from ccdesk.clients.constant_contact.automations import AutomationCalls
from ccdesk.clients.constant_contact.campaigns import CampaignCalls
from ccdesk.clients.constant_contact.members import NoEmails, members
from ccdesk.clients.constant_contact.pages import same_host
from ccdesk.clients.constant_contact.reports import ReportCalls
from ccdesk.clients.constant_contact.session import PAGE_SIZE
from ccdesk.clients.http.caller import Call
from ccdesk.clients.http.policy import wait
from ccdesk.clients.http.shape import Json, encode, encode_row, required_object, required_text, text
from ccdesk.clients.http.transport import Answer, Request
from ccdesk.core.clock import format_time
from ccdesk.core.emails import spellings
from ccdesk.core.errors import ItemError, ItemRefused, NotFound, Refused, Unreachable, Unreadable
from ccdesk.core.limits import LIST_JOB_MAX_IDS
from ccdesk.core.models import Contact, ContactFields, Permission, Standing, email_key
from ccdesk.core.ports.mail import Activity
from ccdesk.core.words import marked

_SIGN_UP_TRIES = 4  # 409: two calls for one contact at once (§12)
_ALL_PARTS = "list_memberships,street_addresses"
_FEW_SPOILED = 10  # contacts of a page read again one by one
_UNUSABLE = marked("The service gave an answer that cannot be used")

log = logging.getLogger(__name__)


class ConstantContact(AccountCalls, CampaignCalls, ReportCalls, AutomationCalls):
    """Calls Constant Contact on behalf of who logged in; each answer comes back as core models."""

    def contacts(
        self,
        *,
        list_id: str = "",
        updated_after: datetime | None = None,
        opted_out_after: datetime | None = None,
        with_fields: bool = False,
    ) -> Iterator[list[Contact]]:
        """Yield pages of contacts of every status, with memberships (§10); see `ports.Mailing`."""
        params = {
            "status": "all",
            "limit": PAGE_SIZE,
            "include": _ALL_PARTS if with_fields else "list_memberships",
        }
        if list_id:
            params["lists"] = list_id
        if updated_after is not None:
            params["updated_after"] = format_time(updated_after)
        if opted_out_after is not None:
            params["optout_after"] = format_time(opted_out_after)
        for page in self._pages("/contacts", params, "contacts"):
            if found := [one for one in self._whole(page) if one is not None]:
                yield found

    def find(self, email: str) -> Contact | None:
        """Return the contact with that email whatever its status; a deleted one only if no other is.

        Raises:
            Unreadable: an answer names a contact without its id or email: it may be this person's.

        """
        for spelling in spellings(email):
            params = {"email": spelling, "status": "all", "include": _ALL_PARTS, "limit": PAGE_SIZE}
            found: list[Contact] = []
            for page in self._pages("/contacts", params, "contacts"):
                read = [one for one in self._whole(page) if one is not None]
                if not all(one.id and one.email for one in read):
                    raise Unreadable(detail="a contact without its id or email")
                found += [one for one in read if one.email_key == email_key(email)]
            if found:
                return min(found, key=lambda one: bool(one.deleted_at))
        return None

    def get(self, contact_id: str) -> Contact | None:
        """Return one contact with memberships and addresses, None if unknown (or without an email)."""
        raw = self._raw_contact(contact_id)
        return None if raw is None else parse.contact(raw)

    def _whole(self, page: Sequence[Json]) -> list[Contact | None]:
        """Read contacts asked for with their memberships, and those that are spoiled once more, alone.

        One that stays spoiled is neither in nor out, and may lack its id or its email.

        Raises:
            Unreachable: many are spoiled, so it is the service's answer that cannot be used.

        """
        read = [parse.contact(raw) for raw in page]
        spoiled = [n for n, raw in enumerate(page) if parse.is_spoiled(raw, read[n])]
        if len(spoiled) > _FEW_SPOILED:
            raise Unreachable(_UNUSABLE, detail=f"{len(spoiled)} of {len(page)} contacts cannot be read")
        for n in spoiled:
            read[n] = self._second_look(page[n], read[n])
        return read

    def _second_look(self, raw: Json, first: Contact | None) -> Contact | None:
        """Read a spoiled contact alone; if that does not help it is neither in nor out."""
        contact_id = text(raw, "contact_id")
        log.info("contact %s cannot be read in its page", contact_id or "without an id")
        try:
            if contact_id:
                return self.get(contact_id)
        except (ItemError, Unreachable, Refused) as error:
            log.info("contact %s cannot be read alone either: %s", contact_id, error.title)
        first = first or Contact(contact_id, "", Permission.UNKNOWN)
        return replace(first, permission=Permission.UNKNOWN, deleted_at="")

    def _raw_contact(self, contact_id: str) -> Json | None:
        try:
            answer = self._send(
                Call(self._request("GET", f"/contacts/{contact_id}", {"include": _ALL_PARTS}), item=True)
            )
        except NotFound:
            return None
        raw = required_object(answer)
        if text(raw, "contact_id") != contact_id:
            raise Unreadable(detail=f"contact {contact_id}: another one came back")
        if parse.is_spoiled(raw, parse.contact(raw)):
            raise Unreadable(detail=f"contact {contact_id}")
        return raw

    # ------------------------------------------------------------ contacts, one at a time

    def create(self, fields: ContactFields, list_id: str, *, by_person: bool) -> Contact:
        """Create a contact on the list (§11).

        Raises:
            ItemRefused: with code "conflict" if the address exists, deleted contacts included.
            AnswerLost: look the address up before trying again; this call is never repeated by itself.

        """
        answer = self._send(
            self._post("/contacts", cc_body.new_contact(fields, list_id, by_person=by_person), item=True)
        )
        return _contact_of(answer)

    def sign_up(self, fields: ContactFields, list_id: str, *, with_fields: bool) -> str:
        """Put a person on the list by the sign-up call and return the contact id (§12).

        It overrides an opt-out: the caller has looked at the person first.
        """
        body = cc_body.sign_up(fields, list_id, with_fields=with_fields)
        call = self._post("/contacts/sign_up_form", body, item=True)
        for failures in range(1, _SIGN_UP_TRIES):
            try:
                answer = self._send(call)
                return required_text(answer, required_object(answer), "contact_id")
            except ItemRefused as error:
                if error.code != "conflict":
                    raise
                wait(self._clock, self.cancel, self._caller.retry.pause(failures))
        answer = self._send(call)
        return required_text(answer, required_object(answer), "contact_id")

    def revive(self, contact: Contact, fields: ContactFields, list_id: str, *, bare: bool = False) -> Contact:
        """Bring a deleted contact back onto the list without mail: read, merge, PUT, verify (§11).

        `bare` clears its core fields instead of sending them again (§22).

        One that turns out to be no longer deleted keeps its fields, and is not written to unless it is
        active and off the list; nor is one that had unsubscribed (design §3a R2).

        Raises:
            NotFound: there is no such contact any more.
            ItemRefused: the reply still shows it deleted or off the list (code "revive_refused").

        """
        raw = self._raw_contact(contact.id)
        if raw is None:
            raise NotFound(marked("The contact is gone from Constant Contact"), code="not_found")
        fresh = parse.contact(raw)
        if fresh is not None and (not fresh.deleted_at or fresh.standing is Standing.OUT):
            if fresh.standing is not Standing.IN or list_id in fresh.list_ids:
                return fresh
            fields = ContactFields(email=fresh.email)  # somebody else's by now: the list and nothing more
            bare = False
        body = cc_body.revival(raw, fields, list_id, bare=bare)
        request = self._request("PUT", f"/contacts/{contact.id}", body=encode(body))
        self._send(Call(request, item=True))
        revived = self.get(contact.id)
        refused = revived is None or bool(revived.deleted_at)
        if (
            revived is None
            or refused
            or (revived.standing is Standing.IN and list_id not in revived.list_ids)
        ):
            raise ItemRefused(
                marked("Constant Contact did not bring the deleted contact back"),
                next_step=marked("Restore the contact in Constant Contact by hand."),
                code="revive_refused",
            )
        return revived

    def rewrite(self, contact_id: str, fields: ContactFields, list_id: str) -> Contact:
        """Bring an active contact of ours up to date by PUT: read, merge, write, return the reply (§11).

        For emails the import cannot take. Its lists stay, the active one is added.

        Raises:
            NotFound: there is no such contact any more.
            ItemRefused: it is not active any more (code "not_active"); nothing was written.

        """
        raw = self._raw_contact(contact_id)
        fresh = parse.contact(raw) if raw is not None else None
        if raw is None or fresh is None:
            raise NotFound(marked("The contact is gone from Constant Contact"), code="not_found")
        if fresh.standing is not Standing.IN:
            raise ItemRefused(
                marked("The contact is not active in Constant Contact any more"), code="not_active"
            )
        body = cc_body.revival(raw, fields, list_id)
        request = self._request("PUT", f"/contacts/{contact_id}", body=encode(body))
        return _contact_of(self._send(Call(request, item=True)))

    def resubscribe(self, contact_id: str, list_id: str) -> bool:
        """Ask for the one confirmation mail (§13); False if it had been asked before. Never repeated."""
        request = self._request(
            "PUT", f"/contacts/resubscribe/{contact_id}", body=encode({"list_ids": [list_id]})
        )
        return self._send(Call(request, item=True, accept=frozenset({400, 409}))).status < 300

    # ------------------------------------------------------------ bulk

    def import_row(self, fields: ContactFields) -> bytes:
        """Return one person as written into an import (§14)."""
        return encode_row(cc_body.import_row(fields))

    def read_row(self, row: bytes) -> ContactFields:
        """Return what `import_row` was given."""
        return cc_body.read_row(row)

    def start_import(self, rows: Sequence[bytes], list_id: str) -> Activity:
        """Start a bulk import onto the list (§14); never repeated by itself."""
        request = self._request(
            "POST", "/activities/contacts_json_import", body=cc_body.import_body(rows, list_id)
        )
        return _activity_of(self._send(Call(request)))

    def start_add(self, contact_ids: Sequence[str], list_id: str) -> Activity:
        """Start adding up to 500 contacts to the list (§15); never repeated by itself."""
        return self._list_job("add", contact_ids, list_id)

    def start_remove(self, contact_ids: Sequence[str], list_id: str) -> Activity:
        """Start taking up to 500 contacts off the list (§15); twice is the same as once."""
        return self._list_job("remove", contact_ids, list_id)

    def _list_job(self, what: str, contact_ids: Sequence[str], list_id: str) -> Activity:
        if not 0 < len(contact_ids) <= LIST_JOB_MAX_IDS:
            raise ValueError(f"a list job takes 1 to {LIST_JOB_MAX_IDS} contacts, not {len(contact_ids)}")
        body = {"source": {"contact_ids": list(contact_ids)}, "list_ids": [list_id]}
        call = self._post(f"/activities/{what}_list_memberships", body, idempotent=what == "remove")
        return _activity_of(self._send(call))

    def activity(self, activity_id: str) -> Activity:
        """Return a job's present state (§15)."""
        return _activity_of(self._send(Call(self._request("GET", f"/activities/{activity_id}"), item=True)))

    def activities(self) -> Iterator[list[Activity]]:
        """Yield pages of the account's jobs of the last days, whoever started them (§15)."""
        for page in self._pages("/activities", {"limit": PAGE_SIZE}, "activities"):
            yield [parse.activity(raw) for raw in page if text(raw, "activity_id")]

    def start_members_file(self, list_id: str) -> Activity:
        """Have a file written of everybody on the list who may be mailed (§15); harmless to repeat."""
        body = {"list_ids": [list_id], "status": "active", "fields": ["email_address"]}
        return _activity_of(self._send(self._post("/activities/contact_exports", body, idempotent=True)))

    @contextmanager
    def members_file(self, job: Activity) -> Iterator[Iterator[list[str]]]:
        """Open the file of a finished job, by the link it gives: batches of emails; see `ports.Mailing`."""
        url = same_host(job.results, self._base)
        with TemporaryFile() as file:
            accept = {"Accept": "text/csv, */*;q=0.5"}
            answer = self._send(Call(Request("GET", url, headers=accept, sink=file)))
            try:
                yield members(file)
            except NoEmails as error:
                raise answer.unusable(str(error)) from None


def _activity_of(answer: Answer) -> Activity:
    raw = required_object(answer)
    required_text(answer, raw, "activity_id")
    required_text(answer, raw, "state")
    return parse.activity(raw)


def _contact_of(answer: Answer) -> Contact:
    made = parse.contact(required_object(answer))
    if made is None or not made.id:
        raise answer.unusable("a contact was expected")
    return made
