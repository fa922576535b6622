"""One small tree of errors. Each says what happened, what it means, what to do next, and if retrying helps.

Front ends show `title`, `meaning` and `next_step`, whose words fit the window and the command line alike, and
word the `remedy` each in its own way (`gui/components/messages.py`, `cli/words.py`): one has tabs and
buttons, the other commands and the keys of settings. `detail` is the technical part that folds out and never
holds a token, a secret or a whole email address.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum

from ccdesk.core import redaction
from ccdesk.core.words import marked


def redact(text: str, limit: int = 300) -> str:
    """Return text fit for a `detail`: no email, no secret, one line, at most `limit` characters."""
    text = redaction.redact(" ".join(text.split()))
    return text if len(text) <= limit else text[: limit - 1] + "…"


class ExitCode(IntEnum):
    """Exit codes of the command line (design §6)."""

    DONE = 0
    OUR_FAULT = 1
    WRONG_USE = 2
    LOGIN_NEEDED = 3
    SERVICE = 4
    BUSY = 5
    CONFIRM = 6
    NOT_REPRODUCED = 7  # of a replay (design §8)
    STOPPED = 130  # what shells expect after Ctrl+C


class Remedy(StrEnum):
    """What a person can do about an error, where window and command line do it in different ways."""

    LOG_IN = "log_in"
    API_KEY = "api_key"
    CONNECT_KIBO = "connect_kibo"
    KIBO_SECRET = "kibo_secret"
    TENANT_ADDRESS = "tenant_address"
    CHECK_KEYS = "check_keys"
    CHOOSE_LIST = "choose_list"
    CHOOSE_SENDER = "choose_sender"
    CONFIRM_RUN = "confirm_run"
    OFF_LIST = "off_list"
    WELCOMES = "welcomes"
    OTHER_FOLDER = "other_folder"
    SECRETS_IN_FILE = "secrets_in_file"
    PLACE_FOR_SECRETS = "place_for_secrets"
    WINDOWS_STORE = "windows_store"
    FIXED_OUTSIDE = "fixed_outside"
    STORED_SETTING = "stored_setting"
    SEND_LOG = "send_log"


class CcdeskError(Exception):
    """Base of everything ccdesk raises on purpose.

    A `next_step` given for one error takes the place of its class's advice, `remedy` included.
    """

    title: str = marked("Something went wrong")
    meaning: str = ""
    next_step: str = ""
    remedy: Remedy | None = None
    retry_helps = False
    everybodys = False  # certainly not of the one person or thing the call was about: it ends the run
    exit_code = ExitCode.OUR_FAULT

    def __init__(
        self,
        title: str = "",
        *,
        meaning: str = "",
        next_step: str = "",
        remedy: Remedy | None = None,
        detail: str = "",
        code: str = "",
    ) -> None:
        self.title = title or type(self).title
        clean = redaction.without_secrets(meaning)  # it may be a service's words
        self.meaning = (meaning if clean == meaning else clean) or type(self).meaning
        self.next_step = next_step or ("" if remedy else type(self).next_step)
        self.remedy = remedy or (None if next_step else type(self).remedy)
        self.detail = redaction.without_secrets(detail)
        self.code = code or type(self).__name__
        super().__init__(self.text)

    @property
    def text(self) -> str:
        """Title, meaning and next step as one paragraph, fit to be stored: any front end may show it."""
        return " ".join(part for part in (sentence(self.title), self.meaning, self.next_step) if part)


def sentence(text: str) -> str:
    """Return a title as a sentence."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


class SettingsError(CcdeskError):
    """A setting is missing or malformed: nothing was changed. `setting` is its key, where one is meant."""

    title: str = marked("A setting is missing or not valid")
    exit_code = ExitCode.WRONG_USE
    setting = ""

    @property
    def text(self) -> str:
        """As of any error, and the key: no run begins with such a setting, so this is stored with none."""
        return f"{super().text} ({self.setting})" if self.setting else super().text


class LoginNeeded(CcdeskError):
    """The browser login to Constant Contact is missing, has run out or was refused."""

    title = marked("Log in to Constant Contact")
    meaning = marked("ccdesk has no valid login to Constant Contact, so nothing can be read or sent.")
    remedy = Remedy.LOG_IN
    exit_code = ExitCode.LOGIN_NEEDED


class ServiceError(CcdeskError):
    """A service could not be used; nothing was lost."""

    title = marked("A service could not be used")
    exit_code = ExitCode.SERVICE


class Unreachable(ServiceError):
    """No answer: name not found, refused, timed out, cut, or not the kind of answer the service gives."""

    title = marked("The service cannot be reached")
    meaning = marked("No usable answer came back. Nothing was lost; what is waiting stays in the queue.")
    next_step = marked("Check the network connection and the address, then try again.")
    retry_helps = True


class AnswerLost(Unreachable):
    """A write was sent and its answer lost: it may or may not have been done."""


class Refused(ServiceError):
    """The service understood and said no: wrong key, missing permission."""

    title = marked("The service refused")
    remedy = Remedy.CHECK_KEYS


class ProxyRefused(ServiceError):
    """The proxy between this computer and the service refused; asking it again at once would not help."""

    title = marked("The proxy does not let ccdesk through")

    def __init__(self, title: str = "", *, meaning: str = "", next_step: str = "", detail: str = "") -> None:
        super().__init__(title, meaning=meaning, next_step=next_step, detail=detail, code="proxy")


class RequestRefused(Refused):
    """What was sent was refused for what it holds (4xx): of many people it may lie in one (design §3a R2)."""


class RateLimited(ServiceError):
    """Too many calls just now; `retry_after` is seconds to wait."""

    title = marked("The service asks to slow down")
    meaning = marked("Too many calls in a short time. Nothing was lost.")
    next_step = marked("It goes on by itself in a while.")
    retry_helps = True

    def __init__(self, title: str = "", *, retry_after: float = 60.0, detail: str = "") -> None:
        super().__init__(title, detail=detail)
        self.retry_after = retry_after


GOES_ON = "It goes on by itself after"  # a time in UTC, and no more: the window says it in local time instead
GOES_ON_AFTER = marked("It goes on by itself after {time}.")


class QuotaUsedUp(ServiceError):
    """The day's calls of Constant Contact are used up until `until` (00:00 UTC)."""

    title = marked("Today's calls to Constant Contact are used up")
    meaning = marked("Constant Contact allows a number of calls a day for each API key. Nothing was lost.")
    retry_helps = True

    def __init__(self, until: datetime, detail: str = "") -> None:
        super().__init__(next_step=GOES_ON_AFTER.format(time=f"{until:%Y-%m-%d %H:%M} UTC"), detail=detail)
        self.until = until


class ItemError(CcdeskError):
    """One person's or item's failure: the run goes on with the others.

    Where it ends a run all the same, as with a job the service does not know any more, the service refused.
    """

    title = marked("This one could not be done")
    exit_code = ExitCode.SERVICE


class ItemRefused(ItemError):
    """The service refused this item (4xx): trying again will not help until somebody changes it."""


class FaultWithOne(ItemError):
    """A defect of ours in what concerns one person: it is kept with them and holds nobody else up."""

    title = marked("Something went wrong in ccdesk with this one")
    meaning = marked("Nothing more was done about them, so that nothing is lost. The others were done.")
    next_step = marked("Save diagnostics and send them to support; try this one again after an update.")
    remedy = Remedy.SEND_LOG


class Unreadable(ItemError):
    """The service's answer about this one holds values that cannot be meant; nothing is decided by it."""

    title = marked("The service's answer about this one cannot be used")
    meaning = marked("What it says of the opt-in, the email or the lists cannot be read. Nothing was lost.")
    next_step = marked("It is asked about again; if this stays, look at the account or contact there.")
    retry_helps = True


class EmailChanged(ItemError):
    """Nobody agreed under the email that the account has by now."""

    title = marked("The customer has just taken another email in Kibo")
    meaning = marked("The opt-in was not written: it was given for the email before.")
    retry_helps = True


class NotFound(ItemError):
    """The item does not exist at the service."""

    title = marked("Not found")


HELD_BY = marked("Only one run at a time can work on the same data. It is held by: {holder}.")


class Busy(CcdeskError):
    """Another run holds the lease of this store; `holder` says which, in the words of `ports.Lease.holder`.

    They name its process, which is for support: the window says it without (`gui/components/messages.py`).
    """

    title = marked("Another run is in progress")
    meaning = marked("Only one run at a time can work on the same data.")
    next_step = marked("Wait until it has finished, or cancel it where it runs, then try again.")
    retry_helps = True
    exit_code = ExitCode.BUSY

    def __init__(self, title: str = "", *, holder: str = "") -> None:
        super().__init__(title, meaning=HELD_BY.format(holder=holder) if holder else "")
        self.holder = holder


class Cancelled(CcdeskError):
    """Somebody asked to stop; what was done so far stands."""

    title = marked("Cancelled")
    meaning = marked("The run stopped when asked. What was done so far stands.")


class ConfirmNeeded(CcdeskError):
    """A person must confirm before the run goes on (design R8)."""

    title = marked("Please confirm")
    remedy = Remedy.CONFIRM_RUN
    exit_code = ExitCode.CONFIRM


class RunAsks(ConfirmNeeded):
    """A run did all its work but for some people, who wait for an answer.

    `anew` is False if all of them waited before this run.
    """

    anew = True


class ManyHeld(RunAsks):
    """More people than usual would be opted out or removed: the run held them all and changed nothing (R8).

    Who they are is noted with the run, as `Outcome.HELD`.
    """


class ManyWelcomes(RunAsks):
    """More welcome emails than usual would be sent; nobody of those who would get one was added (§3a R3)."""

    remedy = Remedy.WELCOMES


class ListHasMembers(ConfirmNeeded):
    """A person must say what becomes of customers who may have left a list new to ccdesk (design §3a R2)."""

    remedy = Remedy.OFF_LIST


class ListGone(SettingsError):
    """The active list is not in the account (any more)."""

    title = marked("The contact list is gone from Constant Contact")
    meaning = marked(
        "The list chosen in the settings no longer exists there, so nothing was sent or removed."
    )
    remedy = Remedy.CHOOSE_LIST


class StoreError(CcdeskError):
    """The database cannot be read or written."""

    title = marked("The data file cannot be used")
    next_step = marked("Check that the folder can be written and the disk is not full.")
    exit_code = ExitCode.WRONG_USE


class VaultError(CcdeskError):
    """The place for secrets cannot be used; never replaced by another one in silence (design §6)."""

    title = marked("The system's keyring cannot be used")
    meaning = marked("Login tokens and the Kibo secret are kept there, so they could not be read or saved.")
    next_step = marked("Unlock or install a keyring.")
    remedy = Remedy.SECRETS_IN_FILE
    exit_code = ExitCode.WRONG_USE


def our_fault(error: Exception, *, meaning: str) -> CcdeskError:
    """Return what a defect of ours is told as, wherever the last net catches it."""
    return CcdeskError(
        marked("Something went wrong in ccdesk"),
        meaning=meaning,
        remedy=Remedy.SEND_LOG,
        detail=redact(f"{type(error).__name__}: {error}"),
        code="our_fault",
    )
