"""The two services' clocks, as their answers tell them: dates of both are compared on Constant Contact's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ccdesk.core.clock import SKEW, Clock, kept_skew
from ccdesk.core.ports.mail import Mail
from ccdesk.core.ports.shop import Shop
from ccdesk.core.ports.store import State

_NOISE = timedelta(seconds=5)  # Date headers have whole seconds, and answers take time


@dataclass(frozen=True, slots=True)
class Clocks:
    """What time it is at either service. `clock` is this computer's, which may be set to anything."""

    shop: Shop
    mail: Mail
    state: State
    clock: Clock

    def mail_now(self) -> datetime:
        """Return the mailing service's time as of its last answer; ours only if neither service ever told.

        Where it has not been asked yet, Kibo's clock tells it.
        """
        if self.mail.server_time is not None:
            return self.mail.server_time
        if self.shop.server_time is not None:
            return self.shop.server_time - self.skew()
        return self.clock.now()

    def mail_at_this_moment(self) -> datetime:
        """Return the mailing service's time at this moment, and not as of its last answer."""
        ahead = self.mail.server_ahead
        return self.mail_now() if ahead is None else self.clock.now() + ahead

    def shop_read_at(self) -> datetime:
        """Return when the shop last answered, as the mailing service's clock tells it."""
        return (self.shop.server_time or self.clock.now()) - self.skew()

    def skew(self) -> timedelta:
        """Return how far Kibo's clock is ahead of Constant Contact's; 0 if it cannot be told from noise.

        Both dates of a conflict (design R5) are compared on one clock. Until both services have answered in
        this run it is what it was in the last one.
        """
        kibo, mail = self.shop.server_ahead, self.mail.server_ahead
        if kibo is None or mail is None:
            return kept_skew(self.state.get(SKEW))
        return kibo - mail if abs(kibo - mail) >= _NOISE else timedelta(0)

    def remember_skew(self) -> None:
        """Keep how the clocks differ, for runs that compare dates of the service they have not asked."""
        self.state.set(SKEW, str(round(self.skew().total_seconds())))
