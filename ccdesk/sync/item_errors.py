"""Failures while one person is dealt with: their own, or the service's, which ends the run (design R3)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ccdesk.core.errors import CcdeskError, FaultWithOne, ItemError, Refused, Unreachable
from ccdesk.core.redaction import redact

log = logging.getLogger(__name__)

ITEM_ERRORS = (ItemError, Unreachable, Refused)
"""What may be one person's failure: see `FailuresInARow.tolerate`."""
_DOWN_AFTER = 3  # so many in a row without an answer, and it is the service
_MOST_FAULTS = 20  # so many people for whom ccdesk itself fails in one run, and it is the run that fails


@contextmanager
def concerning_one(customer_id: int) -> Iterator[None]:
    """Have a defect of ours that shows here kept with this customer, as a failure of theirs alone.

    To be used only where they are looked at again, or stay with a person until they are: in the queue, and
    with what is owed to Kibo. Elsewhere nobody would come back to them, and the run has to fail.

    Raises:
        FaultWithOne: there was one; it stands in the log.

    """
    try:
        yield
    except CcdeskError:
        raise
    except Exception as error:
        log.exception("customer %s could not be dealt with", customer_id)
        raise FaultWithOne(detail=redact(f"{type(error).__name__}: {error}"), code="our_fault") from error


class FailuresInARow:
    """Counts failures that may be the service's, until something is answered."""

    def __init__(self) -> None:
        self._count = self._faults = 0

    def tolerate(self, error: CcdeskError) -> None:
        """Take a failure as one person's own, so that it holds nobody else up.

        A refusal of the item is that. A sign-in that fails and a connection that cannot be made never are.
        No answer, trouble at the server and a 403 can be either; met several times in a row they are the
        service's, and the run cannot go on. Nor can it where ccdesk itself fails with many.

        Raises:
            CcdeskError: the error itself, where it is not one person's.

        """
        self._faults += isinstance(error, FaultWithOne)
        if self._faults > _MOST_FAULTS:
            raise error
        if isinstance(error, ItemError):
            self.answered()
            return
        self._count += 1
        if error.everybodys or self._count >= _DOWN_AFTER:
            raise error

    def answered(self) -> None:
        """Note that the services answer: what fails next is not in a row with what failed before."""
        self._count = 0
