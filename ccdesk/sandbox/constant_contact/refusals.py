"""Values the service refuses without the contract saying so (constant-contact.md §22 on §9, §11, §12)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ccdesk.sandbox.constant_contact.fields import ADDRESS_LIMITS, TEXT_LIMITS
from ccdesk.sandbox.constant_contact.model import MAX_LISTS_OF_CONTACT, Contact, invalid
from ccdesk.sandbox.constant_contact.switches import CcSwitches

_NAMES = (*TEXT_LIMITS, *ADDRESS_LIMITS, "zip", "email")  # of an import the email as well


class JobFails(Exception):
    """Ends a background job as failed; what it had done by then stays done."""


def check_texts(body: Mapping[str, Any], switches: CcSwitches) -> None:
    """Refuse a contact's body in which a name or a part of an address matches the pattern."""
    rows = [body, body.get("street_address"), *(body.get("street_addresses") or ())]
    for row in rows:
        name = refused_name(row, switches.refused_text) if isinstance(row, Mapping) else ""
        if name:
            raise invalid(f"{name} does not have a valid value")


def refused_name(row: Mapping[str, Any], pattern: str) -> str:
    """Return the name of a value that is refused, "" if none is."""
    if not pattern:
        return ""
    values = ((name, row.get(name)) for name in _NAMES)
    return next((name for name, one in values if isinstance(one, str) and re.search(pattern, one)), "")


def check_import(rows: Iterable[Mapping[str, Any]], switches: CcSwitches) -> None:
    """Refuse a whole import for one row, where the switch says so; nothing tells which row it is."""
    if switches.refused_text and switches.import_refused_text == "request":
        for row in rows:
            if refused_name(row, switches.refused_text):
                raise invalid("import_data does not have a valid value")


def check_list_job(contacts: Iterable[Contact], switches: CcSwitches, *, adding: bool) -> None:
    """Refuse a whole list job for one contact, or have it fail, as the switch says."""
    if all(may_be_in_job(one, switches, adding=adding) for one in contacts):
        return
    if switches.list_job_refusal == "request":
        raise invalid("source: contact_ids does not have a valid value")
    raise JobFails("The activity could not be processed.")


def may_be_in_job(contact: Contact, switches: CcSwitches, *, adding: bool) -> bool:
    """Say whether a contact can be given to a list job: not on 50 lists already (§9), and not named."""
    full = switches.full_contacts_spoil_jobs and len(contact.lists) >= MAX_LISTS_OF_CONTACT
    return not (adding and full) and contact.address not in switches.list_jobs_refuse
