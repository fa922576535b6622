"""From customers as read to candidates of an export: checked, cut to the limits and ready to send."""

from __future__ import annotations

from collections.abc import Callable

from ccdesk.consent.route import takes_bulk
from ccdesk.core.exporting import Candidate
from ccdesk.core.models import ContactFields, Customer
from ccdesk.sync.agreement import wants_mail
from ccdesk.sync.mapping import BadEmail, check_email, fields_hash, to_fields
from ccdesk.sync.plan_export_group import UNREADABLE


def candidate_of(
    customer: Customer, *, guests: bool, import_row: Callable[[ContactFields], bytes]
) -> Candidate:
    """Return what an export keeps of a customer."""
    email = customer.email.strip()
    bad = check_email(email) if email else None
    if not customer.readable:
        bad = BadEmail(UNREADABLE, "Kibo's answer for this account cannot be read; it is left as it is.")
    mapped = to_fields(customer)
    plain = bool(email) and bad is None and takes_bulk(email)
    return Candidate(
        customer,
        import_row(mapped.fields),
        fields_hash(mapped.fields),
        mapped.note,
        bad.code if bad else "",
        bad.reason if bad else "",
        plain and wants_mail(customer, guests=guests),
    )
