"""Why: one reason for each decision, with the words that staff read."""

from __future__ import annotations

from enum import StrEnum

from ccdesk.core.words import marked


class Reason(StrEnum):
    """The reason of a decision; `text` is the sentence for staff."""

    IN_STEP = "in_step"
    NEW = "new"
    ADDED = "added"
    CAME_BACK = "came_back"
    REVIVED = "revived"
    SIGNED_UP = "signed_up"
    OPTED_OUT_IN_SHOP = "opted_out_in_shop"
    UNSUBSCRIBED = "unsubscribed"
    LEFT = "left"
    ASKED = "asked"
    WAITING_FOR_CONFIRMATION = "waiting_for_confirmation"
    ASKED_BEFORE = "asked_before"
    AGREED_OUT = "agreed_out"
    TOMBSTONE = "tombstone"
    WAITING = "waiting"
    LEFT_OUT = "left_out"
    PUT_ON_BY_STAFF = "put_on_by_staff"
    NOBODY_AGREES = "nobody_agrees"
    NEWCOMER = "newcomer"
    REFUSED = "refused"
    NOT_OURS = "not_ours"
    UNREADABLE = "unreadable"
    NOT_KNOWN_YET = "not_known_yet"
    LIST_GONE = "list_gone"
    DROPPED = "dropped"
    LEFT_AND_ANSWERED = "left_and_answered"

    @property
    def text(self) -> str:
        """The sentence for staff."""
        return _TEXTS[self]


_TEXTS = {
    Reason.IN_STEP: marked("opted in in the shop and on the list"),
    Reason.NEW: marked("opted in in the shop; not in Constant Contact yet"),
    Reason.ADDED: marked("opted in in the shop; not on the list yet"),
    Reason.CAME_BACK: marked("opted in in the shop after leaving the list"),
    Reason.REVIVED: marked("opted in in the shop after the contact was deleted in Constant Contact"),
    Reason.SIGNED_UP: marked("signed up in Constant Contact after opting out in the shop"),
    Reason.OPTED_OUT_IN_SHOP: marked("opted out in the shop"),
    Reason.UNSUBSCRIBED: marked("unsubscribed in Constant Contact"),
    Reason.LEFT: marked("left the list in Constant Contact"),
    Reason.ASKED: marked("opted in in the shop after unsubscribing; Constant Contact asks them to confirm"),
    Reason.WAITING_FOR_CONFIRMATION: marked("waiting for the person's confirmation"),
    Reason.ASKED_BEFORE: marked(
        "opted in in the shop after unsubscribing; the one confirmation was asked before"
    ),
    Reason.AGREED_OUT: marked("opted out on both sides"),
    Reason.TOMBSTONE: marked("deleted in Constant Contact; only a new opt-in brings them back"),
    Reason.WAITING: marked("waiting in Constant Contact: confirmation, hold or no permission set"),
    Reason.LEFT_OUT: marked("left this list while another was in use"),
    Reason.PUT_ON_BY_STAFF: marked("opted out in the shop, put on the list by somebody else"),
    Reason.NOBODY_AGREES: marked("on the list, but no account of theirs agrees any more"),
    Reason.NEWCOMER: marked("opted out; a newer account with the same email opted in"),
    Reason.REFUSED: marked("refused by Constant Contact several times"),
    Reason.NOT_OURS: marked("never opted in in the shop"),
    Reason.UNREADABLE: marked("cannot be read"),
    Reason.NOT_KNOWN_YET: marked("the outcome of an earlier step is not known yet"),
    Reason.LIST_GONE: marked("the list is gone from Constant Contact"),
    Reason.DROPPED: marked("called a mistake by staff, and not put back yet"),
    Reason.LEFT_AND_ANSWERED: marked("not on the list, though their opt-in was carried to it"),
}
