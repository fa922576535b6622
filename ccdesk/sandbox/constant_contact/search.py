"""The filters of GET /contacts (constant-contact.md §10)."""

from __future__ import annotations

from ccdesk.sandbox.constant_contact.book import Book, key_of
from ccdesk.sandbox.constant_contact.model import INCLUDES, STATUSES, Contact, Json, invalid
from ccdesk.sandbox.constant_contact.query import Query, Test, take_page
from ccdesk.sandbox.constant_contact.switches import CcSwitches

MAX_PAGE = 500
_DATES = ("updated", "created", "optout")
PARAMS = (
    "status",
    "email",
    "lists",
    "segment_id",
    "tags",
    *(f"{name}_{edge}" for name in _DATES for edge in ("after", "before")),
    "include",
    "sms_status",
    "include_count",
    "limit",
)
_SMS_STATUSES = ("all", "explicit", "unsubscribed", "pending_confirmation", "not_set")


def search(book: Book, query: Query, switches: CcSwitches) -> Json:
    """Return the page a query asks for, in the reply's form."""
    if "segment_id" in query.params:
        raise invalid("segment_id does not have a valid value")  # this account has no segments
    limit, include = query.limit(MAX_PAGE), query.several("include", INCLUDES)
    tests = _tests(query, switches)
    email = query.params.get("email")
    if email is None:
        contacts = book.sequence(switches.shuffle)
    else:
        found = book.by_email(key_of(email))
        # Looked for by the letters it is kept in: one form of a domain does not find the other.
        kept = found is not None and (found.address or "").lower() == email.strip().lower()
        contacts = [found] if found is not None and kept else []
    page, following = take_page(contacts, query.start, limit, tests)
    reply: Json = {"contacts": [one.as_json(include) for one in page]}
    count = query.count(contacts, tests)
    if count is not None:
        reply["contacts_count"] = count
    return {**reply, **query.links(following, switches.last_page_links, count)}


def _tests(query: Query, switches: CcSwitches) -> list[Test[Contact]]:
    """Return the filters, which combine with AND (§1)."""
    tests: list[Test[Contact]] = []
    statuses = query.several("status", ("all", *STATUSES))
    if not statuses:
        statuses = (
            ["active"] if switches.default_status == "active" else [s for s in STATUSES if s != "deleted"]
        )
    if "all" not in statuses:
        tests.append(lambda one: one.status in statuses)
    lists, tags = query.ids("lists", 25), query.ids("tags", 50)
    if len(lists) == 1:
        wanted = lists[0]
        tests.append(lambda one: wanted in one.lists)
    elif lists:
        tests.append(lambda one: not set(lists).isdisjoint(one.lists))
    if tags:
        tests.append(lambda one: not set(tags).isdisjoint(one.taggings))
    if query.several("sms_status", _SMS_STATUSES):
        tests.append(lambda one: one.sms is not None)
    return tests + _date_tests(query, switches)


def _date_tests(query: Query, switches: CcSwitches) -> list[Test[Contact]]:
    tests: list[Test[Contact]] = []
    attributes = {"updated": "updated_at", "created": "created_at", "optout": "opt_out_date"}
    for name, attribute in attributes.items():
        after = query.since(f"{name}_after", switches.updated_after_inclusive)
        before = query.until(f"{name}_before", switches.before_inclusive)
        if name == "optout" and not switches.optout_filter_works:
            continue
        if after is not None or before is not None:
            tests.append(_between(attribute, after or "", before or "~"))
    return tests


def _between(attribute: str, first: str, end: str) -> Test[Contact]:
    def test(contact: Contact) -> bool:
        moment = getattr(contact, attribute)
        return moment is not None and first <= moment < end

    return test
