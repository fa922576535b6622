"""What a report tells of one contact: from which mailing they unsubscribed (constant-contact.md §22).

Best effort: not every role may read reports, and nothing is decided by them.
"""

from __future__ import annotations

import logging

from ccdesk.clients.constant_contact.session import MailSession
from ccdesk.clients.http.caller import Call
from ccdesk.clients.http.shape import children, moment, text
from ccdesk.core.errors import ItemError, ProxyRefused, RateLimited, ServiceError
from ccdesk.core.ports.reports import OptOutMailing

log = logging.getLogger(__name__)

_OPT_OUT = "em_optouts"
_NOT_FOR_US = frozenset({400, 403, 404})


class ReportCalls(MailSession):
    """Implements `ports.reports.Reports`."""

    def opt_out_mailing(self, contact_id: str) -> OptOutMailing | None:
        """Return the mailing through whose link somebody unsubscribed last, None if no report tells."""
        path = f"/reports/contact_reports/{contact_id}/activity_details"
        request = self._request("GET", path, {"tracking_activity_type": _OPT_OUT, "limit": "1"})
        try:
            answer = self._send(Call(request, accept=_NOT_FOR_US))
            found = children(answer.json(), "tracking_activities") if answer.status == 200 else []
        except (RateLimited, ProxyRefused):
            raise
        except (ServiceError, ItemError) as error:
            log.info("The report of a contact cannot be read: %s", error.title)
            return None
        of_opt_outs = [one for one in found if text(one, "tracking_activity_type") in ("", _OPT_OUT)]
        if not of_opt_outs:
            return None
        newest = of_opt_outs[0]  # the service sorts by date, the newest first
        name = text(newest, "campaign_activity_name") or text(newest, "campaign_activity_id")
        return OptOutMailing(name, moment(newest, "created_time")) if name else None
