"""The judge of the pretend world: it knows the true times, and what could have been known of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ccdesk.consent.model import Act, Ended, How
from ccdesk.consent.reasons import Reason
from ccdesk.core.models import Permission
from tests.consent.engine import Engine, Made
from tests.consent.world import LAG, Deed, ShopState, World

_YES = ("flag set", "registered in")
_OUT = ("unsubscribed", "left")
_SECOND = timedelta(seconds=1)


@dataclass
class Oracle:
    """Notes every broken rule. An act counts once it could be seen: shown, or older than the lag."""

    world: World
    engine: Engine
    broken: list[str] = field(default_factory=list)
    looks: list[datetime] = field(default_factory=list)  # starts, less the lag, of complete looks
    ends: list[datetime] = field(default_factory=list)  # their ends
    blind: list[frozenset[int | str]] = field(default_factory=list)  # what each could not read

    def note_look(self, look: datetime, end: datetime) -> None:
        """Remember a complete look."""
        self.looks.append(look)
        self.ends.append(end)
        self.blind.append(frozenset(self.world.garbled))

    def looks_at(self, *things: int | str) -> list[tuple[datetime, datetime]]:
        """Return the looks, as start less the lag and end, that could read all of these."""
        return [
            (look, end)
            for look, end, blind in zip(self.looks, self.ends, self.blind, strict=True)
            if not blind.intersection(things)
        ]

    def _say(self, made: Made, why: str) -> None:
        self.broken.append(f"{made.command.act} for {made.email} at {made.at:%m-%d %H:%M:%S}: {why}")

    def _deeds(self, email: str, before: datetime) -> list[Deed]:
        return [one for one in self.world.deeds if one.email == email and one.at <= before - LAG]

    def judge(self, made: Made) -> None:
        """Judge one call as it takes effect."""
        act = made.command.act
        if act.puts_on:
            self._add(made)
        elif act is Act.REMOVE:
            self._remove(made)
        elif act is Act.OPT_OUT:
            self._opt_out(made)
        elif act is Act.OPT_IN:
            self._opt_in(made)
        elif self.world.asked.count(made.email):
            self._say(made, "a second confirmation")

    # ---------------------------------------------------------------- on the list

    def _add(self, made: Made) -> None:
        deeds = self._deeds(made.email, made.at)
        wanting = self._wanting(made)
        if not wanting:
            self._say(made, "no account with this email wants mail")
        if made.call.sign_up:
            self._welcome(made)
        contact = self.world.contacts.get(made.email)
        known = contact.at(made.at - LAG) if contact is not None else None
        if known is not None and not known.ours and made.call.with_fields:
            self._say(made, "fields of a foreign contact are written over")
        outs = [
            one for one in deeds if self._is_out(one, made) and not self._came_back(one, self.world.deeds)
        ]
        if outs:
            self._over_opt_out(made, outs[-1].at, wanting)
        self._over_leaving_before(made, deeds, wanting)
        gone = max((one.at for one in deeds if one.kind == "deleted"), default=None)
        back = [one.at for one in deeds if one.kind == "signed up" and gone is not None and one.at > gone]
        still = contact is not None and contact.now.deleted
        deleted = known is not None and known.deleted and still and not back
        if deleted and gone is not None and not any(self._yes_after(number, gone) for number in wanting):
            self._say(made, "a tombstone is lifted without a new opt-in")

    def _is_out(self, one: Deed, made: Made) -> bool:
        if one.kind == "unsubscribed":
            return True
        return (
            one.kind == "left" and one.watched and one.list_id == made.command.list_id and self._was_seen(one)
        )

    @staticmethod
    def _came_back(out: Deed, deeds: list[Deed]) -> bool:
        """A sign-up ends an unsubscription; it ends a leaving where it is for that list."""
        return any(
            one.kind == "signed up" and one.at > out.at and out.list_id in ("", one.list_id) for one in deeds
        )

    def _was_seen(self, left: Deed) -> bool:
        """Say whether ccdesk can have known that the person was on the list they left."""
        history = self.world.contacts[left.email]
        since = None
        for at, state in zip(history.times, history.states, strict=True):
            if at >= left.at:
                break
            if not (state.good and left.list_id in state.lists):
                since = None
            elif since is None:
                since = at
        if since is None or not any(since < look < left.at - LAG for look, _ in self.looks_at(left.email)):
            return False
        hidden = [
            one.at
            for one in self.world.deeds
            if one.kind in ("deleted", "unsubscribed") and one.email == left.email
        ]
        until = min((at for at in hidden if at > left.at), default=self.world.now)
        return any(left.at < look and end < until for look, end in self.looks_at(left.email))

    def _welcome(self, made: Made) -> None:
        """A welcome needs an opt-in under this email since the last one."""
        last = max((at for email, at in self.world.welcomed if email == made.email), default=None)
        yes = [
            one.at
            for one in self.world.deeds
            if (one.email == made.email and one.kind in _YES)
            or (one.kind == "moved" and one.list_id == made.email and not self._known(one.account, one.at))
        ]
        if not yes or (last is not None and max(yes) < last - LAG):
            self._say(made, "a second welcome for the same opt-in")

    def _over_opt_out(self, made: Made, out: datetime, wanting: list[int]) -> None:
        later = [number for number in wanting if self._yes_after(number, out)]
        if not later:
            self._say(made, f"they opted out at {out:%m-%d %H:%M:%S}, and nobody opted in since")
        elif all(self._came_after(number, made.email, out) for number in later):
            self._say(made, "only a newcomer opted in since they opted out")

    def _over_leaving_before(self, made: Made, deeds: list[Deed], wanting: list[int]) -> None:
        """A leaving of a list in use before stands against newcomers, until somebody else opts in (R1)."""
        for one in deeds:
            former = one.kind == "left" and one.watched and one.list_id != made.command.list_id
            if not former or not self._was_seen(one) or self._is_lifted(one, made):
                continue
            if wanting and all(self._came_after(number, made.email, one.at) for number in wanting):
                self._say(made, "only a newcomer opted in since they left the list before")
                return

    def _is_lifted(self, left: Deed, made: Made) -> bool:
        """Say whether a sign-up, or an account that is no newcomer to it, has lifted a leaving."""
        if any(
            one.kind == "signed up" and one.email == left.email and one.at > left.at
            for one in self.world.deeds
        ):
            return True
        return any(
            one.kind in _YES
            and one.at > left.at
            and one.email == left.email
            and not self._came_after(one.account, made.email, left.at)
            for one in self.world.deeds
        )

    def _wanting(self, made: Made) -> list[int]:
        """Accounts that agreed under this email at some time in the last lag."""
        return [
            number
            for number, history in self.world.accounts.items()
            if any(_wants(state, made.email) for state in _recent(history.times, history.states, made.at))
        ]

    def _yes_after(self, number: int, moment: datetime) -> bool:
        """Say whether an account opted in after a moment, or signed up under an email it has had."""
        emails = {state.email for state in self.world.accounts[number].states}
        return any(
            one.at > moment
            and (
                (one.account == number and one.kind in _YES)
                or (one.kind == "signed up" and one.email in emails)
            )
            for one in self.world.deeds
        )

    def _came_after(self, number: int, email: str, moment: datetime) -> bool:
        """Say whether an account came to this email after a moment, or is a guest's."""
        history = self.world.accounts[number]
        if history.now.guest:
            return True
        first = next(at for at, one in zip(history.times, history.states, strict=True) if one.email == email)
        return first > moment

    # ---------------------------------------------------------------- the others

    def _remove(self, made: Made) -> None:
        deeds = [one for one in self.world.deeds if one.at <= made.at]
        cleared = [
            one for one in deeds if one.kind == "flag cleared" and self._was_here(one.account, made.email)
        ]
        taken_back = any(
            one.command.act is Act.OPT_IN and one.ended is Ended.VOID
            for one in self.engine.person(made.email).intents
        )  # it may have landed, and the person may have cleared the flag again: an opt-out (consent.md b4)
        left_another = any(  # on this list through us from before, it would mail them once it is chosen again
            one.kind == "left" and one.email == made.email and one.list_id != made.command.list_id
            for one in deeds
        )
        if not (cleared or taken_back or left_another or self._inherits(made, deeds)):
            self._say(made, "nobody opted out in the shop")
        here = [max(one.at, self._came(one.account, made.email)) for one in cleared]
        for number, history in self.world.accounts.items():
            steady = all(_wants(one, made.email) for one in _recent(history.times, history.states, made.at))
            if self._has_opt_out_elsewhere(number, made.email, deeds):
                continue
            if (
                steady
                and not history.now.guest
                and (not here or self._seen_before(number, made.email, min(here)))
            ):
                self._say(made, f"account {number} with this email wants mail")

    def _inherits(self, made: Made, deeds: list[Deed]) -> bool:
        """Say whether an account of this email brought along the opt-out of one it had before."""
        return any(
            self._was_here(number, made.email) and self._has_opt_out_elsewhere(number, made.email, deeds)
            for number in self.world.accounts
        )

    def _has_opt_out_elsewhere(self, number: int, email: str, deeds: list[Deed]) -> bool:
        emails = {state.email for state in self.world.accounts[number].states} - {email}
        return any(one.kind in _OUT and one.email in emails for one in deeds)

    def _seen_before(self, number: int, email: str, moment: datetime) -> bool:
        """Say whether ccdesk provably knew an account under an email before a moment."""
        history = self.world.accounts[number]
        first = next(at for at, one in zip(history.times, history.states, strict=True) if one.email == email)
        looks = self.looks_at(number)
        known = next((end for look, end in looks if look > first), None)
        return known is not None and any(known < look < moment for look, _ in looks)

    def _came(self, number: int, email: str) -> datetime:
        """When an account came to an email, for the last time."""
        history, came = self.world.accounts[number], None
        before = ""
        for at, state in zip(history.times, history.states, strict=True):
            if state.email == email and before != email:
                came = at
            before = state.email
        return came or self.world.now

    def _was_here(self, number: int, email: str) -> bool:
        return any(one.email == email for one in self.world.accounts[number].states)

    def _opt_out(self, made: Made) -> None:
        number = made.command.account
        emails = {one.email for one in self.world.accounts[number].states} | {made.email}
        outs = [
            self._told_by(one)
            for one in self.world.deeds
            if one.email in emails and one.kind in _OUT and one.at <= made.at
        ]
        if self._hidden_deletion(emails, made.at):
            return
        if not outs:
            self._say(made, f"account {number}: its person never opted out in Constant Contact")
            return
        if self._provably_later(number, max(outs), made.at):
            self._say(made, f"account {number} opted in provably later")

    def _hidden_deletion(self, emails: set[str], at: datetime) -> bool:
        """A deletion undone before any look saw it shows as a leaving, and cannot be told from one."""
        deeds = [one for one in self.world.deeds if one.email in emails and one.at <= at]
        gone = [one.at for one in deeds if one.kind == "deleted"]
        back = [one.at for one in deeds if one.kind in ("undeleted", "signed up", "put on")]
        return any(
            start < end and not any(start < look and done < end for look, done in self.looks_at(*emails))
            for start in gone
            for end in back
        )

    def _told_by(self, out: Deed) -> datetime:
        """When an opt-out happened at the latest: a leaving has only the date of the look that shows it."""
        history = self.world.contacts[out.email]
        for look, end in self.looks_at(out.email):
            state = history.at(look)
            if look <= out.at or state is None:
                continue
            if out.kind == "unsubscribed" and state.permission is Permission.UNSUBSCRIBED:
                return out.at
            after = history.at(end)
            if state.good and after is not None and after.good:
                return end
        return self.world.now

    def _provably_later(self, number: int, out: datetime, now: datetime) -> bool:
        """Say whether a look saw the account's flag off after the opt-out, and the flag is on since."""
        history, off = self.world.accounts[number], None
        for at, state in zip(history.times, history.states, strict=True):
            if at > now - LAG:
                break
            if not state.opted_in:
                off = off or at
            elif off is not None:
                if any(max(off, out + _SECOND) < look < at - LAG for look, _ in self.looks_at(number)):
                    return True
                off = None
        return False

    def _known(self, number: int, moment: datetime) -> bool:
        """Say whether a look had shown the account before a moment."""
        return any(self.world.accounts[number].times[0] < look < moment for look, _ in self.looks_at(number))

    def _opt_in(self, made: Made) -> None:
        number = made.command.account
        deeds = self.world.deeds
        came = [
            one.at
            for one in deeds
            if one.kind == "signed up" and one.email == made.email and one.at <= made.at
        ]
        if not came:
            self._say(made, f"account {number}: nobody signed up")
            return
        cleared = max(
            (
                one.at
                for one in deeds
                if one.account == number
                and one.kind == "flag cleared"
                and one.at <= made.at - LAG
                and self._was_seen_on(one)
            ),
            default=None,
        )
        if cleared is not None and cleared > max(came):
            self._say(made, f"account {number} opted out after the sign-up")
        outs = [one for one in self._deeds(made.email, made.at) if self._is_out(one, made)]
        out = max((one.at for one in outs), default=None)
        if out is not None and out > max(came):
            self._say(made, f"account {number}: they opted out in Constant Contact after the sign-up")

    def _was_seen_on(self, cleared: Deed) -> bool:
        """Say whether a look had seen the flag on before it was cleared."""
        history, since = self.world.accounts[cleared.account], None
        for at, state in zip(history.times, history.states, strict=True):
            if at >= cleared.at:
                break
            since = (since or at) if state.opted_in else None
        return since is not None and any(
            since < look < cleared.at - LAG for look, _ in self.looks_at(cleared.account)
        )

    # ---------------------------------------------------------------- at rest

    def at_rest(self) -> None:
        """Judge how everything stands once nobody acts any more: in step, or named (docs/consent.md)."""
        for email, person in self.engine.persons.items():
            decision, contact = self.engine.decided.get(email), self.world.contacts.get(email)
            good = contact is not None and contact.now.good
            mailed = contact is not None and good and self.world.active in contact.now.lists
            wanted = any(_wants(one.now, email) for one in self.world.accounts.values())
            if mailed == wanted or decision is None or decision.named:
                continue
            waits = contact is not None and not good and contact.now.permission is not Permission.UNSUBSCRIBED
            words = [person.word(one.id) for one in person.accounts]
            nobodys = all(word is None or word.how is How.SEEN_OFF for word in words)
            came = decision.reason is Reason.SIGNED_UP  # by an act of their own, later than the opt-out
            if (not mailed and waits) or (mailed and (nobodys or came)):
                continue
            self.broken.append(
                f"{email} differs and is not named: mailed {mailed}, wanted {wanted}, "
                f"{decision.row} × {decision.column}, {decision.reason}"
            )


def _wants(state: ShopState, email: str) -> bool:
    return state.email == email and state.opted_in and state.active and not state.gone


def _recent(times: list[datetime], states: list[ShopState], at: datetime) -> list[ShopState]:
    """The states that held at some time within the lag before a moment."""
    found = []
    for index, state in enumerate(states):
        until = times[index + 1] if index + 1 < len(times) else None
        if times[index] <= at and (until is None or until > at - LAG):
            found.append(state)
    return found
