"""Email campaign drafts over HTTP (constant-contact.md §16). Nothing here can send."""

from __future__ import annotations

from flask import Blueprint

from ccdesk.sandbox.constant_contact.book import new_id
from ccdesk.sandbox.constant_contact.fields import known_names, text_of
from ccdesk.sandbox.constant_contact.gateway import (
    CAMPAIGN_READ,
    CAMPAIGN_WRITE,
    Reply,
    guarded,
    json_body,
    state,
)
from ccdesk.sandbox.constant_contact.model import Json, Refusal, invalid, stamp_ms, without_unset
from ccdesk.sandbox.constant_contact.profile import Account, Campaign
from ccdesk.sandbox.constant_contact.query import Test, read_query, take_page

MAX_PAGE = 500
MAX_HTML = 150_000
_LIMITS = {"from_name": 100, "from_email": 80, "reply_to_email": 80, "subject": 200, "preheader": 200}
_REQUIRED = ("from_name", "from_email", "reply_to_email", "subject")
_SUBS = ("html_content", "physical_address_in_footer", "document_properties", "permalink_url")
_SYSTEM = (
    "campaign_activity_id",
    "campaign_id",
    "role",
    "current_status",
    "format_type",
    "document_id",
    "template_id",
)

blueprint = Blueprint("cc_campaigns", __name__)


@blueprint.get("/v3/emails")
@guarded(CAMPAIGN_READ, "campaigns")
def get_campaigns(account: Account) -> Reply:
    """Return a page of the campaigns; the dates filter by last update."""
    query = read_query(("limit", "before_date", "after_date"))
    after, before = query.since("after_date", True), query.until("before_date", False)
    tests: list[Test[Campaign]] = [
        lambda one: (after or "") <= one.summary["updated_at"][:19] + "Z" < (before or "~"),
    ]
    page, following = take_page(account.campaigns, query.start, query.limit(MAX_PAGE), tests)
    links = query.links(following, state().switches.last_page_links)
    return Reply({"campaigns": [one.summary for one in page], **links})


@blueprint.post("/v3/emails")
@guarded(CAMPAIGN_WRITE, "campaigns")
def post_campaign(account: Account) -> Reply:
    """Create a draft: a free name, confirmed senders, own HTML with the tracking image; answers 200."""
    body = json_body()
    known_names(body, ("name", "email_campaign_activities"))
    name, activities = text_of(body.get("name"), "name", 80), body.get("email_campaign_activities")
    if name is None:
        raise invalid("name is missing")
    if not isinstance(activities, list) or len(activities) != 1 or not isinstance(activities[0], dict):
        raise invalid("email_campaign_activities must have one item")
    sent = activities[0]
    known_names(sent, ("format_type", *_LIMITS, "html_content", "physical_address_in_footer"))
    if sent.get("format_type") != 5:
        raise invalid("format_type does not have a valid value")
    fields = {**_fields(account, sent), "html_content": _html(sent.get("html_content"))}
    if any(one.summary["name"].lower() == name.lower() for one in account.campaigns):
        raise Refusal(409, "Campaign name is not unique")
    campaign = _new_campaign(account, name, fields, sent.get("physical_address_in_footer"))
    account.campaigns.append(campaign)
    return Reply(campaign.as_json())


def _fields(account: Account, sent: Json) -> Json:
    """Check the texts of an activity and its senders, which must be confirmed addresses of the account."""
    fields = {name: text_of(sent.get(name), name, most) for name, most in _LIMITS.items()}
    missing = [name for name in _REQUIRED if fields[name] is None]
    if missing:
        raise invalid(f"{', '.join(missing)} is missing")
    for name in ("from_email", "reply_to_email"):
        if not account.is_sender(fields[name]):
            raise invalid(f"{name} is not a confirmed email address of the account")
    return without_unset(fields)


def _html(value: object) -> str:
    html = text_of(value, "html_content", MAX_HTML)
    if html is None or "[[trackingImage]]" not in html:
        raise invalid("html_content is missing or has no [[trackingImage]]")
    return html


def _new_campaign(account: Account, name: str, fields: Json, footer: Json | None) -> Campaign:
    campaign_id, now = new_id(), stamp_ms(state().clock.now())
    summary = {
        "campaign_id": campaign_id,
        "name": name,
        "type": "CUSTOM_CODE_EMAIL",
        "type_code": 26,
        "current_status": "DRAFT",
        "created_at": now,
        "updated_at": now,
    }
    address = {**account.physical_address, "organization_name": account.summary["organization_name"]}
    activity = {
        "campaign_activity_id": new_id(),
        "campaign_id": campaign_id,
        "role": "primary_email",
        "current_status": "DRAFT",
        "format_type": 5,
        "contact_list_ids": [],
        "segment_ids": [],
        **fields,
        "physical_address_in_footer": footer or address,
    }
    return Campaign(summary, activity, new_id())


@blueprint.get("/v3/emails/<campaign_id>")
@guarded(CAMPAIGN_READ, "campaigns")
def get_campaign(account: Account, campaign_id: str) -> Reply:
    """Return one campaign with its activities, which the collection does not show."""
    found = next((one for one in account.campaigns if one.summary["campaign_id"] == campaign_id), None)
    if found is None:
        raise Refusal(404, "The campaign was not found.")
    return Reply(found.as_json())


@blueprint.get("/v3/emails/activities/<activity_id>")
@guarded(CAMPAIGN_READ, "campaigns")
def get_activity(account: Account, activity_id: str) -> Reply:
    """Return a campaign's activity; its sub-resources only when asked for."""
    include = read_query(("include",)).several("include", _SUBS)
    return Reply(_shown(_campaign_of(account, activity_id).activity, include))


def _shown(activity: Json, include: list[str]) -> Json:
    return {name: value for name, value in activity.items() if name not in _SUBS or name in include}


def _campaign_of(account: Account, activity_id: str) -> Campaign:
    for campaign in account.campaigns:
        if activity_id in (campaign.activity["campaign_activity_id"], campaign.permalink_id):
            return campaign
    raise Refusal(404, "The campaign activity was not found.")


@blueprint.put("/v3/emails/activities/<activity_id>")
@guarded(CAMPAIGN_WRITE, "campaigns")
def put_activity(account: Account, activity_id: str) -> Reply:
    """Update a draft's activity: top-level properties left out are cleared, sub-resources stay (§16)."""
    campaign, body = _campaign_of(account, activity_id), json_body()
    known_names(body, (*_LIMITS, *_SUBS, *_SYSTEM, "contact_list_ids", "segment_ids"))
    old = campaign.activity
    if activity_id == campaign.permalink_id or old["current_status"] not in ("DRAFT", "DONE"):
        raise invalid("Only the primary_email of a draft can be updated")
    lists, segments = body.get("contact_list_ids") or [], body.get("segment_ids") or []
    if lists and segments:
        raise invalid("contact_list_ids and segment_ids cannot be combined")
    if not isinstance(lists, list) or not all(account.book.has_list(one) for one in lists):
        raise invalid("contact_list_ids does not have a valid value")
    kept = {name: old[name] for name in (*_SYSTEM, *_SUBS) if name in old}
    subs = {name: body[name] for name in _SUBS if body.get(name) is not None and name != "permalink_url"}
    if "html_content" in subs:
        subs["html_content"] = _html(subs["html_content"])
    fields = _fields(account, body)
    campaign.activity = {**kept, **fields, **subs, "contact_list_ids": lists, "segment_ids": segments}
    campaign.summary["updated_at"] = stamp_ms(state().clock.now())
    return Reply(_shown(campaign.activity, list(_SUBS)))
