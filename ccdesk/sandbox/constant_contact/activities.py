"""Bulk activities over HTTP: import, list memberships, export, and their reports (§14, §15)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, request

from ccdesk.sandbox.constant_contact.book import new_id
from ccdesk.sandbox.constant_contact.export import FIELDS, as_csv, selected
from ccdesk.sandbox.constant_contact.fields import ids_of, known_names, list_ids_of
from ccdesk.sandbox.constant_contact.gateway import CONTACTS_WRITE, Reply, guarded, json_body, state
from ccdesk.sandbox.constant_contact.importing import ImportJob, check_rows, rows_within_limit
from ccdesk.sandbox.constant_contact.jobs import Job
from ccdesk.sandbox.constant_contact.model import Contact, Json, Refusal, invalid, stamp
from ccdesk.sandbox.constant_contact.profile import Account
from ccdesk.sandbox.constant_contact.query import read_query
from ccdesk.sandbox.constant_contact.refusals import check_import, check_list_job

FILTERS = ("processing", "completed", "cancelled", "failed", "timed_out")
MAX_PAGE = 500
MAX_CONTACTS = 500
_IMPORT_NAMES = ("import_data", "list_ids", "sms_permission_to_send")
_LIST_NAMES = ("source", "exclude", "list_ids")
_EXPORT_NAMES = (
    "contact_ids",
    "list_ids",
    "tag_ids",
    "segment_id",
    "new_subscriber",
    "fields",
    "status",
    "exclude",
)

blueprint = Blueprint("cc_activities", __name__)


@blueprint.get("/v3/activities")
@guarded(CONTACTS_WRITE, "activities")
def get_activities(account: Account) -> Reply:
    """Return a page of the activities of the last 10 days, newest first."""
    query = read_query(("limit", "state"))
    wanted = query.one_of("state", FILTERS) or None
    page, below = account.jobs.recent(wanted, query.start or None, query.limit(MAX_PAGE))
    links = query.links(below, state().switches.last_page_links)
    return Reply({"activities": [job.as_json() for job in page], **links})


@blueprint.get("/v3/activities/<activity_id>")
@guarded(CONTACTS_WRITE, "activities")
def get_activity(account: Account, activity_id: str) -> Reply:
    """Return the report of one activity."""
    job = account.jobs.kept(activity_id)
    if job is None:
        raise Refusal(404, "The activity was not found.")
    return Reply(job.as_json())


@blueprint.post("/v3/activities/contacts_json_import")
@guarded(CONTACTS_WRITE, "activities")
def post_import(account: Account) -> Reply:
    """Queue an import; what lies beyond the first 4 MB is dropped without a word."""
    body = json_body()
    known_names(body, _IMPORT_NAMES)
    rows = check_rows(body.get("import_data"), account.custom_fields)
    lists = list_ids_of(body.get("list_ids"), "list_ids", account.book, least=1)
    check_import(rows, state().switches)
    work = ImportJob(account.rules, rows_within_limit(request.get_data(), rows), lists, account.custom_fields)
    return Reply(account.jobs.submit("contacts_json_import", work.first_status(), work.run).as_json(), 201)


@blueprint.post("/v3/activities/add_list_memberships")
@guarded(CONTACTS_WRITE, "activities")
def post_add(account: Account) -> Reply:
    """Queue adding contacts to lists; neither fields nor permission change."""
    body = json_body()
    lists = list_ids_of(body.get("list_ids"), "list_ids", account.book, least=1)

    def add(contact: Contact) -> None:
        account.rules.revive(contact)  # adding restores a deleted contact (§15)
        if contact.permission != "unsubscribed" or account.rules.switches.add_job_lists_unsubscribed:
            account.rules.put_on(contact, lists)

    return _list_job(account, body, "add_list_memberships", add)


@blueprint.post("/v3/activities/remove_list_memberships")
@guarded(CONTACTS_WRITE, "activities")
def post_remove(account: Account) -> Reply:
    """Queue taking contacts off lists; who is on none of them is no error."""
    body = json_body()
    lists = ids_of(body.get("list_ids"), "list_ids", least=1, most=50)
    if not all(map(account.book.has_list, lists)):
        raise Refusal(404, "A list was not found.")
    return _list_job(account, body, "remove_list_memberships", lambda one: account.rules.take_off(one, lists))


def _list_job(account: Account, body: Json, kind: str, act: Any) -> Reply:
    """Queue one act on every chosen contact; who is chosen is decided as the job ends."""
    known_names(body, _LIST_NAMES)
    source = _source_of(account, body)
    excluded = _excluded(body, source)
    switches, adding = state().switches, kind.startswith("add")
    if switches.list_job_refusal == "request":
        check_list_job(_chosen(account, source, excluded), switches, adding=adding)
    status = {"items_total_count": len(_chosen(account, source, excluded)), "items_completed_count": 0}
    status["list_count"] = len(body["list_ids"])

    def work(job: Job, share: float) -> None:
        contacts = _chosen(account, source, excluded)
        check_list_job(contacts, switches, adding=adding)
        for contact in contacts[: int(len(contacts) * share)]:
            try:
                act(contact)
            except Refusal as problem:
                job.errors.append(f"{contact.contact_id}: {problem.message}")
            job.status["items_completed_count"] += 1

    return Reply(account.jobs.submit(kind, status, work).as_json(), 201)


def _source_of(account: Account, body: Json) -> Json:
    """Check `source`: exactly one way to choose the contacts (§15)."""
    source = body.get("source")
    if not isinstance(source, dict) or len(source) != 1:
        raise invalid("source must have exactly one property")
    if "contact_ids" in source:
        ids_of(source["contact_ids"], "contact_ids", least=1, most=MAX_CONTACTS)
    elif "list_ids" in source:
        list_ids_of(source["list_ids"], "list_ids", account.book, least=1)
    elif "tag_ids" in source:
        ids_of(source["tag_ids"], "tag_ids", least=1, most=50)
    elif source != {"all_active_contacts": True}:
        raise invalid("source does not have a valid value")  # this account has no segments and no engagement
    return source


def _excluded(body: Json, source: Json) -> set[str]:
    exclude = body.get("exclude")
    if exclude is None:
        return set()
    if not isinstance(exclude, dict) or not source.keys() & {"list_ids", "all_active_contacts"}:
        raise invalid("exclude is only allowed with list_ids or all_active_contacts")
    return set(ids_of(exclude.get("contact_ids"), "exclude.contact_ids", most=MAX_CONTACTS))


def _chosen(account: Account, source: Json, excluded: set[str]) -> list[Contact]:
    book = account.book
    if "contact_ids" in source:
        found = [one for one in map(book.by_id, dict.fromkeys(source["contact_ids"])) if one is not None]
    elif "list_ids" in source:
        found = list(
            {one.contact_id: one for each in source["list_ids"] for one in book.members(each)}.values()
        )
    elif "tag_ids" in source:
        found = [one for one in book.contacts if set(source["tag_ids"]) & set(one.taggings)]
    else:
        found = [one for one in book.contacts if one.mailable]
    return [one for one in found if one.contact_id not in excluded]


@blueprint.post("/v3/activities/contact_exports")
@guarded(CONTACTS_WRITE, "activities")
def post_export(account: Account) -> Reply:
    """Queue a CSV export; the report links to the file once it is there."""
    body = json_body()
    _check_export(account, body)
    switches = state().switches
    if switches.export_trouble == "refused":
        raise Refusal(403, "Exports are not available to this account.", "access_denied")
    month_ago = stamp(state().clock.now() - timedelta(days=30))

    def work(job: Job, share: float) -> None:
        if share < 1:
            return  # half a file is no file
        contacts = selected(account.book, body, month_ago)
        job.results_id = new_id()
        account.exports[job.results_id] = as_csv(account.book, contacts, body.get("fields", []), switches)
        job.status["items_completed_count"] = job.status["items_total_count"] = len(contacts)

    total = len(selected(account.book, body, month_ago))
    status = {"items_total_count": total, "items_completed_count": 0}
    endless = switches.export_trouble == "never_ends"
    return Reply(account.jobs.submit("contact_exports", status, work, endless=endless).as_json(), 201)


def _check_export(account: Account, body: Json) -> None:
    """Check what to export: ways to select exclude each other, status goes with two of them (§15)."""
    known_names(body, _EXPORT_NAMES)
    ways = body.keys() & {"contact_ids", "list_ids", "tag_ids", "segment_id", "new_subscriber"}
    if len(ways) > 1 or "segment_id" in ways or ("status" in body and ways - {"contact_ids", "list_ids"}):
        raise invalid("These selections cannot be combined")
    if body.get("status", "active") not in ("active", "unsubscribed", "removed"):
        raise invalid("status does not have a valid value")
    for name, most in (("contact_ids", MAX_CONTACTS), ("tag_ids", 50)):
        if name in body:
            ids_of(body[name], name, least=1, most=most)
    if "list_ids" in body:
        list_ids_of(body["list_ids"], "list_ids", account.book, least=1)
    if "exclude" in body:
        exclude = body["exclude"]
        ids_of(
            exclude.get("contact_ids") if isinstance(exclude, dict) else None, "exclude.contact_ids", most=50
        )
    fields = body.get("fields", [])
    if not isinstance(fields, list) or not all(isinstance(one, str) and one in FIELDS for one in fields):
        raise invalid("fields does not have a valid value")


@blueprint.get("/v3/contact_exports/<file_export_id>")
@guarded(CONTACTS_WRITE, "activities")
def get_export(account: Account, file_export_id: str) -> Reply:
    """Return the file of an export."""
    file = account.exports.get(file_export_id)
    if file is None or state().switches.export_trouble == "file_missing":
        raise Refusal(404, "The export was not found.")
    return Reply(file, content_type="text/csv; charset=utf-8")
