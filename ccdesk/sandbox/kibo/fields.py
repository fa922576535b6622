"""What accounts can be filtered and sorted by, as far as the switches let them (kibo.md §5, §15)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ccdesk.sandbox.kibo.filter import Field, Known
from ccdesk.sandbox.kibo.model import Account
from ccdesk.sandbox.kibo.switches import DateName, KiboSwitches

UPDATE_DATE = "updateDate"

_PLAIN = (
    Field("id", "int", lambda one: one.id),
    Field("emailAddress", "text", lambda one: one.email),
    Field("userName", "text", lambda one: one.user_name),
    Field("userId", "text", lambda one: one.user_id),
    Field("firstName", "text", lambda one: one.first_name),
    Field("lastName", "text", lambda one: one.last_name),
    Field("companyOrOrganization", "text", lambda one: one.company),
    Field("acceptsMarketing", "bool", lambda one: one.accepts),
    Field("isActive", "bool", lambda one: one.active),
    Field("isAnonymous", "bool", lambda one: one.anonymous),
    Field("isLocked", "bool", lambda one: one.locked),
    Field("localeCode", "text", lambda one: one.locale),
    Field("customerSet", "text", lambda one: one.customer_set),
    Field("accountType", "text", lambda one: one.account_type),
    Field("externalId", "text", lambda one: one.external_id),
    Field("taxId", "text", lambda one: one.tax_id),
    Field("customerSinceDate", "date", lambda one: one.since),
    Field("createDate", "date", lambda one: one.created),
    Field("commerceSummary.orderCount", "int", lambda one: one.orders.count),
    Field("commerceSummary.totalOrderAmount", "number", lambda one: one.orders.amount),
    Field("commerceSummary.lastOrderDate", "date", lambda one: one.orders.last),
    Field("segments.id", "int", lambda one: [segment.get("id") for segment in one.segments]),
    Field("segments.code", "text", lambda one: [segment.get("code") for segment in one.segments]),
    Field("contacts.firstName", "text", lambda one: [contact.first_name for contact in one.contacts]),
    Field("contacts.lastNameOrSurname", "text", lambda one: [contact.last_name for contact in one.contacts]),
    Field("contacts.email", "text", lambda one: [contact.email for contact in one.contacts]),
)
_UPDATED = Field(UPDATE_DATE, "date", lambda one: one.updated)


def filter_fields(switches: KiboSwitches) -> Known:
    """Return what a filter on accounts may name."""
    return Known(
        _fields(
            switches.update_filter_name,
            switches.accepts_marketing_filterable,
            switches.id_filterable,
            switches.email_filterable,
        ),
        unknown=switches.unknown_filter,
        exact_fields=frozenset({"emailAddress"}) if switches.email_match_case else frozenset(),
        email_quotes=switches.email_quotes,
    )


def sort_fields(switches: KiboSwitches) -> Known:
    """Return what a sorting of accounts may name."""
    fields = _fields(switches.update_sort_name, True, True, True)
    return Known(fields, unknown=switches.unknown_sort)


@lru_cache(maxsize=64)
def _fields(update_name: DateName, accepts: bool, ids: bool, emails: bool) -> dict[str, Field]:
    """Return fields by lower-case name: names are not case-sensitive (§5)."""
    left_out = {
        name
        for name, known in (("acceptsMarketing", accepts), ("id", ids), ("emailAddress", emails))
        if not known
    }
    fields = {field.name.lower(): field for field in _PLAIN if field.name not in left_out}
    fields["auditinfo.createdate"] = fields["createdate"]
    if update_name in ("updateDate", "both"):
        fields["updatedate"] = _UPDATED
    if update_name in ("auditInfo.updateDate", "both"):
        fields["auditinfo.updatedate"] = _UPDATED
    return fields


def matches_text(account: Account, wanted: str) -> bool:
    """Say whether the free search `q` finds an account."""
    texts: tuple[Any, ...] = (account.email, account.user_name, account.first_name, account.last_name)
    return any(wanted.lower() in (text or "").lower() for text in texts)
