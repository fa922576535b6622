"""The service's own web pages, as far as a client opens them in the browser (constant-contact.md §16).

The real ones are on a host of their own and ask for a login; here everybody on this computer may look.
"""

from __future__ import annotations

from flask import Blueprint, Response

from ccdesk.sandbox.constant_contact.gateway import state
from ccdesk.sandbox.constant_contact.pages import draft_page, error_page
from ccdesk.sandbox.constant_contact.profile import Account, Campaign

blueprint = Blueprint("cc_web", __name__)


@blueprint.get("/pages/campaigns/email-details/details/activity/<activity_id>")
def show_draft(activity_id: str) -> Response:
    """Show a campaign draft."""
    with state().lock:
        for account in state().accounts.values():
            for campaign in account.campaigns:
                if campaign.activity["campaign_activity_id"] == activity_id:
                    return Response(draft_page(campaign.summary["name"], _lines(account, campaign)))
    return Response(error_page("There is no such campaign."), status=404)


def _lines(account: Account, campaign: Campaign) -> list[tuple[str, str]]:
    email = campaign.activity
    lists = [account.book.lists[one].name for one in email["contact_list_ids"] if one in account.book.lists]
    return [
        ("From", f"{email['from_name']} <{email['from_email']}>"),
        ("Reply to", email["reply_to_email"]),
        ("Subject", email["subject"]),
        ("To", ", ".join(lists) or "nobody chosen yet"),
    ]
