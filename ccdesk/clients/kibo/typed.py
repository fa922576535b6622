"""Pages of accounts decoded straight into the fields wanted, where they are as Kibo's sheet has them.

That takes half of what reading any JSON and looking each field up takes, and the million customers of a large
shop are mostly this. Whatever deviates, in one field of one account, is left to the tolerant reader
(`kibo_parse`): both give the same customers (kibo.md §6, §7), which a test holds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.json import Decoder
from msgspec.structs import astuple

from ccdesk.clients.http.shape import LARGEST
from ccdesk.clients.kibo.parse import postal, rank
from ccdesk.core.clock import parse_time
from ccdesk.core.models import Address, Customer

Text = str | None
Flag = bool | None | UnsetType
_Number = Annotated[int, Meta(ge=-LARGEST, le=LARGEST)]


class _Address(Struct, gc=False):
    address1: Text = None
    address2: Text = None
    address3: Text = None
    address4: Text = None
    cityOrTown: Text = None  # noqa: N815 — the names are Kibo's
    stateOrProvince: Text = None  # noqa: N815
    postalOrZipCode: Text = None  # noqa: N815
    countryCode: Text = None  # noqa: N815


class _Kind(Struct, gc=False):
    name: Text = None
    isPrimary: bool | None = None  # noqa: N815


class _Contact(Struct, gc=False):
    id: _Number | None = None
    firstName: Text = None  # noqa: N815
    lastNameOrSurname: Text = None  # noqa: N815
    address: _Address | None = None
    types: list[_Kind] | None = None


class _Audit(Struct, gc=False):
    createDate: Text = None  # noqa: N815
    updateDate: Text = None  # noqa: N815


class _Account(Struct, gc=False):
    """One account; UNSET is what the answer does not name at all."""

    id: Annotated[int, Meta(gt=0, le=LARGEST)]
    emailAddress: Text | UnsetType = UNSET  # noqa: N815
    acceptsMarketing: Flag = UNSET  # noqa: N815
    isActive: Flag = UNSET  # noqa: N815
    isAnonymous: Flag = UNSET  # noqa: N815
    firstName: Text | UnsetType = UNSET  # noqa: N815
    lastName: Text | UnsetType = UNSET  # noqa: N815
    companyOrOrganization: Text | UnsetType = UNSET  # noqa: N815
    contacts: list[_Contact] | UnsetType | None = UNSET
    auditInfo: _Audit | UnsetType | None = UNSET  # noqa: N815


class _Page(Struct, gc=False):
    items: list[_Account]
    totalCount: _Number | None = None  # noqa: N815


_DECODER = Decoder(_Page)
_NOBODY = _Contact()
_NO_ADDRESS = Address()
_UNDATED = _Audit()


def typed_customers(body: bytes, *, complete: bool = False) -> tuple[list[Customer], int | None] | None:
    """Return the customers of a page and the total count it tells; None if anything is unusual.

    With `complete` that an account leaves one of the fields out is unusual as well.
    """
    try:
        page = _DECODER.decode(body)
    except (ValueError, RecursionError):
        return None
    if complete and any(UNSET in astuple(one) for one in page.items):
        return None
    return [_customer(one) for one in page.items], page.totalCount


def _customer(one: _Account) -> Customer:
    contact = _chosen(one.contacts) if one.contacts else _NOBODY
    audit = one.auditInfo or _UNDATED
    return Customer(
        one.id,
        one.emailAddress or "",
        one.acceptsMarketing is True,
        one.isActive is not False,
        one.isAnonymous is True,
        _text(one.firstName) or _text(contact.firstName),
        _text(one.lastName) or _text(contact.lastNameOrSurname),
        _text(one.companyOrOrganization),
        _postal(contact.address) if contact.address else _NO_ADDRESS,
        _moment(audit.createDate),
        _moment(audit.updateDate),
        one.emailAddress is not UNSET,
    )


def _text(value: str | UnsetType | None) -> str:
    return value.strip() if value else ""


def _moment(value: str | None) -> datetime | None:
    return parse_time(value) if value else None


def _chosen(contacts: list[_Contact]) -> _Contact:
    """Choose as `kibo_parse.chosen_contact` does."""
    usable = [one for one in contacts if one.address and _text(one.address.address1)]
    if len(usable) < 2:
        return usable[0] if usable else _NOBODY
    return min(usable, key=lambda one: (_rank(one), 2**63 if one.id is None else one.id))


def _rank(contact: _Contact) -> int:
    return rank({(_text(kind.name).lower(), kind.isPrimary is True) for kind in contact.types or ()})


def _postal(raw: _Address) -> Address:
    lines = [raw.address1, raw.address2, raw.address3, raw.address4]
    return postal(
        [text for line in lines if line and (text := line.strip())],
        city=_text(raw.cityOrTown),
        state=_text(raw.stateOrProvince),
        postal_code=_text(raw.postalOrZipCode),
        country=_text(raw.countryCode),
    )
