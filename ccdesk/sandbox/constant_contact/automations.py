"""The automations of the account over HTTP (constant-contact.md §17); the shape of the answer is a guess."""

from __future__ import annotations

from flask import Blueprint

from ccdesk.sandbox.constant_contact.gateway import AUTOMATIONS_READ, Reply, guarded
from ccdesk.sandbox.constant_contact.model import Json
from ccdesk.sandbox.constant_contact.profile import Account

blueprint = Blueprint("cc_automations", __name__)


@blueprint.get("/v3/automations/workflows")
@guarded(AUTOMATIONS_READ, "automations")
def get_workflows(account: Account) -> Reply:
    """Return the one automation there may be: that which the switch `list_join_automation` has start."""
    found: list[Json] = []
    if account.rules.switches.list_join_automation:
        trigger = {"trigger_type": "list_join", "list_ids": []}
        found.append({"workflow_id": "w1", "name": "Greeting", "status": "active", "trigger": trigger})
    return Reply({"workflows": found}, status=209)
