"""Kibo's JSON to core models, and which of its postal addresses is taken (kibo.md §6, §7, §9, §11); pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from ccdesk.clients.http.shape import Json, child, children, moment, text, whole
from ccdesk.core.models import Address, Customer
from ccdesk.core.ports.shop import FlagChange, HintedEvent

# What an export needs of an account; nothing that is read like this is ever written back (§5).
EXPORT_FIELDS = (
    "id",
    "emailAddress",
    "acceptsMarketing",
    "isActive",
    "isAnonymous",
    "firstName",
    "lastName",
    "companyOrOrganization",
    "contacts",
    "auditInfo",
)
_CUSTOMER_TOPICS = frozenset({"customeraccountcreated", "customeraccountupdated", "customeraccountdeleted"})


Row = Json | Customer  # an account of a page: as it came, or read already (`kibo_typed`)
_LINES = ("address1", "address2", "address3", "address4")
_NOT_AVAILABLE = frozenset({"n/a", "N/A", "n/A", "N/a"})
_NO_ADDRESS = Address()
_MISSING = object()  # Kibo names it even where it is null; without the name it may be anybody's
_FLAGS = frozenset({bool, type(None)})


def customer(raw: Row) -> Customer | None:
    """Read one account; None without an id. A consent that is null counts as none (R1)."""
    if isinstance(raw, Customer):
        return raw
    number = account_id(raw)
    if number is None:
        return None
    contact = chosen_contact(children(raw, "contacts"))
    email = raw.get("emailAddress", _MISSING)
    flags = raw.get("acceptsMarketing"), raw.get("isActive"), raw.get("isAnonymous")
    audit = child(raw, "auditInfo")
    return Customer(
        number,
        email if isinstance(email, str) else "",
        flags[0] is True,
        flags[1] is not False,
        flags[2] is True,
        text(raw, "firstName") or text(contact, "firstName"),
        text(raw, "lastName") or text(contact, "lastNameOrSurname"),
        text(raw, "companyOrOrganization"),
        address(child(contact, "address")),
        moment(audit, "createDate"),
        moment(audit, "updateDate"),
        _FLAGS.issuperset(map(type, flags)) and (email is None or isinstance(email, str)),
    )


def account_id(raw: Json, key: str = "id") -> int | None:
    """Return an account's number, None if there is none that Kibo could have given."""
    number = whole(raw, key)
    return number if number is not None and number > 0 else None


def row_id(raw: Row) -> int | None:
    """Return an account's number, None if there is none that Kibo could have given."""
    return raw.id if isinstance(raw, Customer) else account_id(raw)


def updated_at(raw: Row) -> datetime | None:
    """Return the account's update date."""
    if isinstance(raw, Customer):
        return raw.updated_at
    return moment(child(raw, "auditInfo"), "updateDate")


def chosen_contact(contacts: Iterable[Json]) -> Json:
    """Return the contact whose address is taken, `{}` if none has a first address line (§7).

    Primary billing, primary shipping, any billing, any shipping, any other; ties by lowest id.
    """
    usable = [one for one in contacts if text(child(one, "address"), "address1")]
    if len(usable) < 2:
        return usable[0] if usable else {}
    return min(usable, key=lambda one: (_rank(one), _tie(one)))


def _tie(contact: Json) -> int:
    number = whole(contact, "id")
    return number if number is not None else 2**63


def _rank(contact: Json) -> int:
    return rank(
        {(text(kind, "name").lower(), kind.get("isPrimary") is True) for kind in children(contact, "types")}
    )


def rank(kinds: set[tuple[str, bool]]) -> int:
    """Return how early a contact is taken by its kinds, each with whether it is the primary one of it."""
    names = {name for name, _ in kinds}
    if ("billing", True) in kinds:
        return 0
    if ("shipping", True) in kinds:
        return 1
    if "billing" in names:
        return 2
    return 3 if "shipping" in names else 4


def address(raw: Json) -> Address:
    """Read a postal address; the text “n/a” as state or postal code means empty (§7)."""
    if not raw:
        return _NO_ADDRESS
    lines = [line for name in _LINES if raw.get(name) and (line := text(raw, name))]
    return postal(
        lines,
        city=text(raw, "cityOrTown"),
        state=text(raw, "stateOrProvince"),
        postal_code=text(raw, "postalOrZipCode"),
        country=text(raw, "countryCode"),
    )


def postal(lines: list[str], *, city: str, state: str, postal_code: str, country: str) -> Address:
    """Return the address of trimmed parts; the lines hold no empty one."""
    return Address(", ".join(lines), city, _available(state), _available(postal_code), country)


def _available(value: str) -> str:
    return "" if value in _NOT_AVAILABLE else value


def events(raw: Iterable[Json], *, tenant_id: str, since: datetime | None) -> list[HintedEvent]:
    """Read customer events, freed of per-site copies, tests and other tenants, oldest first (§9, §10)."""
    first: dict[tuple[str, int, str], HintedEvent] = {}
    for one in raw:
        event = _event(one, tenant_id)
        if event is None or (since is not None and event.created_at < since):
            continue
        key = (event.topic, event.customer_id, text(one, "correlationId") or event.event_id)
        known = first.get(key)
        if known is None or event.created_at < known.created_at:
            first[key] = event
    return sorted(first.values(), key=lambda event: (event.created_at, event.event_id))


def _event(raw: Json, tenant_id: str) -> HintedEvent | None:
    topic = text(raw, "topic").replace(".", "").lower()
    event_id = text(raw, "id") or text(raw, "eventId")
    number = account_id(raw, "entityId")
    at = event_time(raw)
    foreign = text(raw, "tenantId") not in ("", tenant_id)
    if topic not in _CUSTOMER_TOPICS or number is None or at is None or not event_id:
        return None
    if foreign or raw.get("isTest") is True:
        return None
    name = f"customeraccount.{topic.removeprefix('customeraccount')}"
    return HintedEvent(
        event_id=event_id.replace("-", "").lower(), topic=name, customer_id=number, created_at=at
    )


def event_time(raw: Json) -> datetime | None:
    """Return when an event was made: `auditInfo.createDate`, else `timestamp` (§9)."""
    return moment(child(raw, "auditInfo"), "createDate") or moment(raw, "timestamp")


def opt_in_set_at(entries: Iterable[Json]) -> datetime | None:
    """Return when the flag was last switched on, None if the log's latest word on it is not “on” (§8)."""
    reported = [(at, _is_on(entry)) for entry, at in _about_the_flag(entries)]
    if not reported:
        return None
    at, value = max(reported, key=lambda one: one[0])
    return at if value is True else None


def flag_changes(entries: Iterable[Json]) -> list[FlagChange]:
    """Read the changes of the flag from an audit log, oldest first; who did it may not be told (§8)."""
    found = [
        FlagChange(at, value, text(entry, "entryUser"), text(entry, "application"))
        for entry, at in _about_the_flag(entries)
        if (value := _is_on(entry)) is not None
    ]
    return sorted(found, key=lambda one: one.at)


def _about_the_flag(entries: Iterable[Json]) -> Iterator[tuple[Json, datetime]]:
    for entry in entries:
        path = text(entry, "fieldPath").lower().rsplit(".", 1)[-1]
        if path == "acceptsmarketing" and (at := moment(entry, "entryDate")) is not None:
            yield entry, at


def _is_on(entry: Json) -> bool | None:
    """Return the new value of a flag, None where it is neither on nor off."""
    value = entry.get("newValue")
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(text(entry, "newValue").lower())


def welcome_mail_on(settings: Json) -> bool:
    """Say whether a site's Welcome mail appears to be on: neither flag switches it off (§11)."""
    flags = ("supressedEmailTransactions", "emailTransactionsOnlyOnRequest")  # spelling as in the API
    return not any(child(settings, flag).get("shopperLoginCreated") is True for flag in flags)


def lost_in_write(before: Json, after: Json) -> list[str]:
    """Name what an account lost between the read and the reply to its PUT (§8, §15.5)."""
    lost = [
        name
        for name in (
            "emailAddress",
            "userName",
            "firstName",
            "lastName",
            "companyOrOrganization",
            "externalId",
        )
        if text(before, name) and not text(after, name)
    ]
    if len(children(after, "contacts")) < len(children(before, "contacts")):
        lost.append("contacts")
    return lost
