"""The account over HTTP: summary, the user's privileges, own email addresses (constant-contact.md §7)."""

from __future__ import annotations

from flask import Blueprint

from ccdesk.sandbox.constant_contact.book import key_of
from ccdesk.sandbox.constant_contact.gateway import ACCOUNT_READ, ANYBODY, Reply, guarded, state
from ccdesk.sandbox.constant_contact.model import invalid
from ccdesk.sandbox.constant_contact.profile import Account, AccountEmail
from ccdesk.sandbox.constant_contact.query import read_query
from ccdesk.sandbox.constant_contact.switches import PRIVILEGES

_CONFIRM = {"CONFIRMED": True, "C": True, "UNCONFIRMED": False, "U": False}
_ROLES = {"C": "CONTACT", "B": "BILLING", "J": "JOURNALING", "R": "REPLY_TO", "O": "OTHER"}
_LOGO = {"url": "https://files.example.com/logo.png", "internal_id": "ACCOUNT.IMAGE.5"}

blueprint = Blueprint("cc_account", __name__)


@blueprint.get("/v3/account/summary")
@guarded(ACCOUNT_READ, "account")
def get_summary(account: Account) -> Reply:
    """Return who the account is; address and logo only when asked for."""
    extra = read_query(("extra_fields",)).several("extra_fields", ("physical_address", "company_logo"))
    parts = {"physical_address": account.physical_address, "company_logo": _LOGO}
    return Reply({**account.summary, **{name: parts[name] for name in extra}})


@blueprint.get("/v3/account/user/privileges")
@guarded(ANYBODY, "account")
def get_privileges(account: Account) -> Reply:
    """Return what the role of the logged-in user allows; needs no scope of its own (§3)."""
    del account
    names = sorted(state().switches.privileges)
    return Reply([{"privilege_id": PRIVILEGES.get(one, 999), "privilege_name": one} for one in names])


@blueprint.get("/v3/account/emails")
@guarded(ACCOUNT_READ, "account")
def get_emails(account: Account) -> Reply:
    """Return the account's own addresses, unpaged; one filter at a time."""
    query = read_query(("confirm_status", "role_code", "email_address"))
    if len(query.params) > 1:
        raise invalid("Only one query parameter is allowed")
    confirm = query.one_of("confirm_status", _CONFIRM)
    role = query.one_of("role_code", (*_ROLES, *_ROLES.values()))
    address = query.params.get("email_address")
    if address is not None and len(address) > 80:
        raise invalid("email_address exceeds maximum length of 80")
    return Reply([one.as_json() for one in account.emails if _passes(one, confirm, role, address)])


def _passes(email: AccountEmail, confirm: str, role: str, address: str | None) -> bool:
    return (
        (not confirm or email.confirmed == _CONFIRM[confirm])
        and (not role or _ROLES.get(role, role) in email.roles)
        and (address is None or key_of(address) == key_of(email.address))
    )
