"""What the application needs before it can be enabled: nothing runs by itself without it (design R9)."""

from __future__ import annotations

from enum import StrEnum

from ccdesk.core.errors import SettingsError
from ccdesk.core.settings import Settings
from ccdesk.core.words import marked
from ccdesk.service.api import Connection, ConnectionState


class Step(StrEnum):
    """One thing to set up; the values are the window's names of places."""

    KIBO = "kibo"
    LOGIN = "login"
    LIST = "list"


WORDS = {
    Step.KIBO: marked("connect Kibo"),
    Step.LOGIN: marked("log in to Constant Contact"),
    Step.LIST: marked("choose a contact list"),
}
_NEVER_LOGGED_IN = (ConnectionState.NOT_SET_UP, ConnectionState.LOGIN_NEEDED)


def missing(settings: Settings, kibo: Connection, mail: Connection) -> tuple[Step, ...]:
    """Return what is not set up yet, in the order it is done.

    A service that does not answer just now is set up all the same: only what a person has to do counts.
    """
    needed = {
        Step.KIBO: not settings.kibo_ready or kibo.state is ConnectionState.NOT_SET_UP,
        Step.LOGIN: mail.state in _NEVER_LOGGED_IN,
        Step.LIST: not settings.contact_list,
    }
    return tuple(step for step, is_missing in needed.items() if is_missing)


def in_words(steps: tuple[Step, ...]) -> str:
    """Return what is missing as a list: “connect Kibo, log in to Constant Contact and choose …”."""
    words = [WORDS[step] for step in steps]
    if len(words) < 2:
        return words[0] if words else ""
    both = marked("{first} and {last}").format(first=words[-2], last=words[-1])
    return both if len(words) == 2 else marked("{first}, {rest}").format(first=words[0], rest=both)


def not_ready(steps: tuple[Step, ...]) -> SettingsError:
    """Return why the application cannot be enabled yet."""
    return SettingsError(
        marked("ccdesk cannot be enabled yet"),
        meaning=marked("Nothing could be synced."),
        next_step=marked("First {steps}.").format(steps=in_words(steps)),
        code="not_set_up",
    )
