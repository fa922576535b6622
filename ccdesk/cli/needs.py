"""What needs a person, worded for the command line: what it is, and the command that answers it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ccdesk.service.needs_you import Need, NeedKind


def words(need: Need) -> tuple[str, str]:
    """Return what is the matter and what to do, as one sentence without its full stop and one with it."""
    return _WORDS[need.kind](need)


def _since(moment: datetime | None) -> str:
    return f" since {moment.astimezone():%Y-%m-%d %H:%M}" if moment else ""


def _some(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _late(need: Need) -> tuple[str, str]:
    if need.count:
        title = f"{need.subject} failed {need.count:,} times in a row"
        good = f"; the last good run ended {need.since.astimezone():%Y-%m-%d %H:%M}" if need.since else ""
        return title + good, f"“ccdesk runs” says why; “ccdesk sync {need.subject}” tries again."
    title = f"{need.subject} has not run{_since(need.since)} although the application is enabled"
    return title, "Keep the window or “ccdesk run” running."


def _put_back(need: Need) -> tuple[str, str]:
    who = ", ".join(filter(None, need.people)) or "somebody"
    more = f" and {need.count - len(need.people):,} more" if need.count > len(need.people) else ""
    verb = "is" if need.count == 1 else "are"
    title = f"{who}{more} opted out, but {verb} on the list again{_since(need.since)}"
    return title, (
        "No later sign-up is known, and they are being mailed. Take them off the list in Constant Contact "
        "or, if they agreed anew, set the opt-in in Kibo; “ccdesk drift” names all of them, and “ccdesk "
        "drift --leave put_back” leaves them as they are."
    )


_WORDS: dict[NeedKind, Callable[[Need], tuple[str, str]]] = {
    NeedKind.LOGIN: lambda need: (
        "There is no valid login to Constant Contact" + (f" ({need.subject})" if need.subject else ""),
        "Run “ccdesk login”.",
    ),
    NeedKind.KIBO_SECRET: lambda _: (
        "The Kibo shared secret is missing",
        "Run “ccdesk settings set --kibo-secret”, or set CCDESK_KIBO_SHARED_SECRET.",
    ),
    NeedKind.LIST_DELETED: lambda need: (
        f"The list “{need.subject}” was deleted in Constant Contact; nothing is added or removed",
        "Choose another with “ccdesk settings set contact_list=NAME”, or set the same name to create it "
        "again, empty.",
    ),
    NeedKind.WRITES_STOPPED: lambda need: (
        f"Writing to Kibo is stopped: customer {need.subject} lost data when its opt-in was written",
        "Check that customer in Kibo's Admin, then run “ccdesk sync inbound --confirm”.",
    ),
    NeedKind.LOOP_STOPPED: lambda _: (
        "The automatic sync has stopped by a fault of ccdesk",
        "Quit ccdesk and start it again; “ccdesk bundle” writes what support needs.",
    ),
    NeedKind.OWED: lambda need: (
        f"Kibo has not taken {_some(need.count, 'opt-out')}{_since(need.since)}",
        "“ccdesk runs ID” of the last inbound run says why; “ccdesk sync inbound” tries again.",
    ),
    NeedKind.OWED_OPT_INS: lambda need: (
        f"Kibo has not taken {_some(need.count, 'opt-in')}{_since(need.since)}",
        "“ccdesk runs ID” of the last inbound run says why; “ccdesk sync inbound” tries again.",
    ),
    NeedKind.LATE: _late,
    NeedKind.EXPORT_FAILED: lambda need: (
        "The last export failed",
        f"“ccdesk runs {need.ids[0] if need.ids else 'ID'}” says why; “ccdesk sync export” goes on.",
    ),
    NeedKind.EXPORT_ASKS: lambda need: (
        f"The export waits for an answer{_since(need.since)}: {need.subject.partition('. ')[0]}",
        "“ccdesk sync export --leave-out” leaves them out, “--confirm” adds them.",
    ),
    NeedKind.REFUSED: lambda need: (
        f"{_some(need.count, 'change')} failed again and again",
        "“ccdesk events” says why; they are still tried again.",
    ),
    NeedKind.PARKED: lambda need: (
        f"{_some(need.count, 'change needs', 'changes need')} attention before "
        f"{'it' if need.count == 1 else 'they'} can be synced",
        "“ccdesk events” says why.",
    ),
    NeedKind.HELD: lambda need: (
        f"{_some(need.count, 'opt-out is', 'opt-outs are')} held back: unusually many at once",
        "“ccdesk held” names them; “ccdesk held do”, “later” or “mistake” answers for them"
        + (f", and “ccdesk sync {need.subject}” acts on it." if need.subject else "."),
    ),
    NeedKind.WELCOMES: lambda need: (
        f"{_some(need.count, 'welcome email waits', 'welcome emails wait')} for an answer, unusually many at "
        "once" + _since(need.since),
        "“ccdesk sync events --confirm” sends them; after “ccdesk settings set welcome_email=false” these "
        "people are added without.",
    ),
    NeedKind.NEWCOMERS: lambda need: (
        f"{_some(need.count, 'customer')} opted in under the email of a person who had opted out",
        "“ccdesk newcomers” names them; “ccdesk newcomers add ID” or “leave ID” answers.",
    ),
    NeedKind.DISAGREEMENT: _put_back,
}
