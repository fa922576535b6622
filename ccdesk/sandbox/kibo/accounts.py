"""Customer accounts over HTTP: list, read, create, write, delete (kibo.md §5, §6, §8)."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response, request

from ccdesk.sandbox.kibo.fields import filter_fields, sort_fields
from ccdesk.sandbox.kibo.filter import parse_filter, parse_sort, unmet
from ccdesk.sandbox.kibo.gateway import author, existing, guarded, json_body, no_content, reply, state
from ccdesk.sandbox.kibo.model import SERVICE_USER, Account, Json, Refusal, conflict, invalid
from ccdesk.sandbox.kibo.paging import paging
from ccdesk.sandbox.kibo.query import Query
from ccdesk.sandbox.kibo.state import KiboState
from ccdesk.sandbox.kibo.write import Writing, apply_body

blueprint = Blueprint("accounts", __name__, url_prefix="/api/commerce/customer/accounts")

_GROUPS = {"contacts": "contacts", "customeraccountnotes": "notes", "ordersummary": "commerceSummary"}


@blueprint.get("")
@guarded("Customer Read")
def list_accounts() -> Response:
    """Return one page of accounts, guests included (§5)."""
    kibo = state()
    page = paging(kibo.switches.start_index_limit)
    found = kibo.finder.find(_query(kibo))
    hidden = _hidden()
    items = [_shown(kibo.book[one], hidden) for one in found.ids(page.start, page.size)]
    response = reply(page.collection(len(found), items))
    if page.ends_before(len(found)) and kibo.after_page:
        kibo.after_page.popleft()()
    return response


@blueprint.get("/<int:account_id>")
@guarded("Customer Read")
def get_account(account_id: int) -> Response:
    """Return one account with its contacts."""
    return reply(_shown(existing(account_id), _hidden()))


@blueprint.post("")
@guarded("Customer Create")
def post_account() -> Response:
    """Create an account without a login; the number is the server's (§8: 201)."""
    kibo, body = state(), json_body()
    if not body:
        raise conflict("The account is empty")
    now = kibo.now_ms()
    account = Account(kibo.new_id(), now, now, SERVICE_USER, SERVICE_USER, since=now)
    if not kibo.switches.post_takes_contacts:
        body.pop("contacts", None)
    defaults = {"customerSet": "default", "accountType": "B2C", "customerSinceDate": None}
    apply_body(account, {**defaults, **body}, _writing(kibo, merge=False))
    account.since = account.since or now
    account.active = True
    kibo.enter(account, author())
    return reply(account.as_json(), 201)


@blueprint.put("/<int:account_id>")
@guarded("Customer Update")
def put_account(account_id: int) -> Response:
    """Write an account: what is left out is lost, unless the switches say otherwise (§8, §15.5)."""
    kibo, account, body = state(), existing(account_id), json_body()
    status = kibo.switches.refuse_put_ids.get(account_id)
    if status is not None:
        raise Refusal(status, "VALIDATION_CONFLICT", "An API extension of the tenant refused the change")
    if body.get("id") not in (None, 0, account_id):
        raise invalid("The id in the body is another one than in the path")
    with kibo.change(account, author()):
        opted_in = account.accepts
        apply_body(account, body, _writing(kibo, merge=kibo.switches.put_mode == "merge"))
        if kibo.switches.put_ignores_opt_in:
            account.accepts = opted_in
        if kibo.switches.put_loses_contacts:
            account.contacts = ()
    return reply(account.as_json())


@blueprint.delete("/<int:account_id>")
@guarded("Customer Delete")
def delete_account(account_id: int) -> Response:
    """Delete an account, unless it ever ordered something (§8)."""
    account = existing(account_id)
    if account.orders.count:
        raise conflict("An account that has orders cannot be deleted")
    state().drop(account, author())
    return no_content()


@blueprint.get("/<int:account_id>/auditlog/entries")
@guarded("Customer Read")
def list_audit_entries(account_id: int) -> Response:
    """Return what changed in an account, and when; whether it may be read is a switch."""
    kibo, account = state(), existing(account_id)
    if not kibo.switches.audit_log:
        raise Refusal(404, "ITEM_NOT_FOUND", "There is no audit log")
    return reply(paging().cut([entry.as_json() for entry in kibo.audit_entries(account)]))


def _query(kibo: KiboState) -> Query:
    switches = kibo.switches
    order = parse_sort(request.args.get("sortBy", ""), sort_fields(switches))
    conditions = (*parse_filter(request.args.get("filter", ""), filter_fields(switches)), *unmet(order))
    if not switches.sort_works:
        order = ()
    anonymous = request.args.get("isAnonymous", "").lower()
    return Query(
        conditions=conditions,
        order=order,
        scattered=not order and switches.unsorted == "scattered",
        anonymous={"true": True, "false": False}.get(anonymous),
        text=request.args.get("q", "").strip(),
    )


def _writing(kibo: KiboState, *, merge: bool) -> Writing:
    keep = kibo.switches.put_keeps_contacts_if_omitted
    return Writing(merge, keep, kibo.now_ms(), SERVICE_USER, kibo.new_contact_id)


def _shown(account: Account, hidden: Iterable[str]) -> Json:
    """Return an account without the parts that were not asked for."""
    shown = account.as_json()
    for key in hidden:
        del shown[key]
    return shown


def _hidden() -> list[str]:
    """Return what `responseGroups` leaves out: the parts it does not name (§5)."""
    groups = request.args.get("responseGroups") or ""
    named = {group.strip().lower() for group in groups.split(",")}
    return [key for group, key in _GROUPS.items() if group not in named] if groups.strip() else []
