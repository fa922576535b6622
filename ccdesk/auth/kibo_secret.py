"""The Kibo shared secret and the addresses it was given for; it goes nowhere else (docs/TRUST.md)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from ccdesk.core.errors import Remedy, SettingsError
from ccdesk.core.origins import ADOPTED_SHOP, ENV_GIVEN_FOR, ShopPlace, origin
from ccdesk.core.ports.secrets import Vault
from ccdesk.core.ports.store import Store
from ccdesk.core.redaction import hide
from ccdesk.core.settings import SECRET_VARIABLE, Settings, resolve
from ccdesk.core.words import marked

log = logging.getLogger(__name__)

SECRET, GIVEN_FOR = "kibo_shared_secret", "kibo_shared_secret_for"
OTHER_ADDRESS, OTHER_HOST = "kibo_other_address", "kibo_other_host"


class KiboSecret:
    """Hands the secret out for the home it was given for; the environment's goes before the vault's."""

    def __init__(self, vault: Callable[[], Vault], store: Store, environment: Mapping[str, str]) -> None:
        self._vault, self._store, self._environment = vault, store, environment

    def get(self) -> str:
        """Return the secret, `""` if there is none; to see whether there is one, never to send it."""
        found = self._environment.get(SECRET_VARIABLE) or self._vault().get(SECRET)
        hide(found)
        return found

    def keep(self, secret: str, place: ShopPlace) -> None:
        """Keep a secret somebody entered, and the addresses it was entered for; an empty one is removed."""
        hide(secret)
        vault = self._vault()
        vault.delete(SECRET)  # first: at no moment does one secret stand beside the address of another
        vault.delete(GIVEN_FOR)
        if secret:
            vault.set(GIVEN_FOR, place.as_text())
            vault.set(SECRET, secret)
        if self._environment.get(SECRET_VARIABLE):  # who enters it vouches for the address it goes to
            self._store.state.set(ENV_GIVEN_FOR, place.as_text())

    def given_for(self, settings: Settings) -> ShopPlace | None:
        """Return the place the secret is bound to, None without any; `settings` is what is asked for now.

        The environment's secret is bound where it is first used, to the stored home if there is one: never
        to what another variable puts in its place. A secret of 0.1.0 is bound to what was stored then.
        """
        if not self._environment.get(SECRET_VARIABLE):
            kept = ShopPlace.read(self._vault().get(GIVEN_FOR))
            return kept or ShopPlace.read(self._store.state.get(ADOPTED_SHOP))
        known = ShopPlace.read(self._store.state.get(ENV_GIVEN_FOR))
        if known is not None:
            return known
        stored = self._store.settings.load()
        place = ShopPlace.of(resolve(stored, {}) if stored.get("kibo_home_url") else settings)
        if place.home == origin(resolve(stored, self._environment).kibo_home_url):
            self._store.state.set(ENV_GIVEN_FOR, place.as_text())
        return place

    def take(self, settings: Settings) -> str:
        """Return the secret to sign in with at the home of these settings, `""` if there is none.

        Raises:
            SettingsError: it was given for another address.

        """
        found = self.get()
        if not found:
            return ""
        place, home = self.given_for(settings), origin(settings.kibo_home_url)
        if place is None or place.home != home:
            raise SettingsError(
                marked("The Kibo home address is not the one the shared secret was given for"),
                meaning=marked(
                    "It was given for {place}, and the settings, or a "
                    "variable of the environment, now name {home}. Nothing was sent there."
                ).format(place=place.home if place else marked("no address"), home=home),
                next_step=marked(
                    "If the new address is right, enter the shared secret again; else put it right."
                ),
                remedy=Remedy.KIBO_SECRET,
                code=OTHER_ADDRESS,
            )
        return found

    def check_host(self, settings: Settings, host: str, place: ShopPlace | None = None) -> None:
        """Make sure that the bearer may go to a tenant's address; `place`: where a new secret is given for.

        Raises:
            SettingsError: it belongs to somebody else than the home, as far as can be seen.

        """
        bound = place or self.given_for(settings)
        if bound is not None and bound.allows(host):
            return
        meaning = marked(
            "Kibo's home names it, but it is of another domain than {home}, and nobody has said that it "
            "may be "
            "signed in to. Nothing was sent there."
        )
        if settings.kibo_tenant_url:
            meaning = marked(
                "The settings name it, but it is of another domain than {home}, and nobody has said that it "
                "may be signed in to. Nothing was sent there."
            )
        raise SettingsError(
            marked("The tenant's address {address} does not belong to Kibo's home").format(
                address=origin(host)
            ),
            meaning=meaning.format(home=origin(settings.kibo_home_url)),
            next_step=marked(
                "If the address is right, enter it as Kibo tenant address together with the shared "
                "secret; else put it right."
            ),
            remedy=Remedy.KIBO_SECRET,
            code=OTHER_HOST,
        )
