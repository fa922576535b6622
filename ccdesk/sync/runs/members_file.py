"""The service's own file of the list's members: a handful of calls however long the list is."""

from __future__ import annotations

import logging
from datetime import datetime

from ccdesk.core.errors import ItemError, Refused, ServiceError
from ccdesk.core.ports.mail import Activity
from ccdesk.sync.context import RunContext
from ccdesk.sync.outbox.jobs import failure_of
from ccdesk.sync.runs.export_jobs import Watched

log = logging.getLogger(__name__)

FILE_FROM = 2_500  # people on the list from which the file is cheaper than pages of 500


class MembersFile:
    """The file of the list's members, asked for before the jobs it has to come after have ended."""

    def __init__(self, ctx: RunContext, watched: Watched) -> None:
        self._ctx, self._watched = ctx, watched
        self._job: Activity | None = None
        self._chunks: list[tuple[int, datetime]] = []

    @property
    def is_cheaper(self) -> bool:
        """True if the list is so long that the file costs fewer calls than its pages."""
        return self._ctx.store.links.count(on_list=True) + self._ctx.sent >= FILE_FROM

    def ask(self) -> None:
        """Ask for it if it will be wanted; where that fails it is asked for again, or pages are read."""
        if not self.is_cheaper:
            return
        try:
            self._job = self._ctx.mail.start_members_file(self._ctx.settings.list_id)
        except (ServiceError, ItemError, Refused) as error:
            log.info("the file of members is not begun yet: %s", error.title)
            return
        self._watched.also.add(self._job.id)
        self._chunks = self._sent()

    def job(self) -> Activity:
        """Return the job that has written it, begun anew if somebody was sent after it was asked for.

        Raises:
            CcdeskError: there is none.

        """
        if self._job is None or self._chunks != self._sent():
            self._job = self._ctx.mail.start_members_file(self._ctx.settings.list_id)
        job = self._watched.wait_for(self._job)
        if failure := failure_of(job):
            raise failure
        return job

    def _sent(self) -> list[tuple[int, datetime]]:
        return [(chunk.number, chunk.sent_at) for chunk in self._ctx.store.exports.chunks()]
