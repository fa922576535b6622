"""A new campaign draft with the chosen From and ReplyTo, for the active list (constant-contact.md §16).

It can neither schedule nor send: `core/ports/campaigns.py`. One request makes one draft at most. Names are
unique in an account: the name is noted before it is sent, and by it a draft whose answer was lost is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from ccdesk.core.clock import Clock, spoken_date
from ccdesk.core.emails import email_key
from ccdesk.core.errors import (
    AnswerLost,
    CcdeskError,
    ItemRefused,
    ListGone,
    NotFound,
    Refused,
    Remedy,
    SettingsError,
    Unreachable,
)
from ccdesk.core.limits import CAMPAIGN_NAME_MAX, FROM_NAME_MAX
from ccdesk.core.models import ContactList
from ccdesk.core.ports.campaigns import Campaign, Campaigns, Draft, NewDraft
from ccdesk.core.ports.store import Store
from ccdesk.core.settings import Settings
from ccdesk.core.text import cut, without_controls
from ccdesk.core.words import marked
from ccdesk.service.connections import MailClient
from ccdesk.service.lists import chosen_among, require_name
from ccdesk.sync.active_list import note_active_list

BEGUN = "draft.begun"  # in the store's state: sender and name of a draft that may have been made
_MOST_OF_A_DAY = 99
_SUBJECT_MAX = 200
_HTML = "<html><body>[[trackingImage]]<p>Write your email here.</p></body></html>"


@dataclass(frozen=True, slots=True)
class DraftMade:
    """A draft that is in Constant Contact now; nobody has scheduled or sent it.

    `address`: its page in the browser. `problem`: why the list is not chosen in it, if it is not.
    `made_before`: it came of an earlier request, whose answer was lost.
    """

    name: str
    campaign_id: str
    address: str
    contact_list: str
    from_email: str
    problem: CcdeskError | None = None
    made_before: bool = False


def new_draft(store: Store, mail: MailClient, settings: Settings, clock: Clock) -> DraftMade:
    """Make a draft; everything that can refuse it is looked at first.

    Raises:
        SettingsError: no list or address is chosen, or the address is not confirmed; nothing was made.
        ListGone: the list was deleted; nothing was made.
        AnswerLost: it may have been made; asked again, it is looked for first.
        CcdeskError: Constant Contact cannot be asked, or refuses; nothing was made.

    """
    active = _active_list(store, mail, settings.contact_list, clock.now())
    sender = _confirmed(settings.from_email, mail.senders())
    from_name = mail.account().organization or sender
    new = NewDraft(
        name="",
        from_name=cut(without_controls(from_name), FROM_NAME_MAX),
        from_email=sender,
        reply_to_email=sender,
        subject=cut(without_controls(f"News from {from_name}"), _SUBJECT_MAX),
        html=_HTML,
    )
    names = list(names_for(active.name or settings.contact_list, clock.now().astimezone()))
    draft, made_before = _Maker(store, mail, new, names).make()
    problem = _choose_list(mail, draft, active.id)
    return DraftMade(
        draft.name, draft.campaign_id, draft.web_address, active.name, sender, problem, made_before
    )


def names_for(list_name: str, at: datetime) -> Iterator[str]:
    """Yield the names a draft of that day may have: “Kibo customers – November 27th, 2026”, “… (2)”, …."""
    for number in range(1, _MOST_OF_A_DAY + 1):
        ending = f" – {spoken_date(at)}" + (f" ({number})" if number > 1 else "")
        yield cut(without_controls(list_name), CAMPAIGN_NAME_MAX - len(ending)) + ending


class _Maker:
    """Makes one draft under the first of some names that is free."""

    def __init__(self, store: Store, mail: Campaigns, new: NewDraft, names: list[str]) -> None:
        self._state, self._mail, self._new, self._names = store.state, mail, new, names
        sender, _, begun = self._state.get(BEGUN).partition(" ")
        self._begun = begun if sender == new.from_email and begun in names else ""

    def make(self) -> tuple[Draft, bool]:
        """Return the draft, and whether an earlier request made it."""
        known = self._known()
        if (earlier := self._found(known.get(self._begun.casefold()))) is not None:
            return self._done(earlier), True
        for name in self._names:
            if name.casefold() in known:
                continue
            try:
                return self._done(self._send(name)), False
            except ItemRefused as error:
                if error.code != "conflict":
                    self._state.set(BEGUN, "")
                    raise _refused(error) from None
            if name == self._begun and (earlier := self._look_for(name)) is not None:
                return self._done(earlier), True
        self._state.set(BEGUN, "")
        raise _no_name_left(self._names[0])

    def _send(self, name: str) -> Draft:
        """Make a draft of that name; if its answer is lost, look whether it is there."""
        self._state.set(BEGUN, f"{self._new.from_email} {name}")
        try:
            return self._mail.make_draft(replace(self._new, name=name))
        except AnswerLost as error:
            made = self._look_for(name)
            if made is None:
                raise _lost(name, error) from None
            return made
        except ItemRefused:
            raise
        except CcdeskError:  # it was not sent, or refused
            self._state.set(BEGUN, "")
            raise

    def _known(self) -> dict[str, Campaign]:
        pages = self._mail.campaigns()
        return {one.name.casefold(): one for page in pages for one in page}

    def _look_for(self, name: str) -> Draft | None:
        try:
            return self._found(self._known().get(name.casefold()))
        except Unreachable:
            return None

    def _found(self, campaign: Campaign | None) -> Draft | None:
        return self._mail.draft(campaign.id) if campaign is not None and campaign.is_draft else None

    def _done(self, draft: Draft) -> Draft:
        self._state.set(BEGUN, "")
        return draft


def _active_list(store: Store, mail: MailClient, name: str, now: datetime) -> ContactList:
    """Return the active list as the account has it now; it is never made here."""
    require_name(name, marked("make a draft for"))
    lists = mail.lists()
    note_active_list(store, lists, now)
    found = chosen_among(store, lists, name)
    if found is None:
        raise ListGone(
            marked("The contact list “{name}” is not in Constant Contact").format(name=name),
            meaning=marked("No draft was made: there is nobody it could go to."),
        )
    return found


def _confirmed(address: str, confirmed: list[str]) -> str:
    """Return the chosen address as the account spells it."""
    if not address:
        raise SettingsError(
            marked("No From and ReplyTo address is chosen"),
            meaning=marked("A campaign draft needs one. Nothing was made."),
            remedy=Remedy.CHOOSE_SENDER,
        )
    found = next((one for one in confirmed if email_key(one) == email_key(address)), None)
    if found is None:
        raise SettingsError(
            marked("“{address}” is not a confirmed address of the Constant Contact account").format(
                address=address
            ),
            meaning=marked("Only confirmed addresses may be used as From and ReplyTo. No draft was made."),
            next_step=marked("Confirm it in Constant Contact, or choose another."),
            remedy=Remedy.CHOOSE_SENDER,
        )
    return found


def _choose_list(mail: Campaigns, draft: Draft, list_id: str) -> CcdeskError | None:
    """Choose the list in the draft; return why it could not be done, for the draft is there all the same."""
    try:
        mail.choose_list(draft, list_id)
    except CcdeskError as error:
        return error
    return None


def _refused(error: ItemRefused | NotFound) -> Refused:
    return Refused(
        marked("Constant Contact did not make the draft"),
        meaning=error.meaning,
        next_step=marked(
            "If that is about the address, confirm it in Constant Contact or choose another; then try again."
        ),
        detail=error.detail,
        code="draft_refused",
    )


def _lost(name: str, error: AnswerLost) -> AnswerLost:
    return AnswerLost(
        marked("Constant Contact did not say whether the draft was made"),
        meaning=marked("It may be there under the name “{name}”. Nothing was sent to anybody.").format(
            name=name
        ),
        next_step=marked("Try again in a while: ccdesk looks for that name first and makes no second one."),
        detail=error.detail,
    )


def _no_name_left(name: str) -> SettingsError:
    return SettingsError(
        marked("There is no free name for another draft today"),
        meaning=marked("“{name}” and {n} more names like it are taken. No draft was made.").format(
            name=name, n=_MOST_OF_A_DAY - 1
        ),
        next_step=marked("Rename or delete some of these campaigns in Constant Contact."),
    )
