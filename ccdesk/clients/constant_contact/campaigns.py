"""Email campaign drafts (constant-contact.md §16). No call here schedules or sends one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from ccdesk.clients.constant_contact.session import PAGE_SIZE, MailSession
from ccdesk.clients.http.caller import Call
from ccdesk.clients.http.shape import Json, children, encode, required_object, required_text, text
from ccdesk.core.errors import ItemRefused, NotFound
from ccdesk.core.ports.campaigns import Campaign, Draft, NewDraft
from ccdesk.core.words import marked

_CUSTOM_CODE = 5  # the only format a client can fill by itself
_PRIMARY = "primary_email"
_RECIPIENTS = ("contact_list_ids", "segment_ids")
_API_HOST, _WEB_ORIGIN = "api.cc.email", "https://app.constantcontact.com"
_PAGE = "/pages/campaigns/email-details/details/activity/"


class CampaignCalls(MailSession):
    """Implements `ports.campaigns.Campaigns`."""

    def campaigns(self) -> Iterator[list[Campaign]]:
        """Yield pages of the account's campaigns, by any program or person; sent and deleted ones too."""
        for page in self._pages("/emails", {"limit": PAGE_SIZE}, "campaigns"):
            yield [_campaign(raw) for raw in page]

    def make_draft(self, new: NewDraft) -> Draft:
        """Make a draft; never repeated by itself. See `ports.campaigns.Campaigns`."""
        activity = {
            "format_type": _CUSTOM_CODE,
            "from_name": new.from_name,
            "from_email": new.from_email,
            "reply_to_email": new.reply_to_email,
            "subject": new.subject,
            "html_content": new.html,
        }
        body = {"name": new.name, "email_campaign_activities": [activity]}
        answer = self._send(self._post("/emails", body, item=True))
        made = required_object(answer)
        required_text(answer, made, "campaign_id")
        draft = self._draft_of(made, new.name)
        if draft is None:
            raise answer.unusable("an email of the campaign was expected")
        return draft

    def draft(self, campaign_id: str) -> Draft | None:
        """Return a draft made before, None if it is gone."""
        try:
            answer = self._send(Call(self._request("GET", f"/emails/{campaign_id}"), item=True))
        except NotFound:
            return None
        return self._draft_of(required_object(answer))

    def choose_list(self, draft: Draft, list_id: str) -> None:
        """Have a draft go to this list, if it goes to nobody yet: read, merge, PUT, verify."""
        path = f"/emails/activities/{draft.activity_id}"
        activity = required_object(self._send(Call(self._request("GET", path), item=True)))
        if any(activity.get(name) for name in _RECIPIENTS):
            return  # somebody has chosen already
        body = {name: value for name, value in activity.items() if name not in _RECIPIENTS}
        request = self._request("PUT", path, body=encode({**body, "contact_list_ids": [list_id]}))
        written = required_object(self._send(Call(request, idempotent=True, item=True)))
        chosen = written.get("contact_list_ids")
        if not isinstance(chosen, list) or list_id not in chosen:
            raise ItemRefused(
                marked("Constant Contact did not note the list in the draft"), code="list_not_chosen"
            )

    def _draft_of(self, raw: Json, name: str = "") -> Draft | None:
        """Read a campaign with its activities; None where its email is not among them."""
        emails = [one for one in children(raw, "campaign_activities") if text(one, "role") == _PRIMARY]
        activity_id = text(emails[0], "campaign_activity_id") if emails else ""
        if not activity_id:
            return None
        address = web_address(self._base, activity_id)
        return Draft(text(raw, "campaign_id"), text(raw, "name") or name, activity_id, address)


def web_address(base_url: str, activity_id: str) -> str:
    """Return the page that shows a draft. Other services than the public one have it on their own host."""
    parts = urlsplit(base_url)
    origin = _WEB_ORIGIN if parts.hostname == _API_HOST else f"{parts.scheme}://{parts.netloc}"
    return f"{origin}{_PAGE}{quote(activity_id, safe='')}"


def _campaign(raw: Json) -> Campaign:
    is_draft = text(raw, "current_status").lower() == "draft"
    return Campaign(text(raw, "campaign_id"), text(raw, "name"), is_draft)
