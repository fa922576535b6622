"""What really happened, kept beside the sandbox: who did what when, and what our own calls changed.

Every rule broken by one of our calls is noted the moment it happens (`broken`). The oracle knows the order
of all acts exactly, ccdesk only what the services tell; so a rule is stated as strictly as design R1 to R7
make it, and an act inside the running run counts for nobody: between our look and our call anyone may act.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ccdesk.consent.model import Act
from ccdesk.core.models import LinkState, email_key
from ccdesk.sandbox.constant_contact.jobs import RUNNING
from ccdesk.sandbox.constant_contact.model import Contact
from tests.shadow.watch import Watch
from tests.soak.inprocess import Bench

_FIELDS = ("first_name", "last_name", "job_title", "company_name", "birthday_month", "birthday_day")
_PARTS = ("anniversary", "phones", "addresses", "custom_fields", "taggings", "notes", "sms")


@dataclass(frozen=True)
class Seen:
    """One contact as it is at a moment, as far as the rules look at it."""

    email: str
    permission: str
    deleted: bool
    on_list: bool
    others: frozenset[str]
    fields: tuple[Any, ...]
    out_source: str
    asked: Any

    @property
    def mailed(self) -> bool:
        """True for a member of the active list who may be mailed."""
        return self.on_list and self.may_be_mailed

    @property
    def may_be_mailed(self) -> bool:
        """True for a contact that only has to be put on the list."""
        return not self.deleted and self.permission in ("explicit", "implicit")


@dataclass(frozen=True)
class State:
    """One account of the shop from a moment on."""

    at: datetime
    email: str
    accepts: bool
    active: bool
    gone: bool = False


@dataclass(frozen=True)
class Done:
    """One act: kibo_in, kibo_out, unsubscribed, left, came, agreed (elsewhere), deleted, added (by staff).

    An `account` of `added` is that of a newcomer.
    """

    at: datetime
    kind: str
    email: str
    account: int = 0
    known: bool = True  # can be known: for `left` see `_shows_leaving`, for `kibo_out` it saw the opt-in
    knowers: frozenset[int] = frozenset()  # the accounts ccdesk had tied to the email
    person: bool = True
    dated: bool = True  # the service shows when it was (for `came`)


class Truth:
    """The oracle's memory. `run_began` is the start of the run going on, for what it could have known."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.watch = Watch()
        self.broken: list[str] = []
        self.acts: list[Done] = []
        self.states: dict[int, list[State]] = {}
        self.ours: set[str] = set()
        self.made: dict[str, datetime] = {}  # when others made a contact
        self.put_by_us: set[str] = set()
        self.traced: dict[str, tuple[Any, ...]] = {}  # made by us on the list, and as we made them since
        self.moved_away: set[str] = set()
        self.absent: set[str] = set()  # an export going on must ask before it puts these contacts on the list
        self.added_at: dict[tuple[str, str], datetime] = {}  # when we last put a contact on a list
        self.taken_off: dict[tuple[str, str], datetime] = {}  # when an undo last took a contact off a list
        self.switched_on: dict[int, datetime] = {}  # when we last switched an opt-in on in Kibo
        self.switched_back: dict[int, datetime] = {}  # when an undo last switched it off again
        self.left_out: dict[str, datetime] = {}  # staff said so when a first export asked, and when
        self.erased: set[str] = set()  # compared emails that staff had forgotten
        self.run_began = bench.time.now()
        self.known_from = self.run_began  # what was before, a call that takes effect now may have known
        self.run_kind = ""
        self.runs: dict[int, datetime] = {}  # when each run began, by the services' time
        self.view: dict[str, Seen] = self._look()
        self.mails = len(bench.cc.outbox)
        self.prints: dict[int, str] = {}

    def begin(self, kind: str) -> None:
        """Note that a run begins. A job that an earlier run has begun may end in this one."""
        self.bench.cc.account.jobs.pump()
        if not any(job.state in RUNNING for job in self.bench.cc.account.jobs.jobs.values()):
            self.known_from = self.bench.time.now()
        self.run_began, self.run_kind = self.bench.time.now(), kind

    # ------------------------------------------------------------ looking

    def _look(self) -> dict[str, Seen]:
        bench = self.bench
        bench.cc.account.jobs.pump()
        active = bench.cc.list_id(bench.list_name)
        return {one.contact_id: _seen(one, active) for one in bench.cc.account.book.contacts}

    @property
    def _list(self) -> str:
        """The active list; one made anew under the name of a deleted one is another."""
        return str(self.bench.cc.list_id(self.bench.list_name))

    def _accounts(self) -> dict[int, State]:
        now = self.bench.time.now()
        return {
            one.id: State(now, email_key(one.email or ""), bool(one.accepts), one.active)
            for one in self.bench.kibo.book
        }

    def _note_states(self) -> None:
        now, present = self.bench.time.now(), self._accounts()
        for account, state in present.items():
            known = self.states.setdefault(account, [])
            if not known or (known[-1].email, known[-1].accepts, known[-1].active) != (
                state.email,
                state.accepts,
                state.active,
            ):
                known.append(state)
        for account, known in self.states.items():
            if account not in present and not known[-1].gone:
                known.append(State(now, known[-1].email, False, False, gone=True))

    def present(self, account: int) -> State | None:
        """Return an account as it is now, None if there is none."""
        found = self.states.get(account)
        return None if not found or found[-1].gone else found[-1]

    def choose_list(self, name: str) -> None:
        """Go by another list from now on; who was put on the one before by us is nobody's concern (R7).

        Jobs begun for the one before still end there: let them, so that they are not taken for later acts.
        """
        self.bench.cc.account.jobs.finish_all()
        self.settle()
        self.bench.list_name = name
        self.put_by_us.clear()
        self.traced.clear()
        self.left_out.clear()  # staff answered for the list before; this one has a question of its own
        self.view = self._look()

    def begin_export(self, *, must_ask: bool) -> None:
        """Note whom an export may put on the list only once a person has said so."""
        off = {contact for contact, seen in self.view.items() if seen.may_be_mailed and not seen.on_list}
        self.absent = off if must_ask else set()

    def answered(self, *, leave_out: bool) -> None:
        """Take what staff say about them."""
        if leave_out:
            known = (one for one in self.absent if not self._opted_in_lately(self.view[one].email))
            self.left_out |= dict.fromkeys(known, self.bench.time.now())
        self.absent = set()

    def _opted_in_lately(self, email: str) -> bool:
        """Say whether an opt-in is on its way that was made before staff answered: it is a new one, too."""
        links = self.bench.container.store.links.by_email(email)
        accepts = {account for account in self.states if (now := self.present(account)) and now.accepts}
        return any(one.kibo_opted_in is not True and one.customer_id in accepts for one in links)

    def installed_anew(self) -> None:
        """Forget what only the installation before this one could know."""
        self.settle()
        self.acts = [replace(one, known=False, knowers=frozenset()) for one in self.acts]
        self.made |= dict.fromkeys(self.view, self.bench.time.now())
        remembered = (self.left_out, self.taken_off, self.added_at, self.switched_on, self.switched_back)
        for known in (self.ours, self.put_by_us, self.traced, self.runs, *remembered):
            known.clear()

    def forgotten(self, email: str) -> None:
        """Count a deletion by staff as an opt-out: of whichever it was only a hash stays (design §8)."""
        key = email_key(email)
        self.erased.add(key)
        if any(one.email == key and one.kind == "deleted" for one in self.acts):
            self.acts.append(Done(self.bench.time.now(), "left", key, known=False, person=False))

    # ------------------------------------------------------------ acts of others

    def act(self, do: Callable[[], object]) -> None:
        """Let somebody act: what changes now is not our doing."""
        self.settle()
        self.compare_prints()
        do()
        self.take_prints()
        before, self.view = self.view, self._look()
        for contact, seen in self.view.items():
            old = before.get(contact)
            if old is None:
                self.made[contact] = self.bench.time.now()
            if seen.mailed and not (old and old.mailed):
                self.put_by_us.discard(contact)
        self._note_traces()
        self.mails = len(self.bench.cc.outbox)
        self._note_kibo()

    def _note_kibo(self) -> None:
        before = {account: known[-1] for account, known in self.states.items()}
        self._note_states()
        now = self.bench.time.now()
        for account, known in self.states.items():
            new, old = known[-1], before.get(account)
            if old is None:
                kind = "kibo_in" if new.accepts else "kibo_out"
                self.acts.append(Done(now, kind, new.email, account, known=new.accepts))
            elif new is not old and not new.gone:
                if new.accepts != old.accepts:
                    kind = "kibo_in" if new.accepts else "kibo_out"
                    link = self.bench.container.store.links.get(account)
                    known = link is not None and (link.kibo_opted_in is True or link.seen_set)
                    self.acts.append(Done(now, kind, new.email, account, known=known))
                if new.email != old.email:
                    self.moved_away.add(old.email)
            elif new is not old:
                self.moved_away.add(old.email)
                self._forget_unlooked_at(account)

    def _forget_unlooked_at(self, account: int) -> None:
        """Count an opt-out as unknown that nobody had looked at before the account was deleted."""
        link = self.bench.container.store.links.get(account)
        if link is not None and link.kibo_opted_in is not False and link.out_after is None:
            self._unknown(lambda one: one.account == account and one.kind == "kibo_out")

    def list_deleted(self) -> None:
        """Count a leaving as unknown that nobody had looked at before the whole list was deleted."""
        links = self.bench.container.store.links
        self._unknown(
            lambda one: one.kind == "left" and any(link.on_list for link in links.by_email(one.email))
        )

    def _unknown(self, which: Callable[[Done], bool]) -> None:
        self.acts = [replace(one, known=False) if which(one) else one for one in self.acts]

    def note(self, kind: str, email: str, *, person: bool = True, dated: bool = True) -> None:
        """Remember an act on the mailing side; to be called before it is done."""
        key = email_key(email)
        links = self.bench.container.store.links.by_email(key)
        known = any(one.on_list and one.state is not LinkState.CLOSED for one in links)
        known = known or self._shows_leaving(key)
        now = self.bench.time.now()
        knowers = frozenset(one.customer_id for one in links)
        self.acts.append(Done(now, kind, key, known=known, knowers=knowers, person=person, dated=dated))

    def added(self, account: int, email: str) -> None:
        """Remember that staff add a newcomer; `known` where ccdesk has seen all that its person did."""
        links, key = self.bench.container.store.links, email_key(email)
        off = not any(seen.email == key and seen.on_list for seen in self.view.values())
        seen = off and not any(one.on_list for one in links.by_email(key))
        for number in self.states:
            state, link = self.present(number), links.get(number)
            if state is not None and state.email == key:
                seen = seen and link is not None and link.kibo_opted_in is state.accepts
        self.acts.append(Done(self.bench.time.now(), "added", key, account, known=seen))

    def _note_traces(self) -> None:
        for contact, fields in list(self.traced.items()):
            seen = self.view.get(contact)
            if seen is None or not seen.mailed or seen.fields != fields:
                del self.traced[contact]

    def _shows_leaving(self, email: str) -> bool:
        """Say whether a contact shows by itself that its person has left: made by us, and then on no list.

        Then nobody need ever have seen them on it: a contact of ours comes with the list.
        """
        return any(
            seen.email == email and contact in self.traced and not seen.others
            for contact, seen in self.view.items()
        )

    # ------------------------------------------------------------ our own calls

    def settle(self) -> None:
        """Judge what changed since the last look: it was us."""
        before, self.view = self.view, self._look()
        for contact, seen in self.view.items():
            old = before.get(contact)
            if old == seen:
                continue
            if old is None:
                self.ours.add(contact)
            if old is None and seen.mailed:
                self.traced[contact] = seen.fields
            self._judge_contact(contact, old, seen)
        self._note_traces()
        for contact in before.keys() - self.view.keys():
            self._break("a contact is gone by our call", before[contact].email)
        self._judge_mails()
        self._judge_kibo()

    def _break(self, rule: str, detail: object) -> None:
        self.broken.append(f"{rule}: {detail} (in {self.run_kind or 'no run'})")

    def _judge_contact(self, contact: str, old: Seen | None, new: Seen) -> None:
        name = new.email
        if old is not None:
            known = contact not in self.ours and self.made.get(contact, self.run_began) < self.run_began
            if known and old.fields != new.fields:
                self._break("R2: a foreign contact's field was changed by us", (name, old.fields, new.fields))
            if new.deleted and not old.deleted:
                self._break("a contact was deleted by us", name)
            if new.email != old.email:
                self._break("a contact's email was changed by us", (old.email, name))
            if new.permission == "unsubscribed" != old.permission:
                self._break("R3: a contact was unsubscribed by us", name)
        self._tell(contact, old, new)
        others = old.others if old is not None else frozenset()
        if new.others != others:
            self._break("another list than the active one was touched by us", name)
        if old is not None and old.on_list and not new.on_list and self.run_kind == "undo":
            self._judge_taking_off(contact, new)
        mailed = new.mailed and not (old is not None and old.mailed)
        if mailed or (
            new.on_list and not (old is not None and old.on_list)
        ):  # who is to confirm is on it, too
            self.added_at[self._list, contact] = self.bench.time.now()
        if mailed:
            self.put_by_us.add(contact)
            for why in self._may_not_be_added(contact, old, new):
                self._break(f"put on the list although {why}", name)

    def _judge_taking_off(self, contact: str, new: Seen) -> None:
        """An undo takes off whom we put on the list, and nobody who has acted since, as could be known."""
        added = self.added_at.get((self._list, contact))
        if added is None:
            self._break("undo: taken off the list although we had not put them there", new.email)
            return
        if acts := self._acted_between(new.email, added, self.run_began):
            self._break("undo: taken off the list although they have acted since", (new.email, acts))
        self.taken_off[self._list, contact] = self.bench.time.now()

    def _acted_between(self, email: str, since: datetime, until: datetime) -> list[Done]:
        """Return the opt-ins of a person between two moments."""
        return [
            one
            for one in self.acts
            if since < one.at < until
            and one.kind in ("kibo_in", "came")
            and (one.email == email or self._has(one.account, email))
        ]

    def _tell(self, contact: str, old: Seen | None, new: Seen) -> None:
        if new.mailed and not (old is not None and old.mailed):
            act = Act.CREATE if old is None else Act.REVIVE if old.deleted else Act.ADD
            self.watch.wrote_contact(act, contact, new.email, created=old is None)
        elif old is not None and old.on_list and not new.on_list:
            self.watch.wrote_contact(Act.REMOVE, contact, new.email, created=False)

    def _may_have_left(self, contact: str, email: str) -> list[str]:
        """Say whether they may have left a list that had members before ccdesk came to it (§3a R2)."""
        if contact in self.absent:
            return ["the list had members, and nobody was asked"]
        left_out = self.left_out.get(contact)
        back = ("kibo_in", "came", "added")
        if left_out is None or any(
            one.at > left_out and one.kind in back and (one.email == email or self._has(one.account, email))
            for one in self.acts
        ):
            return []
        return ["staff left them out, and they did not opt in since"]

    def _came_after(self, email: str, at: datetime) -> bool:
        back = ("kibo_in", "came", "added")
        return any(
            one.at > at and one.kind in back and (one.email == email or self._has(one.account, email))
            for one in self.acts
        )

    def _may_not_be_added(self, contact: str, old: Seen | None, new: Seen) -> list[str]:
        began, email, why = self.known_from, new.email, self._may_have_left(contact, new.email)
        undone = self.taken_off.get((self._list, contact))
        if undone is not None and not self._came_after(email, undone):
            why.append("an undo took them off, and they did not opt in since")
        if not self._wanted(email):
            why.append("no account with this email wants mail")
        outs = [one for one in self.acts if one.email == email and one.kind == "unsubscribed"]
        last_out = max((one.at for one in outs if one.at < began), default=None)
        ins = [
            one.at
            for one in self.acts
            if one.kind in ("kibo_in", "came") and (one.email == email or self._has(one.account, email))
        ]
        if old is not None and old.permission == "unsubscribed" and last_out is not None:
            later = any(at > last_out for at in ins)
            if not old.deleted or (old.out_source == "Contact" and not later):
                why.append("they unsubscribed before this run, and did not come back themselves")
        lefts = [one.at for one in self.acts if one.email == email and one.kind == "left" and one.known]
        left = max((at for at in lefts if at < began), default=None)
        if left is not None and not self._came_back(email, left):
            why.append("they were known to have left the list before this run")
        return why

    def _came_back(self, email: str, left: datetime) -> bool:
        """Say whether something lifts a leaving: own acts, staff, or an account that is no newcomer (R1)."""
        return any(
            one.at > left
            and (
                (one.kind in ("came", "added") and (one.email == email or self._has(one.account, email)))
                or (one.kind == "kibo_in" and self._lifts(one.account, email, left))
            )
            for one in self.acts
        )

    def _lifts(self, account: int, email: str, opt_out: datetime) -> bool:
        """Say whether an account was there under the email before an opt-out, and is no guest (§3a R1)."""
        first = min((one.at for one in self.states.get(account, ()) if one.email == email), default=None)
        present = self.bench.kibo.book.get(account)
        return first is not None and first < opt_out and not (present and present.anonymous)

    def _is_of_another_email(self, account: int, email: str, opt_out: Done) -> bool:
        """Say whether an opt-out was stated of another email, before this account opted in to this one.

        The account that opted out took the email afterwards: it is not from there that its person opted out.
        """
        taken = (one.at for one in self.states[opt_out.account] if one.email == email and one.at > opt_out.at)
        moved = min(taken, default=None)
        if moved is None or self._email_at(opt_out.account, opt_out.at) == email:
            return False
        ins = (one.at for one in self.acts if one.kind == "kibo_in" and one.account == account)
        return any(opt_out.at < at < moved for at in ins)

    def counts_beside(self, account: int, email: str) -> bool:
        """Say whether an account's opt-in counts beside every flag that others have cleared (§3a R1).

        One from before its person left the list does not, though staff's *Add* of another put them back.
        """
        refusals = self._refusals(email, datetime.max.replace(tzinfo=UTC))
        if not all(self._stands_beside(account, email, one) for one in refusals):
            return False
        acts = [one for one in self.acts if one.email == email or one.account == account]
        said = [one.at for one in acts if one.kind in ("kibo_in", "added") and one.account == account]
        back = [one.at for one in acts if one.kind == "came"]
        left = max((one.at for one in acts if one.kind == "left" and one.known), default=None)
        return left is None or max(said + back, default=left) > left

    def _stands_beside(self, account: int, email: str, refusal: Done) -> bool:
        return (
            refusal.account == account
            or self._lifts(account, email, refusal.at)
            or self._is_of_another_email(account, email, refusal)
        )

    def _refusals(self, email: str, until: datetime) -> list[Done]:
        """Flags cleared before then, as ccdesk could see, and not set again, by accounts with this email."""
        found = []
        for account, known in self.states.items():
            acts = [one for one in self.acts if one.account == account]
            last = max(acts, key=lambda one: one.at, default=None)
            if known[-1].email != email or last is None or last.at >= until:
                continue
            came = any(
                one.kind in ("came", "added") and one.email == email and one.at > last.at for one in self.acts
            )
            if last.kind == "kibo_out" and last.known and last.account and not came:
                found.append(last)
        return found

    def _has(self, account: int, email: str) -> bool:
        return bool(account) and any(one.email == email for one in self.states.get(account, ()))

    def _wanted(self, email: str) -> bool:
        """Say whether an account that may justify an add has wanted mail at any time during this run.

        One that came after another's flag was cleared, or a guest, does not (§3a R1).
        """
        refusals = self._refusals(email, self.known_from)
        for account, known in self.states.items():
            if not all(self._stands_beside(account, email, one) for one in refusals):
                continue
            for index, state in enumerate(known):
                until = known[index + 1].at if index + 1 < len(known) else None
                if until is not None and until <= self.known_from:
                    continue
                if state.email == email and state.accepts and not self._out_elsewhere(account, email):
                    return True
        return False

    def _out_elsewhere(self, account: int, email: str) -> bool:
        """Say whether an account's person opted out to an earlier email of theirs, and nothing since (R1).

        Only what ccdesk was able to tie to the account counts: its link had that email then (`known`).
        """
        outs = [
            one.at
            for one in self.acts
            if one.kind in ("unsubscribed", "left")
            and one.known
            and account in one.knowers
            and one.email != email
            and one.at < self.run_began
            and self._email_at(account, one.at) == one.email
        ]
        ins = [one.at for one in self.acts if one.kind == "kibo_in" and one.account == account]
        came = [one.at for one in self.acts if one.kind == "came" and self._has(account, one.email)]
        return bool(outs) and not any(at > max(outs) for at in (*ins, *came))

    def _email_at(self, account: int, at: datetime) -> str:
        found = ""
        for state in self.states[account]:
            if state.at <= at:
                found = state.email
        return found

    def _judge_mails(self) -> None:
        outbox = self.bench.cc.outbox
        for mail in outbox[self.mails :]:
            if mail.kind == "welcome" and self.run_kind != "events":
                self._break("a welcome mail went out by bulk", mail.to)
            if mail.kind == "welcome" and not self.bench.desk.settings().welcome_email:
                self._break("a welcome mail went out although the setting is off", mail.to)
            same = [one for one in outbox if one.kind == mail.kind and one.to == mail.to]
            if mail.kind in ("welcome", "resubscribe") and len(same) > 1:
                self._break(f"a second {mail.kind} mail", mail.to)
            if mail.kind == "resubscribe":
                self.watch.wrote_contact(Act.ASK, "", email_key(mail.to), created=False)
        self.mails = len(outbox)

    def _judge_kibo(self) -> None:
        present = self._accounts()
        for account in present.keys() - self.states.keys():
            self._break("a customer was created by us", account)
        for account, known in self.states.items():
            old, new = known[-1], present.get(account)
            if new is None:
                if not old.gone:
                    self._break("a customer was deleted by us", account)
                continue
            if new.email != old.email or new.active != old.active:
                self._break("more than the opt-in was changed in Kibo", account)
            if new.accepts is not old.accepts:
                act = Act.OPT_IN if new.accepts else Act.OPT_OUT
                self.watch.wrote_account(act, account, new.email)
            if new.accepts and not old.accepts:
                self._judge_opt_in(account, new)
            elif old.accepts and not new.accepts:
                self._judge_opt_out(account, new)
        self._note_states()

    def _judge_opt_in(self, account: int, new: State) -> None:
        self.switched_on[account] = self.bench.time.now()
        undone = self.switched_back.get(account)
        if undone is not None and not self._came_after(new.email, undone):
            self._break("undo: an opt-in that was switched off again is switched on", new)
        mine = [one for one in self.acts if one.account == account and one.kind == "kibo_out"]
        out = max((one.at for one in mine), default=None)
        cc = [one for one in self.acts if one.email == new.email and not one.account]
        # A sign-up of their own for another list, and staff, or we for another account, put them on this one:
        # the service shows the two as it shows a sign-up for this one.
        put = any(
            seen.email == new.email and contact in self.put_by_us for contact, seen in self.view.items()
        )
        added = put or any(one.kind == "added" for one in cc)
        agreed = [one.at for one in cc if one.kind == "agreed" and added]
        came = [*(one.at for one in cc if one.kind == "came"), *agreed]
        proof = max((at for at in came if out is None or at >= out.replace(microsecond=0)), default=None)
        if proof is None:
            self._break("R4: opted in in Kibo without an opt-in of the person later than their no", new)
            return
        outs = [one for one in cc if one.kind == "unsubscribed" or (one.kind == "left" and one.known)]
        again = [one for one in outs if proof < one.at < self.run_began]
        if again:
            self._break("R4: opted in in Kibo although they have opted out again since", new)

    def _judge_switching_back(self, account: int, new: State) -> None:
        """An undo switches off what we switched on, and nothing that the person has stated since."""
        on = self.switched_on.get(account)
        if on is None:
            self._break("undo: an opt-in was switched off that we had not switched on", new)
        elif acts := self._acted_between(new.email, on, self.run_began):
            self._break("undo: an opt-in was switched off although they have acted since", (new, acts))
        self.switched_back[account] = self.bench.time.now()

    def _judge_opt_out(self, account: int, new: State) -> None:
        if self.run_kind == "undo":
            self._judge_switching_back(account, new)
            return
        emails = {one.email for one in self.states[account]}
        outs = [one for one in self.acts if one.email in emails and one.kind in ("unsubscribed", "left")]
        if not outs and not any(self._seems_to_have_left(email) for email in emails):
            self._break("R4: opted out in Kibo though nobody opted out in Constant Contact", new)
        ins = [one.at for one in self.acts if one.kind == "kibo_in" and one.account == account]
        last = max(ins, default=None)
        if last is None or self._added_another(new.email, account, last):
            return
        if all(one.at < last for one in outs) and self._put_on_since(new.email, last):
            self._break(
                "R5: opted out in Kibo for an opt-out before the opt-in that put them on the list", new
            )

    def _added_another(self, email: str, account: int, since: datetime) -> bool:
        """Say whether staff had another account of a person put them on the list: that lifts nothing here."""
        return any(
            one.kind == "added" and one.email == email and one.account != account and one.at > since
            for one in self.acts
        )

    def _put_on_since(self, email: str, opt_in: datetime) -> bool:
        """Say whether a run has put somebody on the list after an opt-in, and they are on it still."""
        here = [contact for contact, seen in self.view.items() if seen.email == email and seen.mailed]
        added = [self.added_at.get((self._list, contact)) for contact in here]
        return any(at is not None and at > opt_in for at in added)

    def _seems_to_have_left(self, email: str) -> bool:
        """Say whether a deleted contact is back through a sign-up for another list than the active one now.

        Deleted and back between two looks, it is there, may be mailed, and is not on the list it was on: no
        field tells that from having left that list, and what cannot be told counts as an opt-out.
        """
        gone = [one.at for one in self.acts if one.kind == "deleted" and one.email == email]
        came = [one.at for one in self.acts if one.kind == "came" and one.email == email]
        off = any(
            seen.email == email and seen.may_be_mailed and not seen.on_list for seen in self.view.values()
        )
        return off and bool(gone) and any(at > min(gone) for at in came)

    # ------------------------------------------------------------ whole accounts

    def take_prints(self) -> None:
        """Remember all of every account but the opt-in; to be called after an act and before a run."""
        self.prints = {one.id: self.bench.kibo.fingerprint(one.id) for one in list(self.bench.kibo.book)}

    def compare_prints(self) -> None:
        """Note every account of which more than the opt-in was changed by us."""
        for account, before in self.prints.items():
            if self.bench.kibo.book.get(account) and self.bench.kibo.fingerprint(account) != before:
                self._break("more than the opt-in was changed in Kibo", account)


def _seen(one: Contact, active: str | None) -> Seen:
    return Seen(
        email_key(one.address or ""),
        one.permission,
        one.deleted_at is not None,
        active in one.lists,
        frozenset(one.lists) - {active or ""},
        tuple(repr(getattr(one, name)) for name in (*_FIELDS, *_PARTS)),
        one.opt_out_source or "",
        one.resubscribe_asked,
    )
