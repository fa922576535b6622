"""Texts that runs and checks make as plain strings, to be stored: marked here, so that they are translated.

The window finds them by their English words (`translation.say`), alone or as parts of a longer text.
"""

from __future__ import annotations

from ccdesk.gui.translation import marked

PHASES = (
    marked("Connecting to Constant Contact"),
    marked("Writing to Kibo"),
    marked("Reading contacts from Constant Contact"),
    marked("Comparing customers in Kibo"),
    marked("Reading customers from Kibo"),
    marked("Comparing both sides"),
    marked("Processing opt-outs"),
    marked("Processing customer events"),
    marked("Reading what changed in Kibo since"),
    marked("Checking the result"),
    marked("Sending to Constant Contact"),
    marked("Looking for what was sent last"),
    marked("Waiting for what was sent last"),
    marked("Looking who left the list"),
    marked("Reading the list"),
    marked("Looking for accounts in Kibo"),
    marked("Looking for changes in Kibo"),
    marked("Looking for changes in Constant Contact"),
    marked("Looking for opt-outs in Constant Contact"),
    marked("Undoing"),
)
HOLDERS = (  # who works on the data, where it is no run
    marked("answering about welcome emails"),
    marked("answering what is held"),
    marked("changing the account"),
    marked("comparing both sides"),
    marked("forgetting a person"),
    marked("looking for events"),
    marked("saving settings"),
    marked("start-up"),
)
REASONS = (
    marked("opted out in Kibo"),
    marked("left the list in Constant Contact"),
    marked("The email ends in “.invalid”: nobody can have it."),
    marked("The email address is not valid: its domain has no dot."),
    marked("opted out in Kibo: being taken off the list"),
    marked("opted out in Kibo: taken off the list"),
    marked("both sides changed: the sign-up in Constant Contact is later than the opt-out in Kibo"),
    marked("opted out in Kibo; was not on the list"),
    marked("the customer has another email in Kibo than the one that signed up"),
    marked("customer is gone from Kibo"),
    marked("waiting for the person's confirmation"),
    marked("account is not active in Kibo: its opt-in is left as it is"),
    marked("opted in anew in Kibo after the opt-out: decided with the customer's event"),
    marked("waiting: the contact is deleted in Constant Contact, which asks for no confirmation then"),
    marked("waiting: the confirmation mail had been sent before"),
    marked(
        "waiting: Constant Contact has no contact with this email, and none that could be asked to confirm"
    ),
    marked("waits for an answer: unusually many welcome emails would be sent at once"),
    marked("new contact"),
    marked("already on the list"),
    marked("put on the list"),
    marked("deleted in Constant Contact"),
    marked("deleted contact brought back by the new opt-in"),
    marked("opted out in Constant Contact; the opt-out stands"),
    marked("not in Constant Contact any more (deleted, or its email changed there)"),
    marked("already on the list; contact from another source, left as it is"),
    marked("contact from another source: added to the list, its fields kept"),
    marked("nothing differs"),
    marked("fields brought up to date"),
    marked("put back on the list"),
    marked("taken off the list by undoing a run: left off until they opt in anew or sign up"),
    marked("another account of this person opted out: decided with the customer's event"),
    marked("may have left the list before its first export: left out until the customer opts in anew"),
    marked("opted out in Kibo meanwhile"),
    marked("no email in Kibo"),
    marked("email changed in Kibo; its event sees to it"),
    marked("put back on the list: the opt-out that was held is answered"),
    marked("put back on the list, but opted out in Kibo meanwhile: to be taken off the list"),
    marked("signed up in Constant Contact, but not provably after the “no” in Kibo; the “no” stands there"),
    marked("confirmed the resubscribe"),
    marked("resubscribed in Constant Contact"),
    marked("signed up in Constant Contact"),
    marked("left the list in Constant Contact, or unsubscribed, while Kibo did not show the customer"),
    marked("no change of opt-in or email"),
    marked("customer is gone from Kibo; the contact is left as it is"),
    marked("opted out in Kibo by mistake, as a person has said: left on the list"),
    marked("Kibo's answer for this account cannot be read; it is left as it is."),
    marked(
        "in Constant Contact but not on the list, which they may have left: decided with the first export"
    ),
    marked("already in Constant Contact"),
    marked(
        "opted in by an account that came after this person's opt-out, or by a guest: staff add or leave them"
    ),
    marked("The customer has no email in Kibo."),
    marked("Not on the list after it was sent to Constant Contact"),
    marked("email changed in Kibo after this was sent; its event saw to it"),
    marked("opted out after this was sent; what is newer is decided with the customer's event"),
    marked(
        "Signed up in Constant Contact, but the account cannot be read in Kibo: nothing was changed there. "
        "If the opt-in is not set, set it by hand."
    ),
    marked(
        "opted in again in Kibo after unsubscribing, and was asked for the one confirmation before: "
        "nothing is undone, and they get no mail until they sign up themselves"
    ),
    marked("added to another list than the active one: choose that list again to undo it"),
    marked("which list they were added to was not noted yet at that time: left as it is"),
    marked("nothing is remembered of this customer any more: left as it is"),
    marked("it is not known any more that this run switched the opt-in on: left as it is"),
    marked("the customer has another email by now: left as it is"),
    marked("taken off the list before, by an undo"),
    marked("opt-in switched off before, by an undo"),
    marked("the contact was deleted in Constant Contact since: left as it is"),
    marked("not on the list any more: left as it is"),
    marked("unsubscribed in Constant Contact: the opt-out stands"),
    marked("the customer is gone from Kibo: left as it is"),
    marked("The account or contact cannot be read; nothing was changed. Undo the run again later."),
    marked("opted out in Kibo since: the opt-out stands, and the ordinary runs carry it"),
    marked("opted out in Constant Contact since: the opt-out stands, and the ordinary runs carry it"),
    marked("opted in again in Kibo since: left as it is"),
    marked("signed up in Constant Contact since: left as it is"),
    marked("an opt-in since then waits for an answer: left as it is"),
    marked("put on the list by others since: left as it is"),
    marked("answered for by staff since: left as it is"),
    marked("left the list since: the opt-out stands, and the ordinary runs carry it"),
    marked("unsubscribed in Constant Contact"),
    marked("unsubscribed in Constant Contact, by its staff"),
)
SETTINGS = (  # why a value is refused, as `core/settings.py` says it
    marked("Give an address such as https://home.mozu.com."),
    marked("Only https addresses are allowed, except on this computer itself."),
    marked("Give the address without user name and password."),
    marked("Give the host with plain letters, digits, dots and hyphens only."),
    marked("Give the tenant's number, digits only."),
    marked("A list name has at most 255 characters."),
    marked("Give one email address of at most 80 characters."),
    marked("Give a number of days from 1 to 3650."),
)
