"""Where the engine stands with a person, as its store says: what it owes, waits for, and tells staff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ccdesk.consent.model import Act
from ccdesk.core.losses import LossKind
from ccdesk.core.models import Link, LinkState, WriteBack
from ccdesk.core.ports.store import Store
from ccdesk.core.runs import EventStatus, QueuedEvent

TELLING = frozenset(
    {
        LinkState.ASKED_BEFORE,
        LinkState.CONFIRMING,
        LinkState.CONTACT_DELETED,
        LinkState.HELD,
        LinkState.INVALID,
        LinkState.LEFT_OUT,
        LinkState.NEWCOMER,
        LinkState.NEWCOMER_LEFT,
    }
)
_OWED = {WriteBack.OPT_OUT: Act.OPT_OUT, WriteBack.OPT_IN: Act.OPT_IN}


@dataclass(frozen=True)
class Stance:
    """What the engine's store says of one person.

    `owes`: what the shop has not been given yet. `busy`: something is queued, begun or parked. `held`: by the
    guard, or called a mistake. `unsendable`: the email cannot be sent to the mail service. `states`: of the
    links, for telling kinds of differences apart.
    """

    owes: frozenset[Act]
    busy: bool
    held: bool
    tells: bool
    unsendable: bool
    states: str


def stances(store: Store, events: Iterable[QueuedEvent], home: Mapping[int, str]) -> dict[str, Stance]:
    """Return the engine's stance about everybody it has a link for, by compared email.

    `home` tells the email that an account was last read with. A link keeps the former one until the shop was
    given the opt-out of the former email: what it owes is owed for the new one.
    """
    queued = {one.object_id for one in events if one.status is not EventStatus.PROCESSED}
    held = {one.customer_id: one.kind for one in store.losses.held()}
    named = {one.customer_id for one in store.disagreements.page(0, 100_000)}
    people: dict[str, list[Link]] = {}
    accounts: dict[str, list[Link]] = {}
    for link in store.links.page(-1, 100_000):
        people.setdefault(link.email_key, []).append(link)
        accounts.setdefault(home.get(link.customer_id, link.email_key), []).append(link)
    return {
        key: _stance(people.get(key, []), accounts.get(key, []), queued, held, named)
        for key in people.keys() | accounts.keys()
    }


def _stance(
    links: list[Link], here: list[Link], queued: set[int], held: dict[int, LossKind], named: set[int]
) -> Stance:
    return Stance(
        owes=frozenset(_OWED[one.pending] for one in here if one.pending is not WriteBack.NOTHING),
        busy=any(one.may_be_there or one.customer_id in queued for one in (*links, *here)),
        held=any(one.customer_id in held for one in links),
        tells=any(one.state in TELLING or one.note or one.customer_id in named for one in links),
        unsendable=any(one.state is LinkState.INVALID for one in links),
        states=" + ".join(sorted({_word(one) for one in links})) or "no link",
    )


def _word(link: Link) -> str:
    flag = {True: "on", False: "off", None: "?"}[link.kibo_opted_in]
    return (
        f"{link.state.value}/{flag}{'/list' if link.on_list else ''}{'/begun' if link.may_be_there else ''}"
    )
