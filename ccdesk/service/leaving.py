"""Differences that staff leave as they are: they are named as such until either side changes (design §8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from ccdesk.core.batches import batched
from ccdesk.core.drift import Chosen, Drift, DriftKind, Drifts
from ccdesk.core.emails import email_key
from ccdesk.core.errors import SettingsError
from ccdesk.core.models import LinkState
from ccdesk.core.ports.store import Store
from ccdesk.core.words import marked
from ccdesk.service.of_kind import cannot_be_left, of_another_kind
from ccdesk.service.who import customer_id_of, find_who
from ccdesk.sync.runs.newcomer_rule import answer

_AT_ONCE = 1_000  # a kind may be as large as the shop


def leave(store: Store, people: Iterable[Drift], now: datetime) -> int:
    """Leave people as they were found by a comparison; return how many.

    Of newer accounts that opted in, staff's answer is *Leave* by this (design §3a R1).

    Raises:
        SettingsError: somebody's difference cannot be left; nothing was changed for any of them.

    """
    chosen = list(people)
    for one in chosen:
        if not one.kind.can_be_left:
            raise cannot_be_left(one.kind)
    with store.transaction():
        for one in chosen:
            if one.kind is DriftKind.NEWCOMER:
                for number in one.customer_ids:
                    answer(store, number, now, add=False)
        return store.left_as_is.leave(chosen, now)


def leave_found(store: Store, chosen: Chosen, now: datetime) -> int:
    """Leave whom the comparison just made has found of a kind: one person, or all; return how many.

    Raises:
        SettingsError: the kind cannot be left, or nobody of it is meant; nothing was changed.

    """
    if not chosen.kind.can_be_left:
        raise cannot_be_left(chosen.kind)
    meant = (one for one in store.drifts.people() if _is_meant(one, chosen))
    done = sum(leave(store, some, now) for some in batched(meant, _AT_ONCE))
    if not done:
        raise _nobody(store.drifts, chosen)
    store.drifts.mark_left()
    return done


def name_again(store: Store, whom: Sequence[str]) -> int:
    """Have people named again who were left as they are, each by email or customer id; return how many.

    Of newer accounts that opted in staff are asked again.
    """
    keys = [_key_of(store, one) for one in whom]
    with store.transaction():
        links = [link for key in keys for link in store.links.by_email(key)]
        store.links.save(
            replace(link, state=LinkState.NEWCOMER) for link in links if link.state is LinkState.NEWCOMER_LEFT
        )
        return store.left_as_is.name_again(keys)


def _key_of(store: Store, who: str) -> str:
    """Return by what somebody left is remembered: the compared email, or the account where there is none."""
    number = customer_id_of(who)
    return email_key(who) if number is None else find_who(store, who).key or f"#{number}"


def _is_meant(one: Drift, chosen: Chosen) -> bool:
    return one.kind is chosen.kind and is_named(one, chosen.who)


def is_named(one: Drift, who: str) -> bool:
    """Say whether a text names a person, by email or customer id; an empty one names everybody."""
    number = customer_id_of(who)
    if number is not None:
        return number in one.customer_ids
    return not who.strip() or email_key(one.email) == email_key(who)


def _nobody(drifts: Drifts, chosen: Chosen) -> SettingsError:
    if not chosen.who.strip():
        return SettingsError(
            marked("Nobody is of the kind “{kind}”").format(kind=chosen.kind.value),
            meaning=marked("There is nothing to leave as it is. Nothing was changed."),
            next_step=marked("A comparison of both sides names the kinds."),
            code="other_kind",
        )
    kind = next((one.kind for one in drifts.people() if is_named(one, chosen.who)), None)
    return of_another_kind(
        chosen,
        kind,
        nothing=marked("Nothing was changed."),
        next_step=marked("A comparison of both sides names the kind of each person."),
    )
