"""Writing one flag of an account that can only be written as a whole (kibo.md §8, §13, §15.5)."""

from __future__ import annotations

import logging
from dataclasses import replace

from ccdesk.clients.http.caller import Call
from ccdesk.clients.http.shape import Json, children, encode, required_object, whole
from ccdesk.clients.kibo.lists import ACCOUNTS
from ccdesk.clients.kibo.parse import customer, lost_in_write
from ccdesk.clients.kibo.session import TenantPod
from ccdesk.core.errors import AnswerLost, EmailChanged, ItemError, Unreadable
from ccdesk.core.models import Customer, email_key
from ccdesk.core.ports.shop import KiboWrite
from ccdesk.core.words import marked

log = logging.getLogger(__name__)

LOST_DATA = "kibo_lost_data"


class OptInWriter:
    """Reads, changes one flag, writes, and compares: Kibo has no token against writing over each other."""

    def __init__(self, pod: TenantPod) -> None:
        self._pod = pod

    def write(
        self, customer_id: int, value: bool, *, only_as: str = "", expected: Customer | None = None
    ) -> KiboWrite:
        """Set the flag; no write if it is right already.

        `only_as`: the email that agreed; the account's may have been changed since it was looked for.
        `expected`: the reading by which this was decided; an account that differs is not written but told.

        Raises:
            NotFound: there is no such customer.
            EmailChanged: the account has another email by now; nothing was written.
            ItemRefused: Kibo refused the write (an extension of the tenant may).
            Unreadable: the account holds values that cannot be meant, and could not be given back as it is.
            ItemError: with code "kibo_lost_data" if the account came back poorer than it was, which means
                that no account should be written any more; with "kibo_not_written" if nothing changed.

        """
        before = self._read_as(customer_id, only_as)
        if _changed(before, expected):
            return replace(_result(before, written=False), changed=True)
        if _flag(before) == value:
            return _result(before, written=False)
        try:
            after = self._put(customer_id, {**before, "acceptsMarketing": value})
        except AnswerLost as error:
            now = self._read_as(customer_id, only_as)
            if _flag(now) != value and _changed(now, expected):
                return replace(_result(now, written=False), changed=True)
            after = self._after_lost_answer(customer_id, value, now, error)
        _check(before, after, value)
        return _result(after, written=True)

    def _after_lost_answer(self, customer_id: int, value: bool, now: Json, error: AnswerLost) -> Json:
        """Tell from the account as it is `now` what became of the write; if nothing, write once more."""
        if _flag(now) == value:
            log.info("The answer to a write was lost; the account shows that it was done")
            return now
        log.info("The answer to a write was lost and nothing was written (%s); once more", error.code)
        return self._put(customer_id, {**now, "acceptsMarketing": value})

    def _read_as(self, customer_id: int, only_as: str) -> Json:
        """Return the whole account, unless it has another email than `only_as` ("" for any)."""
        found = self._read(customer_id)
        if only_as and _result(found, written=False).customer.email_key != email_key(only_as):
            raise EmailChanged()
        return found

    def _read(self, customer_id: int) -> Json:
        """Return the whole account: no responseFields, no responseGroups, or the PUT would lose the rest."""
        path = f"{ACCOUNTS}/{customer_id}"
        answer = self._pod.call(Call(self._pod.request("GET", path), item=True))
        raw = required_object(answer)
        if whole(raw, "id") != customer_id:
            raise Unreadable(detail=f"account {customer_id}: another one came back; nothing is written back")
        read = customer(raw)
        if read is None or not read.readable:
            raise Unreadable(detail=f"account {customer_id} is not as Kibo keeps it; nothing is written back")
        return raw

    def _put(self, customer_id: int, account: Json) -> Json:
        request = self._pod.request("PUT", f"{ACCOUNTS}/{customer_id}", body=encode(account, plain=True))
        answer = self._pod.call(Call(request, item=True))
        after = required_object(answer)
        read = customer(after)
        if read is None or not read.readable or not isinstance(after.get("acceptsMarketing"), bool):
            raise answer.unusable("what was kept cannot be read")  # the account itself is asked then
        return after


def _changed(raw: Json, expected: Customer | None) -> bool:
    return expected is not None and not _result(raw, written=False).customer.stands_as(expected)


def _flag(raw: Json) -> bool:
    return raw.get("acceptsMarketing") is True


def _check(before: Json, after: Json, value: bool) -> None:
    if whole(after, "id") != whole(before, "id") or _flag(after) != value:
        raise ItemError(
            marked("Kibo did not keep the opt-in") if value else marked("Kibo did not keep the opt-out"),
            meaning=marked("It answered the change, but shows the account without it."),
            next_step=marked("Check this customer in Kibo; the sync tries again."),
            code="kibo_not_written",
        )
    if lost := lost_in_write(before, after):
        counts = (
            f"{len(children(before, 'contacts'))} contacts before, {len(children(after, 'contacts'))} after"
        )
        raise ItemError(
            marked("Kibo lost fields of this account when the opt-in was written"),
            meaning=marked("Missing afterwards: {fields}. The opt-in itself was written.").format(
                fields=", ".join(lost)
            ),
            next_step=marked("Check this customer in Kibo, and stop writing opt-ins until it is understood."),
            detail=f"account {whole(before, 'id')}: {counts}",
            code=LOST_DATA,
        )


def _result(raw: Json, *, written: bool) -> KiboWrite:
    read = customer(raw)
    assert read is not None  # the id was checked
    return KiboWrite(customer=read, written=written)
