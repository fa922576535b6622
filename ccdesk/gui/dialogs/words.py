"""The words of the questions the window asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ccdesk.core.errors import CcdeskError
from ccdesk.gui.components.plain import one_line
from ccdesk.gui.translation import marked, number, plural, say

FIRST_EXPORT = (
    marked(
        "All customers who have opted in to marketing are put on the list “{list_name}”. People who "
        "unsubscribed in Constant Contact, or left this list, are not added again."
    ),
    marked(
        "The export itself sends no welcome email. But an automation in Constant Contact that starts when a "
        "contact joins a list starts for everybody added, by whatever way they are added: it may send email "
        "to all of these people."
    ),
    marked(
        "If you are not sure, look in Constant Contact under Automations first, and pause those that start "
        "with joining this list."
    ),
)
LIST_CHANGE = (
    marked(
        "To maintain the integrity of your updates, Kibo recommends you only link one active contact list "
        "to eCommerce at a time. If a customer unsubscribes from one list but not another in Constant "
        "Contact AND you try to sync both lists to Kibo by changing the Contact List Name in the app, the "
        "most recent changes from one list will overwrite the other, potentially unsubscribing and "
        "resubscribing the same contact."
    ),
    marked(
        "The list “{old}” and its members stay as they are in Constant Contact. From now on only “{new}” is "
        "watched, and new contacts go there."
    ),
)
OTHER_ACCOUNT = (
    marked(
        "If you go on, what ccdesk remembers of the former account's contacts is dropped, and the next "
        "export starts from the beginning. Nothing is changed in the former account."
    ),
)
OTHER_SHOP = (marked("Nothing is changed in Kibo or in Constant Contact by this."),)
REMOVE_SECRET = (
    marked(
        "Without the shared secret ccdesk can neither read nor change customers in Kibo: no opt-in and no "
        "opt-out crosses over until it is entered again. Kibo shows it in Dev Center."
    ),
    marked("Nothing is changed in Kibo or in Constant Contact by this."),
)
GUARDED_RUN = (marked("“Not now” leaves everything as it is; the next run asks again."),)
WELCOMES = (
    marked(
        "These customers opted in, and are not on the list yet. Usually people sign up one by one, so this "
        "may be a file that was imported into Kibo; people who did not just sign up are surprised by a "
        "welcome email."
    ),
    marked(
        "Add Without puts them on the list now and sends no welcome email. Who they are is in the Sync "
        "Logs, under View of the last run of customer events."
    ),
)
OFF_LIST = (
    marked(
        "Leave Them Out exports everybody else. Whoever of them opts in again in the shop later is added "
        "then."
    ),
    marked("Add Them puts all of them on the list."),
)
PUT_RIGHT = (
    marked(
        "Both services are read anew for them. Then they are added, taken off the list, or opted in or out "
        "in Kibo, by the same rules and with the same guard as in every run; nobody else is changed. Nobody "
        "gets a welcome email from this."
    ),
)
RUNNING = (
    marked(
        "A run is in progress. If you quit, it stops after the current customer. Finished work is kept and "
        "the next export continues from there."
    ),
)
UNSAVED = (marked("The Settings tab has changes that are not saved."),)
UNSAVED_CONNECTION = (marked("The Kibo connection on the Info tab has changes that are not saved."),)
ENABLED = (
    marked(
        "ccdesk is enabled, but it syncs only while it is open or in the tray. After you quit, no "
        "unsubscribe reaches Kibo and no customer change reaches Constant Contact. It catches up when you "
        "open it again."
    ),
)
KEEP_RUNNING = (
    marked(
        "ccdesk is enabled, and it syncs only while it runs. This desktop has no tray where it could go on "
        "without its window: minimised it does."
    ),
    marked(
        "If you quit, no unsubscribe reaches Kibo and no customer change reaches Constant Contact until you "
        "open it again."
    ),
)


_NAMED = 5  # people a question names


@dataclass(frozen=True, slots=True)
class Words:
    """What a question says, in the window's language; paragraphs are plain text.

    `name` is the dialog's objectName. `no`: “Cancel” where it says nothing else.
    """

    name: str
    title: str
    paragraphs: tuple[str, ...]
    yes: str
    no: str = ""
    cancel: str = ""  # where "no" is an answer of its own: what puts the question off


def _paragraphs(texts: Sequence[str], **values: str) -> tuple[str, ...]:
    """Translate paragraphs; values go in last and on one line, as names are."""
    names = {key: one_line(value) for key, value in values.items()}
    return tuple(say(text).format(**names) for text in texts)


def _said(error: CcdeskError) -> tuple[str, ...]:
    return tuple(say(part) for part in (error.meaning, error.next_step) if part)


def first_export(list_name: str) -> Words:
    """Return the warning before the first export (design R2)."""
    return Words(
        "dlg_first_export",
        say("Export your customers for the first time?"),
        _paragraphs(FIRST_EXPORT, list_name=list_name),
        yes=say("&Sync Contacts"),
    )


def guarded_run(error: CcdeskError) -> Words:
    """Return the question before a run that would opt out or remove many people (design R8)."""
    return Words(
        "dlg_confirm_run",
        say(error.title),
        (*_said(error), *_paragraphs(GUARDED_RUN)),
        yes=say("&Do it"),
        no=say("&Not now"),
    )


def welcomes(count: int) -> Words:
    """Return the question before unusually many welcome emails are sent (design §3a R3)."""
    return Words(
        "dlg_welcomes",
        plural("Send {n} welcome emails at once?", "Send {n} welcome email at once?", count),
        _paragraphs(WELCOMES),
        yes=plural("&Send {n} Emails", "&Send {n} Email", count),
        no=say("&Add Without"),
        cancel=say("&Not Now"),
    )


def put_right(people: Sequence[str]) -> Words:
    """Return the question before chosen people, named by email or customer id, are put right."""
    named, more = ", ".join(people[:_NAMED]), len(people) - _NAMED
    if more > 0:
        named = say("{people} and {number} more").format(people=named, number=number(more))
    return Words(
        "dlg_put_right",
        plural("Put these {n} people right?", "Put this person right?", len(people)),
        (one_line(named), *_paragraphs(PUT_RIGHT)),
        yes=say("&Put Right"),
    )


def off_list(error: CcdeskError) -> Words:
    """Return the question before the first export onto a list that has members already (design §3a R2)."""
    return Words(
        "dlg_off_list",
        say(error.title),
        (say(error.meaning), *_paragraphs(OFF_LIST)),
        yes=say("&Add Them"),
        no=say("&Leave Them Out"),
        cancel=say("&Cancel"),
    )


def list_change(old: str, new: str) -> Words:
    """Return the warning before another list becomes the active one; it begins with the seed's FAQ (R7)."""
    return Words(
        "dlg_list_change",
        say("Change the list from “{old}” to “{new}”?").format(old=one_line(old), new=one_line(new)),
        _paragraphs(LIST_CHANGE, old=old, new=new),
        yes=say("&Change the List"),
    )


def other_account(error: CcdeskError) -> Words:
    """Return the question after a login that brought another account."""
    return Words(
        "dlg_other_account",
        say(error.title),
        (*_said(error), *_paragraphs(OTHER_ACCOUNT)),
        yes=say("&Use the New Account"),
        no=say("&Keep the Former One"),
    )


def other_shop(error: CcdeskError) -> Words:
    """Return the question before people are dropped because Kibo is another shop from now on."""
    return Words(
        "dlg_other_shop",
        say("Connect another Kibo tenant?"),
        (*_said(error), *_paragraphs(OTHER_SHOP)),
        yes=say("&Save and Start Over"),
    )


def setup_file(error: CcdeskError) -> Words:
    """Return the question before a set-up file is taken over that names other servers, or drops people."""
    return Words("dlg_setup_file", say(error.title), _said(error), yes=say("&Use the File"))


def remove_secret() -> Words:
    """Return the question before the Kibo shared secret is removed from this computer."""
    return Words(
        "dlg_remove_secret",
        say("Remove the Kibo shared secret?"),
        _paragraphs(REMOVE_SECRET),
        yes=say("&Remove"),
    )


def keep_running() -> Words:
    """Return the question when the window is closed while the application is enabled, without a tray."""
    return Words(
        "dlg_keep_running",
        say("Keep ccdesk running?"),
        _paragraphs(KEEP_RUNNING),
        yes=say("&Quit"),
        no=say("&Keep Running, Minimised"),
        cancel=say("Cancel"),
    )


@dataclass(frozen=True, slots=True)
class Reasons:
    """What closing the window would end or lose."""

    running: bool = False  # a run is under way
    enabled: bool = False  # nothing is synchronized while the window is closed
    settings: bool = False  # changes on the Settings tab that are not saved
    connection: bool = False  # changes of the Kibo connection that are not saved

    def __bool__(self) -> bool:
        """True if a person should be asked."""
        return self.running or self.enabled or self.settings or self.connection


def leave(reasons: Reasons) -> Words:
    """Return the question before the window closes, with a paragraph for each thing it would end or lose."""
    parts = (
        (reasons.running, RUNNING),
        (reasons.settings, UNSAVED),
        (reasons.connection, UNSAVED_CONNECTION),
        (reasons.enabled, ENABLED),
    )
    text = tuple(line for holds, words in parts if holds for line in _paragraphs(words))
    return Words("dlg_quit", say("Quit now?"), text, yes=say("&Quit"), no=say("&Stay"))
