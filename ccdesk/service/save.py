"""Saving settings: everything is checked before anything changes, and what changed is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from ccdesk.core.emails import email_key
from ccdesk.core.errors import ConfirmNeeded, LoginNeeded, Remedy, SettingsError, VaultError
from ccdesk.core.models import ContactList
from ccdesk.core.ports.store import Store
from ccdesk.core.settings import (
    SECRET_VARIABLE,
    SETTINGS,
    Settings,
    StoredSettingsError,
    check,
    resolve,
)
from ccdesk.core.text import name_key
from ccdesk.core.words import marked
from ccdesk.service.api import SaveResult
from ccdesk.service.connections import Connections
from ccdesk.service.gaps import forget_alive
from ccdesk.service.lists import active_one, find_or_create, remember
from ccdesk.service.status import KIBO_NAME, KIBO_SINCE
from ccdesk.service.whose_people import are_of_shop, forget_whose, remembers_people
from ccdesk.sync.active_list import LIST_NAME

_ORIGIN = "window"
SHOP_KEYS = ("kibo_tenant_id", "kibo_home_url")  # with another of these, a customer id means somebody else
BEFORE_DROPPING = "before-dropping-people"
_BOUND_TO = frozenset({"cc_api_url", "cc_auth_url", "cc_client_id", "kibo_home_url", "kibo_tenant_url"})


def save_settings(
    store: Store,
    connections: Connections,
    environment: Mapping[str, str],
    values: Mapping[str, str],
    *,
    kibo_secret: str | None = None,
    confirmed: bool = False,
) -> SaveResult:
    """Check, then save.

    Another shop's customers are other people: those remembered are dropped then, which is asked about first
    and done only once a copy of the data file is made.

    A list name not in the account creates the list (seed: Settings); without a login that is done by the
    first run. Giving the present name again makes a list anew that was deleted; one that was only renamed
    stays. A sender is checked against the confirmed addresses (constant-contact.md §7).

    Stored values that are not valid, from another version or edited by hand, give way to valid ones; where
    one is left, nothing is saved.

    Raises:
        StoredSettingsError: a stored value that is not among `values` is not valid; nothing was changed.
        SettingsError: a key or value is not valid, or fixed by the environment; nothing was changed.
        ConfirmNeeded: people would be dropped, and that is not `confirmed`; nothing was changed.
        CcdeskError: the list could not be looked up or created; nothing was changed.

    """
    checked = {key: check(key, value) for key, value in values.items()}
    stored = store.settings.load()
    before, wrong = _as_stored(stored, environment)
    after = _as_saved({**stored, **checked}, environment)
    _refuse_fixed(checked, before, environment)
    notes: list[str] = []
    dropping = _drops_people(store, before, after)
    if dropping and not confirmed:
        raise _ask_before_dropping(store, before, after)
    again = checked.get("contact_list", "") == before.contact_list != ""
    with _alone(store, before, after, again=again):
        active, is_new, at = _follow_up(store, connections, before, after, notes, again=again)
        if dropping:
            store.back_up(BEFORE_DROPPING)
        changed = _keep(store, checked, before, after, active, is_new=is_new, at=at)
    for key in wrong.keys() & checked.keys():  # the default that stands for it may be what is saved now
        changed[key] = (wrong[key], _shown(after, key))
    if kibo_secret is not None:  # also the one that is there: it is given anew, for these addresses
        kept = connections.kibo_secret()
        if kibo_secret != kept:
            changed["kibo_shared_secret"] = ("•••" if kept else "", "•••" if kibo_secret else "")
        connections.set_kibo_secret(kibo_secret, after)
        if not kibo_secret and connections.kibo_secret():
            notes.append(
                marked("The Kibo shared secret still comes from {variable}.").format(variable=SECRET_VARIABLE)
            )
    if kibo_secret or _BOUND_TO.intersection(changed):
        try:
            notes += connections.missing_approvals(after)
        except VaultError as error:  # what was asked for is saved all the same
            notes.append(
                marked("Whether a secret has to be given again is not known. {problem}.").format(
                    problem=error.title
                )
            )
    return SaveResult(changed, active.name if active and is_new else "", tuple(notes))


def _as_stored(
    stored: Mapping[str, str], environment: Mapping[str, str]
) -> tuple[Settings, Mapping[str, str]]:
    """Return the settings as they are, and the stored values that are not valid.

    An invalid text is in these settings as it is stored; an invalid switch or number has its default there.
    """
    try:
        return resolve(stored, environment), {}
    except StoredSettingsError as error:
        others = error.others
        texts = {key: value for key, value in error.wrong.items() if isinstance(getattr(others, key), str)}
        return replace(others, **texts), error.wrong  # type: ignore[arg-type]


def _as_saved(values: Mapping[str, str], environment: Mapping[str, str]) -> Settings:
    try:
        return resolve(values, environment)
    except StoredSettingsError as error:
        error.next_step = marked("Nothing was changed.")
        raise


def _keep(
    store: Store,
    checked: dict[str, str],
    before: Settings,
    after: Settings,
    active: ContactList | None,
    *,
    is_new: bool,
    at: datetime | None,
) -> dict[str, tuple[str, str]]:
    """Store the values, and the list they name, as one; return what changed."""
    changed = {
        key: (_shown(before, key), _shown(after, key))
        for key in checked
        if _shown(before, key) != _shown(after, key)
    }
    with store.transaction():
        if _other_shop(before, after):
            _leave_shop(store, before, after)
        if active is not None:
            remember(store, active, after.contact_list, new=is_new, at=at)
        store.settings.save(checked)
        if before.enabled != after.enabled:
            forget_alive(store)
    return changed


@contextmanager
def _alone(store: Store, before: Settings, after: Settings, *, again: bool) -> Iterator[None]:
    """Keep runs away while the list or the shop changes: a run goes by one of them to its end.

    Raises:
        Busy: a run is going on; nothing was changed.

    """
    steady = ("contact_list", *SHOP_KEYS)
    if not again and all(getattr(before, key) == getattr(after, key) for key in steady):
        yield
        return
    store.lease.acquire("saving settings")
    try:
        yield
    finally:
        store.lease.release()


def _refuse_fixed(checked: Mapping[str, str], before: Settings, environment: Mapping[str, str]) -> None:
    for key, value in checked.items():
        variable = f"CCDESK_{key.upper()}"
        if variable in environment and value != _shown(before, key):
            raise SettingsError(
                marked("“{label}” is fixed on this computer").format(label=SETTINGS[key].label),
                meaning=marked("It is set outside ccdesk, by an environment variable. Nothing was changed."),
                remedy=Remedy.FIXED_OUTSIDE,
                detail=variable,
            )


def _follow_up(
    store: Store,
    connections: Connections,
    before: Settings,
    after: Settings,
    notes: list[str],
    *,
    again: bool,
) -> tuple[ContactList | None, bool, datetime | None]:
    """Do what a new list or sender asks of Constant Contact.

    Returns a changed list, whether it is new, and the time there.
    """
    list_changed = after.contact_list and (
        after.contact_list != before.contact_list or store.state.get(LIST_NAME) != after.contact_list
    )
    sender_changed = after.from_email and after.from_email != before.from_email
    if not (list_changed or sender_changed or again):
        return None, False, None
    try:
        mail = connections.mail(after, _ORIGIN)
        if sender_changed:
            _check_sender(after.from_email, mail.senders())
        if not list_changed and again:
            kept = active_one(store, mail)
            if kept is not None:
                if name_key(kept.name) != name_key(after.contact_list):
                    notes.append(
                        marked(
                            "The list is called “{name}” in Constant Contact now; it stays in use."
                        ).format(name=kept.name)
                    )
                return None, False, None
        if list_changed or again:
            return *find_or_create(mail, after.contact_list), mail.server_time
    except LoginNeeded:
        notes.append(
            marked("Not logged in to Constant Contact yet: list and sender are checked at the first run.")
        )
    return None, False, None


def _check_sender(address: str, confirmed: list[str]) -> None:
    if email_key(address) in map(email_key, confirmed):
        return
    raise SettingsError(
        marked("“{address}” is not a confirmed address of the Constant Contact account").format(
            address=address
        ),
        meaning=marked("Only confirmed addresses may be used as From and ReplyTo."),
        next_step=marked("Confirm it in Constant Contact, or choose one of: {addresses}").format(
            addresses=", ".join(confirmed) or marked("none yet")
        ),
    )


def _other_shop(before: Settings, after: Settings) -> bool:
    """Say whether customer ids mean other people from now on."""
    return any(getattr(before, key) != getattr(after, key) for key in SHOP_KEYS)


def _drops_people(store: Store, before: Settings, after: Settings) -> bool:
    """Say whether saving forgets somebody, or something seen of them."""
    if not (_other_shop(before, after) and before.kibo_tenant_id):
        return False
    return remembers_people(store) and not are_of_shop(store, after)


def _ask_before_dropping(store: Store, before: Settings, after: Settings) -> ConfirmNeeded:
    changes = [
        f"{SETTINGS[key].label}: {_shown(before, key)} → {_shown(after, key) or '(empty)'}"
        for key in SHOP_KEYS
        if _shown(before, key) != _shown(after, key)
    ]
    return ConfirmNeeded(
        marked("This drops what ccdesk remembers of the shop's customers"),
        meaning=marked(
            "{changes}. With another tenant or home address the customers are other people: "
            "{n:,} customers and who of them opted out, and the queue of events, would be "
            "dropped. Nothing was changed."
        ).format(changes="; ".join(changes), n=store.links.count()),
        next_step=marked(
            "If that is not meant, look for a typing error. A copy of the data file is made first, and "
            "an export is needed afterwards."
        ),
        remedy=Remedy.CONFIRM_RUN,
        code="drops_people",
    )


def _leave_shop(store: Store, before: Settings, after: Settings) -> None:
    """Customer ids of another tenant mean other people: what is remembered must not be mixed.

    Where only the data file was edited, the people are still those of the shop that is named again now.
    """
    if before.kibo_tenant_id and not are_of_shop(store, after):
        store.forget_people()
        forget_whose(store)
    store.state.set(KIBO_NAME, "")
    store.state.set_time(KIBO_SINCE, None)


def _shown(settings: Settings, key: str) -> str:
    value = getattr(settings, key)
    return str(value).lower() if isinstance(value, bool) else str(value)
