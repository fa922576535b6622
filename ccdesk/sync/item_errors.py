"""Failures while one person is dealt with: their own, or the service's, which ends the run (design R3)."""

from __future__ import annotations

from ccdesk.core.errors import CcdeskError, ItemError, Refused, Unreachable

ITEM_ERRORS = (ItemError, Unreachable, Refused)
"""What may be one person's failure: see `FailuresInARow.tolerate`."""
_DOWN_AFTER = 3  # so many in a row without an answer, and it is the service


class FailuresInARow:
    """Counts failures that may be the service's, until something is answered."""

    def __init__(self) -> None:
        self._count = 0

    def tolerate(self, error: CcdeskError) -> None:
        """Take a failure as one person's own, so that it holds nobody else up.

        A refusal of the item is that. A sign-in that fails and a connection that cannot be made never are.
        No answer, trouble at the server and a 403 can be either; met several times in a row they are the
        service's, and the run cannot go on.

        Raises:
            CcdeskError: the error itself, where it is the service's.

        """
        if isinstance(error, ItemError):
            self.answered()
            return
        self._count += 1
        if error.everybodys or self._count >= _DOWN_AFTER:
            raise error

    def answered(self) -> None:
        """Note that the services answer: what fails next is not in a row with what failed before."""
        self._count = 0
