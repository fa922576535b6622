"""The report of one contact over HTTP: from which mailing they unsubscribed (constant-contact.md §22)."""

from __future__ import annotations

from flask import Blueprint, request

from ccdesk.sandbox.constant_contact.gateway import REPORTS_READ, Reply, guarded
from ccdesk.sandbox.constant_contact.model import Json, Refusal, invalid
from ccdesk.sandbox.constant_contact.profile import Account

_TYPES = ("em_sends", "em_opens", "em_clicks", "em_bounces", "em_optouts", "em_forwards")

blueprint = Blueprint("cc_reports", __name__)


@blueprint.get("/v3/reports/contact_reports/<contact_id>/activity_details")
@guarded(REPORTS_READ, "reports")
def get_activity_details(account: Account, contact_id: str) -> Reply:
    """Return what the contact did with mailings; the sandbox knows of opt-outs only."""
    listed = request.args.get("tracking_activities_list", "").split(",")
    wanted = [one for one in (*request.args.getlist("tracking_activity_type"), *listed) if one]
    if not wanted or not set(wanted) <= set(_TYPES):
        raise invalid("tracking_activity_type does not have a valid value")
    contact = account.book.by_id(contact_id)
    if contact is None:
        raise Refusal(404, "The contact was not found")
    found: list[Json] = []
    if contact.opt_out_mailing and "em_optouts" in wanted:
        activity_id, name = contact.opt_out_mailing
        found.append(
            {
                "contact_id": contact.contact_id,
                "campaign_activity_id": activity_id,
                "tracking_activity_type": "em_optouts",
                "campaign_activity_name": name,
                "created_time": contact.opt_out_date,
            }
        )
    return Reply({"tracking_activities": found, "_links": {}})
