"""Whose customers are remembered: those of one tenant at one of Kibo's homes, never mixed with others.

The same number means somebody else in another shop. Saving another tenant asks, and drops people
(`service/save.py`); a variable of the environment, or a data file that was edited, saves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from ccdesk.core.errors import SettingsError
from ccdesk.core.origins import origin
from ccdesk.core.ports.store import Store
from ccdesk.core.settings import Settings, resolve
from ccdesk.core.words import marked
from ccdesk.sync.state_names import BASELINE

PEOPLE_OF = "kibo.people_of"  # in the store's state: tenant and home


def remembers_people(store: Store) -> bool:
    """Say whether somebody is remembered, or something seen of them."""
    seen = store.queue.count(include_processed=True) or store.state.get(BASELINE)
    return bool(store.links.count() or seen)


def check_people(store: Store, settings: Settings) -> None:
    """Make sure that a run with these settings is about the people remembered.

    Raises:
        SettingsError: they are of another tenant, or of another home's; nothing was asked or changed.

    """
    named = _shop(settings)
    theirs = store.state.get(PEOPLE_OF)
    if theirs == named:
        return
    if remembers_people(store):
        theirs = theirs or _stored(store.settings.load()) or named
        if theirs != named:
            raise _other_people(theirs, named)
    store.state.set(PEOPLE_OF, named)


def are_of_shop(store: Store, settings: Settings) -> bool:
    """Say whether those remembered are known to be of the shop that the settings name."""
    return store.state.get(PEOPLE_OF) == _shop(settings)


def forget_whose(store: Store) -> None:
    """Note that those remembered, if any, are of the shop that the next run is about."""
    store.state.set(PEOPLE_OF, "")


def _shop(settings: Settings) -> str:
    return f"{settings.kibo_tenant_id} at {origin(settings.kibo_home_url)}"


def _stored(stored: Mapping[str, str]) -> str:
    """Return the shop that was entered, whatever the environment names; `""` if none was."""
    return _shop(resolve(stored, {})) if stored.get("kibo_tenant_id") else ""


def _other_people(theirs: str, named: str) -> SettingsError:
    return SettingsError(
        marked("The customers ccdesk remembers are of another shop"),
        meaning=marked(
            "They are of tenant {theirs}; the settings, or a variable of the environment, now name "
            "tenant {named}, where the same numbers are other people. Nothing was asked or changed there."
        ).format(theirs=theirs, named=named),
        next_step=marked(
            "Put the tenant or the home address right. For another shop use another data folder."
        ),
        code="other_shop",
    )
