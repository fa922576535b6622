"""What came of a logout, and the words for it: what Constant Contact did, what stays with ccdesk."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ccdesk.core.settings import SECRET_VARIABLE
from ccdesk.core.words import marked


class SecretPlace(Enum):
    """Where the Kibo shared secret is after a logout from Constant Contact, which leaves it alone."""

    NOWHERE = "none"
    VAULT = "kept"
    ENVIRONMENT = "environment"
    UNKNOWN = "unknown"  # the vault cannot be read


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """The tokens are forgotten; `withdrawn` says whether the service confirmed that it took them back.

    `withdrawn` is None where there was no token to take back.
    """

    withdrawn: bool | None = None
    kibo_secret: SecretPlace = SecretPlace.NOWHERE

    def sentences(self, *, how_to_remove: str) -> list[str]:
        """Return what a person should know; `how_to_remove` says what to do about a secret that is kept."""
        lines: list[str] = []
        if self.withdrawn:
            lines.append(marked("Constant Contact has withdrawn the login as well."))
        elif self.withdrawn is False:
            lines.append(
                marked(
                    "Constant Contact did not confirm that it withdrew the login. Its tokens are removed "
                    "here; there they end by themselves after 180 days without use."
                )
            )
        if self.kibo_secret is SecretPlace.VAULT:
            words = marked("The Kibo shared secret is still kept. {how_to_remove}")
            lines.append(words.format(how_to_remove=how_to_remove))
        elif self.kibo_secret is SecretPlace.UNKNOWN:
            words = marked("The Kibo shared secret may still be kept. {how_to_remove}")
            lines.append(words.format(how_to_remove=how_to_remove))
        elif self.kibo_secret is SecretPlace.ENVIRONMENT:
            words = marked(
                "The Kibo shared secret comes from {variable}; remove that variable where it is set."
            )
            lines.append(words.format(variable=SECRET_VARIABLE))
        return lines
