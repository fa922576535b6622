"""From a Kibo customer to the fields sent to Constant Contact, checked and cut to its limits (design R2)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from ccdesk.core.emails import is_undeliverable, sent_email
from ccdesk.core.limits import A_SECOND, EMAIL_MAX, NAME_MAX, STREET_MAX
from ccdesk.core.models import Address, Contact, ContactFields, Customer
from ccdesk.core.text import cut as cut_to
from ccdesk.core.text import utf16_length, without_controls

# Addresses of the usual form need no second look, and a million of them no minute. A test holds that
# whatever matches passes the full check as well.
_USUAL = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9_+-]{0,30}(?:\.[A-Za-z0-9_+-]{1,31}){0,2}"
    r"@(?:[A-Za-z0-9]{1,30}(?:-[A-Za-z0-9]{1,30}){0,2}\.){1,3}[A-Za-z]{2,20}"
)


@dataclass(frozen=True, slots=True)
class BadEmail:
    """Why an email cannot be sent: a stable code and a sentence for staff."""

    code: str
    reason: str


def check_email(email: str) -> BadEmail | None:
    """Return what is wrong with an email, None if it may be sent; it is judged as it would be sent.

    The format alone decides: no DNS look-ups, and names reserved for private use pass, since nobody but
    Constant Contact can tell what it delivers to. Only `.invalid` is nobody's by definition (design §3a).
    """
    email = sent_email(email)
    if is_undeliverable(email):
        return BadEmail("email_undeliverable", "The email ends in “.invalid”: nobody can have it.")
    length = utf16_length(email)
    if length <= EMAIL_MAX and _USUAL.fullmatch(email):
        return None
    if length > EMAIL_MAX:
        return BadEmail(
            "email_too_long",
            f"The email has {length} characters; Constant Contact takes at most {EMAIL_MAX}.",
        )
    # Imported here: few need it, and the window's start would wait for it.
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(email, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        return BadEmail("email_malformed", f"The email address is not valid: {error}")
    if "." not in checked.ascii_domain:
        return BadEmail("email_malformed", "The email address is not valid: its domain has no dot.")
    return None


@dataclass(frozen=True, slots=True)
class Mapped:
    """Fields ready to send, and the names of those that had to be cut."""

    fields: ContactFields
    shortened: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What was cut, for the run's entry; `""` when nothing was."""
        return f"shortened to the limit: {', '.join(self.shortened)}" if self.shortened else ""


def to_fields(customer: Customer) -> Mapped:
    """Map name, email and address (seed: Application Features; kibo.md §7), cutting what is too long."""
    cut: list[str] = []
    fields = ContactFields(
        sent_email(customer.email),
        _fit(customer.first_name, NAME_MAX, "first name", cut),
        _fit(customer.last_name, NAME_MAX, "last name", cut),
        _fit(customer.company, NAME_MAX, "company", cut),
        _fit_address(customer.address, cut),
    )
    return Mapped(fields, tuple(cut))


def _fit_address(address: Address, cut: list[str]) -> Address:
    return Address(
        _fit(address.street, STREET_MAX, "street", cut),
        _fit(address.city, NAME_MAX, "city", cut),
        _fit(address.state, NAME_MAX, "state", cut),
        _fit(address.postal_code, NAME_MAX, "postal code", cut),
        _fit(address.country, NAME_MAX, "country", cut),
    )


def _fit(text: str, limit: int, name: str, cut: list[str]) -> str:
    """Clean a text and cut it to `limit` UTF-16 units (design §3a R2); note its name if it was too long."""
    if not text:
        return text
    text = without_controls(text)
    fitting = cut_to(text, limit)
    if fitting != text:
        cut.append(name)
    return fitting


def fields_hash(fields: ContactFields | Contact) -> str:
    """Fingerprint name, company and address: the fields we write, and what the service shows of them."""
    a = fields.address
    parts = (
        fields.first_name,
        fields.last_name,
        fields.company,
        a.street,
        a.city,
        a.state,
        a.postal_code,
        a.country,
    )
    return _fingerprint(parts)


_BY_FORM = ".form"


def creation_hash(fields: ContactFields | Contact, *, by_form: bool = False) -> str:
    """Fingerprint only what the service shows as it was sent, to know a contact again we were cut off at.

    The street stands apart, because not every reading includes it (`shows_creation`). `by_form`: it is sent
    as the person's own sign-up, for the welcome email, and shows as that.
    """
    known = f"{_names_hash(fields)}.{_fingerprint((fields.address.street,))}"
    return f"{known}{_BY_FORM}" if by_form else known


def signed_up_themselves(written: str, contact: Contact) -> bool:
    """Say whether a contact was made by its person's own sign-up, not by the call whose hash is `written`.

    A contact that shows no more than an email is like any other: a sign-up form asks for no more, and no more
    is sent of somebody whose other fields were refused (design §3a R2).
    """
    if contact.opt_in_source != "Contact" or written.endswith(_BY_FORM):
        return False
    if contact.created_at is None or contact.opt_in_at is None:
        return True
    return contact.opt_in_at <= contact.created_at + A_SECOND


def shows_creation(written: str, contact: Contact) -> bool:
    """Say whether a contact shows what was sent to create it; `written` is the `creation_hash` of that.

    Only what the reading includes is compared: polls read memberships without addresses (§10).
    """
    if not contact.address_read:
        return written.partition(".")[0] == _names_hash(contact)
    return written.removesuffix(_BY_FORM) == creation_hash(contact)


def _names_hash(fields: ContactFields | Contact) -> str:
    return _fingerprint((fields.first_name, fields.last_name, fields.company))


def _fingerprint(parts: tuple[str, ...]) -> str:
    # Half surrogates, which JSON can carry, are sent and stored as question marks: they count as such.
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()
