"""`ccdesk draft`: a campaign draft with the chosen From and ReplyTo for the active list; nothing is sent."""

from __future__ import annotations

import argparse
from typing import Any

from ccdesk.cli import words
from ccdesk.cli.console import Console
from ccdesk.cli.stopping import stoppable
from ccdesk.container import Container
from ccdesk.core.errors import ExitCode
from ccdesk.service.drafts import DraftMade


def draft(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Make one, and say what it is called and where it is."""
    with stoppable() as cancel:
        made = container.desk.new_draft(cancel=cancel)
    if console.as_json:
        console.document(draft_document(made))
        return int(ExitCode.DONE)
    console.line(f"Draft made: {made.name}" if not made.made_before else f"The draft is there: {made.name}")
    console.line(f"  From and ReplyTo {made.from_email}; nothing is scheduled or sent")
    console.line(f"  {made.address}")
    if made.problem is not None:
        console.say(f"ccdesk: the list is not chosen in it. {words.text(made.problem)}")
    return int(ExitCode.DONE)


def draft_document(made: DraftMade) -> dict[str, Any]:
    """Return a draft; `note` says why the list is not chosen in it, if it is not."""
    return {
        "name": made.name,
        "campaign_id": made.campaign_id,
        "address": made.address,
        "from_email": made.from_email,
        "contact_list": made.contact_list,
        "list_chosen": made.problem is None,
        "made_before": made.made_before,
        "note": None if made.problem is None else words.text(made.problem),
    }
