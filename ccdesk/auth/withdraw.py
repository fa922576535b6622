"""Asking the service to take back the tokens of a logout; whatever it does, nobody waits long for it.

Source: constant-contact.md §22 on §2. The tokens are forgotten here before it is asked.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from ccdesk.auth.oauth import OAuthClient
from ccdesk.core.errors import CcdeskError

log = logging.getLogger(__name__)

_LONGEST_WAIT = 5.0  # seconds; a name server that is silent is bound by no other limit


def withdraw(oauth: OAuthClient, tokens: Sequence[str], *, wait: float = _LONGEST_WAIT) -> bool | None:
    """Have each token revoked; say whether the service confirmed it for all, None if there are none.

    Never raises, and returns after `wait` seconds at the latest: the calls then go on by themselves.
    """
    if not tokens:
        return None
    confirmed = threading.Event()

    def ask() -> None:
        try:
            for token in tokens:
                oauth.revoke(token)
        except CcdeskError as error:
            log.info("The log-in could not be withdrawn: %s", error.detail or error.title)
        else:
            confirmed.set()

    asking = threading.Thread(target=ask, name="withdraw", daemon=True)
    asking.start()
    asking.join(wait)
    return confirmed.is_set()
