"""The rules that verdicts about one person go by, in plain words; `plan_why` finds which of them applies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ccdesk.core.drift import DriftKind
from ccdesk.core.why import Rule
from ccdesk.core.words import marked


@dataclass(frozen=True, slots=True)
class Says:
    """What a kind of difference says: see `core.why.Verdict`; `rule` is the rule in words."""

    wants: bool | None
    should: bool
    rule: Rule


R1_ONE = Rule("R1", marked("a person is mailed if any account with their email is opted in"))
R1_NONE = Rule("R1", marked("a person is not mailed when no account with their email is opted in"))
_R4_OUT = Rule("R4", marked("an opt-out in Constant Contact counts for every account with the email"))
_R4_ALONE = Rule(
    "R4", marked("being on the list is no consent by itself; people put there by others are left alone")
)
R1_SILENT = Rule(
    "§3a R1",
    marked(
        "an account that is disabled, gone or a guest's is no opt-out, but then nobody agrees any more: "
        "staff decide"
    ),
)

BY_KIND: Mapping[DriftKind, Says] = {
    DriftKind.PUT_BACK: Says(
        False,
        False,
        Rule(
            "§3a Disagreement",
            marked("an opt-out stands, even if others put the person back on the list: staff decide"),
        ),
    ),
    DriftKind.NOBODY_AGREES: Says(None, False, R1_SILENT),
    DriftKind.MISTAKE: Says(
        None,
        True,
        Rule(
            "§3a R8",
            marked("an opt-out that staff have called a mistake is not carried over, but stays listed"),
        ),
    ),
    DriftKind.HELD: Says(
        False, False, Rule("R8", marked("unusually many opt-outs at once wait for an answer"))
    ),
    DriftKind.OPT_OUT_DUE: Says(
        False, False, Rule("R3", marked("somebody newly opted out in the shop is taken off the list"))
    ),
    DriftKind.SIGN_UP_DUE: Says(
        True,
        True,
        Rule("R4", marked("somebody who signs up by their own act after opting out is opted in in Kibo")),
    ),
    DriftKind.NEVER_OPTED_IN: Says(False, False, _R4_ALONE),
    DriftKind.NO_ACCOUNT: Says(None, False, _R4_ALONE),
    DriftKind.UNSUBSCRIBED: Says(False, False, _R4_OUT),
    DriftKind.LEFT_LIST: Says(
        False,
        False,
        Rule("R4", marked("somebody who left the active list counts as opted out, and is opted out in Kibo")),
    ),
    DriftKind.CONFIRMING: Says(
        True,
        False,
        Rule("R3", marked("after an unsubscription a later opt-in has to be confirmed by the person")),
    ),
    DriftKind.ASKED_BEFORE: Says(
        True,
        False,
        Rule(
            "§3a R3", marked("nobody is asked to confirm twice; the opt-in stays in the shop, and is listed")
        ),
    ),
    DriftKind.DELETED: Says(
        True,
        False,
        Rule("R2", marked("people deleted in Constant Contact come back only by a new opt-in")),
    ),
    DriftKind.WAITING: Says(
        True,
        False,
        Rule(
            "R1", marked("a contact pending, on hold or without permission is neither opted in nor opted out")
        ),
    ),
    DriftKind.LEFT_OUT: Says(
        None,
        False,
        Rule(
            "§3a R2", marked("people who may have left the list before are left out until they opt in again")
        ),
    ),
    DriftKind.UNDONE: Says(
        True,
        False,
        Rule("§8 undo", marked("what an undo took back stays so until the person opts in or out anew")),
    ),
    DriftKind.NEWCOMER: Says(
        None,
        False,
        Rule(
            "§3a R1",
            marked("an account newer than the opt-out, or a guest's, does not lift it: staff decide"),
        ),
    ),
    DriftKind.INVALID_EMAIL: Says(
        True,
        True,
        Rule("R2", marked("an email that Constant Contact does not take has to be corrected in Kibo")),
    ),
    DriftKind.REFUSED: Says(
        None,
        False,
        Rule("R3", marked("a change that is refused again and again waits in the queue for staff")),
    ),
    DriftKind.NOT_ADDED: Says(
        True, True, Rule("R2, R3", marked("people who are opted in in the shop are put on the list"))
    ),
    DriftKind.CHANGE_DUE: Says(
        None,
        False,
        Rule(
            "R5",
            marked("of an opt-in and an opt-out the later act counts; if it cannot be told, the opt-out"),
        ),
    ),
    DriftKind.UNREADABLE: Says(
        None, False, Rule("R1", marked("what cannot be read is neither an opt-in nor an opt-out"))
    ),
}
UNKNOWN = Rule(
    "R2, R4", marked("nobody is added without an account that is opted in; ccdesk creates no customers")
)
NO_LIST = Rule("§3a R2, R4", marked("that the list was deleted says nothing about who wants email"))
