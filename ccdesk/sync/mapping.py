"""From a Kibo customer to the fields sent to Constant Contact, checked and cut to its limits (design R2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from ccdesk.core.limits import EMAIL_MAX, NAME_MAX, STREET_MAX
from ccdesk.core.models import Address, Contact, ContactFields, Customer


@dataclass(frozen=True, slots=True)
class BadEmail:
    """Why an e-mail cannot be sent: a stable code and a sentence for staff."""

    code: str
    reason: str


def check_email(email: str) -> BadEmail | None:
    """Return what is wrong with a (trimmed) e-mail, None if it may be sent.

    The format alone decides: no DNS look-ups, and names reserved for private use pass, since nobody but
    Constant Contact can tell what it delivers to.
    """
    if len(email) > EMAIL_MAX:
        return BadEmail(
            "email_too_long",
            f"The e-mail has {len(email)} characters; Constant Contact takes at most {EMAIL_MAX}.",
        )
    try:
        checked = validate_email(email, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        return BadEmail("email_malformed", f"The e-mail address is not valid: {error}")
    if "." not in checked.ascii_domain:
        return BadEmail("email_malformed", "The e-mail address is not valid: its domain has no dot.")
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
    """Map name, e-mail and address (seed: Application Features; kibo.md §7), cutting what is too long."""
    cut: list[str] = []

    def fit(name: str, text: str, limit: int) -> str:
        text = " ".join(text.split())
        if len(text) <= limit:
            return text
        cut.append(name)
        return text[:limit].rstrip()

    address = customer.address
    fields = ContactFields(
        email=customer.email.strip(),
        first_name=fit("first name", customer.first_name, NAME_MAX),
        last_name=fit("last name", customer.last_name, NAME_MAX),
        company=fit("company", customer.company, NAME_MAX),
        address=Address(
            street=fit("street", address.street, STREET_MAX),
            city=fit("city", address.city, NAME_MAX),
            state=fit("state", address.state, NAME_MAX),
            postal_code=fit("postal code", address.postal_code, NAME_MAX),
            country=fit("country", address.country, NAME_MAX),
        ),
    )
    return Mapped(fields, tuple(cut))


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
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()


def creation_hash(fields: ContactFields | Contact) -> str:
    """Fingerprint only what the service shows as it was sent, to know a contact again we were cut off at."""
    parts = (fields.first_name, fields.last_name, fields.company, fields.address.street)
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()
