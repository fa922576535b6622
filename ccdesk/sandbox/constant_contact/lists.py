"""Contact lists over HTTP (constant-contact.md §8)."""

from __future__ import annotations

from flask import Blueprint

from ccdesk.sandbox.constant_contact.book import new_id
from ccdesk.sandbox.constant_contact.fields import text_of
from ccdesk.sandbox.constant_contact.gateway import LISTS_READ, LISTS_WRITE, Reply, guarded, json_body, state
from ccdesk.sandbox.constant_contact.model import ContactList, Json, Refusal, invalid, stamp
from ccdesk.sandbox.constant_contact.profile import Account
from ccdesk.sandbox.constant_contact.query import Query, Test, read_query, take_page

MAX_LISTS = 1000
MAX_PAGE = 1000  # by the contract's schema; its text says 500
_PARAMS = (
    "limit",
    "include_count",
    "include_membership_count",
    "name",
    "status",
    "channel_type",
    "include_sms_membership_count",
)

blueprint = Blueprint("cc_lists", __name__)


@blueprint.get("/v3/contact_lists")
@guarded(LISTS_READ)
def get_lists(account: Account) -> Reply:
    """Return a page of the account's lists."""
    query = read_query(_PARAMS)
    limit, tests = query.limit(MAX_PAGE), _tests(query)
    counted = query.one_of("include_membership_count", ("all", "active"))
    query.flag("include_sms_membership_count")
    entries = (
        list(account.book.lists.values()) if query.one_of("channel_type", ("email", "sms")) != "sms" else []
    )
    page, following = take_page(entries, query.start, limit, tests)
    reply: Json = {"lists": [_shown(account, one, counted) for one in page]}
    count = query.count(entries, tests)
    if count is not None:
        reply["lists_count"] = count
    return Reply({**reply, **query.links(following, state().switches.last_page_links, count)})


def _tests(query: Query) -> list[Test[ContactList]]:
    """Return the filters: the full exact name, and the status, which is not deleted unless told."""
    tests: list[Test[ContactList]] = []
    statuses = query.several("status", ("all", "active", "deleted")) or ["active"]
    if "all" not in statuses:
        tests.append(lambda one: ("deleted" if one.deleted_at else "active") in statuses)
    name = query.params.get("name")
    if name is not None:
        tests.append(lambda one: one.name == name)
    return tests


def _shown(account: Account, entry: ContactList, counted: str) -> Json:
    count = {"membership_count": account.book.count(entry.list_id, counted)} if counted else {}
    return {**entry.as_json(), **count}


@blueprint.post("/v3/contact_lists")
@guarded(LISTS_WRITE)
def post_list(account: Account) -> Reply:
    """Create an empty list; its name must be free."""
    body = json_body()
    name, description = (
        text_of(body.get("name"), "name", 255),
        text_of(body.get("description"), "description", 255),
    )
    favorite = body.get("favorite", False)
    if name is None or not isinstance(favorite, bool):
        raise invalid("name is missing" if name is None else "favorite does not have a valid value")
    if account.book.list_named(name, deleted=state().switches.deleted_list_name_clashes):
        raise Refusal(409, "Validation failed: Name is not unique")
    if sum(one.deleted_at is None for one in account.book.lists.values()) >= MAX_LISTS:
        raise invalid(f"The account has the maximum of {MAX_LISTS} lists")
    now = stamp(state().clock.now())
    entry = ContactList(new_id(), name.strip(), now, now, description, favorite)
    account.book.add_list(entry)
    return Reply(entry.as_json(), 201)
