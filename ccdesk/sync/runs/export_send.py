"""Sending what an export has planned: in chunks that are noted before each call and waited for together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from ccdesk.core.errors import AnswerLost, CcdeskError, ListGone, RequestRefused
from ccdesk.core.exporting import Chunk, ChunkState
from ccdesk.core.ports.mail import Activity
from ccdesk.sync.context import RunContext
from ccdesk.sync.outbox.bulk import NOBODY, REFUSALS
from ccdesk.sync.outbox.jobs import JobFailed
from ccdesk.sync.outbox.plain import has_more, plain_note, sent_fields
from ccdesk.sync.plan_export import NEW_CONTACT, Action
from ccdesk.sync.runs.export_batches import Batch, add_of, adds, import_of, imports
from ccdesk.sync.runs.export_jobs import Watched, find_job, found_or_begun, landed_of, wait_for_some
from ccdesk.sync.runs.export_session import store_intents
from ccdesk.sync.runs.export_singles import single_calls, to_send

log = logging.getLogger(__name__)

_AHEAD = {Action.IMPORT: 4, Action.ADD: 50}  # jobs begun before the first of them is waited for
_MOST_SPLITS = 400  # in one run: so many refusals in halves are not single people's any more


def send(ctx: RunContext, watched: Watched, ask_for_file: Callable[[], None]) -> None:
    """Send everybody planned; what was sent before a power cut is not sent again.

    People with calls of their own go while the bulk jobs are done, unless one of those was refused.
    `ask_for_file` is called where all is with the service but for jobs that may still go on: jobs of an
    account are done one after another (constant-contact.md §15).
    """
    ctx.progress("Sending to Constant Contact", ctx.sent, to_send(ctx))
    senders = [Sender(ctx, action, watched) for action in (Action.IMPORT, Action.ADD)]
    untroubled = all(sender.begin() for sender in senders)
    if untroubled:
        _singly(ctx)
        ask_for_file()
    watched.also.update(chunk.activity_id for sender in senders for chunk in sender.under_way)
    for sender in senders:
        sender.send()
    if not untroubled:
        _singly(ctx)


def _singly(ctx: RunContext) -> None:
    for action in (Action.CREATE, Action.REWRITE):
        single_calls(ctx, action)


# ---------------------------------------------------------------- chunks


class Sender:
    """Sends everybody with one action in as few calls as may be; what is refused as a whole goes by halves.

    A call that is refused, or a job that fails, holds somebody the service does not take: the half with them
    is split again until they stand alone, which costs two calls for each halving (design §3a R2). Where
    nobody at all is taken, people far apart from each other included, it lies in none of them.
    """

    def __init__(self, ctx: RunContext, action: Action, watched: Watched) -> None:
        self._ctx, self._action, self._watched = ctx, action, watched
        self._make = adds if action is Action.ADD else imports
        self._whole = self._make(ctx, action)
        self._actions = [action.value, *([Action.PLAIN.value] if action is Action.IMPORT else [])]
        self.under_way = [
            chunk
            for chunk in ctx.store.exports.chunks()
            if chunk.state is ChunkState.SENT and chunk.action in self._actions
        ]
        self._refused: list[tuple[Chunk, CcdeskError]] = []  # people, with no call accepted since
        self._failed: list[tuple[Chunk, CcdeskError]] = []  # the same, with no job that succeeded since
        self._accepted, self._succeeded = bool(self.under_way), False  # a call, and a job
        self._jobs_fail = False  # one has
        self._ahead = _AHEAD[action]
        self._refusals = 0  # calls or jobs in a row before anybody was taken
        self._splits = 0

    def begin(self) -> bool:
        """Begin the jobs of all of them; False if they are too many for now, or a call was refused."""
        self._ctx.check_cancel()
        while len(self.under_way) < self._ahead and not self._splits and not self._refused:
            batch = self._next()
            if batch is None:
                return True
            self._begin(batch)
            self._ctx.check_cancel()
        return False

    def early(self, most: int) -> Iterator[tuple[Chunk, Batch]]:
        """Yield up to so many chunks, noted before their calls, which the caller makes: see `called`."""
        whole = self._make(self._ctx, self._action, at_once=True)
        while len(self.under_way) < self._ahead and most > 0 and (batch := next(whole, None)):
            most -= 1
            yield self._note(batch), batch

    def send(self) -> None:
        """Send all of them and wait for what was begun.

        Raises:
            CcdeskError: the service is at fault and not one of the people; the next run goes on from there.

        """
        while True:
            self._ctx.check_cancel()
            full = len(self.under_way) >= self._ahead
            batch = None if full else self._next()
            if batch is not None:
                self._begin(batch)
            elif self.under_way:
                self.under_way = self._wait()
            else:
                break
        if not self._succeeded and (self._refused or self._failed):
            self._ask_about_the_list()

    def _wait(self) -> list[Chunk]:
        return wait_for_some(self._ctx, self.under_way, self._job_failed, self._job_done, self._watched)

    def _next(self) -> Batch | None:
        """Return what is sent next: the part split last, so that who is at fault is found early."""
        exports = self._ctx.store.exports
        found = exports.newest_batch(self._actions)
        if found is None:
            return next(self._whole, None)
        part, action = found
        nobody = not self._succeeded and (not self._accepted or self._jobs_fail)
        if nobody and self._refusals >= REFUSALS and action != Action.PLAIN.value:
            return self._far_one()
        return next(self._make(self._ctx, Action(action), part))

    def _far_one(self) -> Batch:
        """Return the person furthest from those refused so far, who may well be taken."""
        exports = self._ctx.store.exports
        part, action = exports.newest_batch(self._actions, oldest=True) or (0, self._action.value)
        *_, whole = self._make(self._ctx, Action(action), part)
        (last,) = exports.unsent(action, whole.last - 1, 1, part)
        if self._action is Action.ADD:
            return add_of(self._ctx, self._action, [last], part)
        return import_of(self._ctx, Action(action), [(last.customer.id, last.candidate.row)], part)

    def _begin(self, batch: Batch) -> None:
        self.called(self._note(batch), batch.call, batch)

    def _note(self, batch: Batch) -> Chunk:
        """Keep what is sent before the call is made: its answer may be lost."""
        ctx = self._ctx
        chunk = Chunk(
            next_number(ctx), batch.action.value, batch.first, batch.last, batch.people, ctx.mail_now()
        )
        ctx.store.exports.open_chunk(chunk, batch.part)
        return chunk

    def called(self, chunk: Chunk, result: Callable[[], Activity], batch: Batch) -> None:
        """Take the result of a chunk's call.

        Raises:
            CcdeskError: the call cannot be made, whomever it is about.

        """
        ctx, exports = self._ctx, self._ctx.store.exports
        try:
            job = result()
        except AnswerLost as error:
            log.warning("chunk %s: %s; looking for the job", chunk.number, error.title)
            job = found_or_begun(ctx, chunk, batch.call)
        except RequestRefused as error:
            self._call_refused(chunk, error)
            return
        except CcdeskError:
            exports.drop_chunk(chunk.number)  # it was certainly not done
            raise
        if not self._jobs_fail:
            self._refusals = 0
        self._accepted = True
        self._refused.clear()
        sent = replace(chunk, state=ChunkState.SENT, activity_id=job.id)
        exports.save_chunk(sent)
        self.under_way.append(sent)
        ctx.sent += batch.people
        ctx.progress("Sending to Constant Contact", ctx.sent, to_send(ctx))

    # ------------------------------------------------------------ what is not taken

    def _call_refused(self, chunk: Chunk, error: CcdeskError) -> None:
        """Nothing of it was done: send it by halves, or without what may have been refused."""
        if chunk.people > 1:
            log.info("chunk %s of %s people was refused and is split", chunk.number, chunk.people)
            self._ctx.store.exports.split(chunk)
            self._count_split(error)
        elif not self._plainly(chunk, error):
            self._name(chunk, error, self._refused)
            self._ctx.sent += 1

    def _job_failed(self, chunk: Chunk, failure: JobFailed) -> None:
        """Send again whom a failed job has not brought to the service, by halves."""
        ctx = self._ctx
        self._jobs_fail = True
        self._ahead = 1  # else the parts of many would be tried before the first of them has told anything
        store_intents(ctx, chunk)  # some of them may have landed all the same
        landed = landed_of(ctx, chunk)
        if chunk.people > 1:
            log.info("chunk %s: the job failed, %s of %s landed", chunk.number, len(landed), chunk.people)
            ctx.sent -= ctx.store.exports.split(chunk, landed)
            self._count_split(failure)
        elif landed:
            ctx.store.exports.save_chunk(replace(chunk, state=ChunkState.DONE))
        elif self._plainly(chunk, failure):
            ctx.sent -= 1
        else:
            self._name(chunk, failure, self._failed)

    def _job_done(self, _chunk: Chunk) -> None:
        self._succeeded = True
        self._refusals = 0
        self._failed.clear()

    def _count_split(self, error: CcdeskError) -> None:
        self._refusals += 1
        self._splits += 1
        if self._splits > _MOST_SPLITS:
            raise error

    def _plainly(self, chunk: Chunk, error: CcdeskError) -> bool:
        """Have one person sent once more with email and list alone; False where that was all there was."""
        ctx, exports = self._ctx, self._ctx.store.exports
        person = exports.unsettled(chunk, -1, 1, new_contacts=True)[0]
        if chunk.action != Action.IMPORT.value or not has_more(sent_fields(ctx, person)):
            return False
        exports.split(chunk)  # out of the chunk again, and in a part of their own
        before = "already in Constant Contact" if person.contact_id else NEW_CONTACT.reason
        reason = f"{before}; {plain_note(error)}"
        exports.decide([replace(person, action=Action.PLAIN.value, reason=reason)])
        return True

    def _name(self, chunk: Chunk, error: CcdeskError, in_a_row: list[tuple[Chunk, CcdeskError]]) -> None:
        """Note on the chunk of one person that the service does not take them, and why."""
        words = f"{error.title}. {error.meaning}" if error.meaning else error.title
        refused = replace(chunk, state=ChunkState.REFUSED, reported=(words.strip(),))
        self._ctx.store.exports.save_chunk(refused)
        in_a_row.append((refused, error))
        taken = self._accepted if in_a_row is self._refused else self._succeeded
        others = self._ctx.store.exports.newest_batch(self._actions) is not None
        if len(in_a_row) >= NOBODY and not taken and others:
            self._take_back(in_a_row)
            raise error

    def _take_back(self, named: list[tuple[Chunk, CcdeskError]]) -> None:
        for chunk, _ in named:
            self._ctx.store.exports.drop_chunk(chunk.number)

    def _ask_about_the_list(self) -> None:
        """Nobody was taken at all: that may lie in the list they were to be put on.

        Raises:
            ListGone: it does.

        """
        try:
            self._ctx.require_list()
        except ListGone:
            self._take_back([*self._refused, *self._failed])
            raise


def next_number(ctx: RunContext) -> int:
    """Return a number for a chunk, above all there are in this export."""
    return 1 + max((chunk.number for chunk in ctx.store.exports.chunks()), default=0)


def end_open_chunks(ctx: RunContext) -> None:
    """Bring to an end what an earlier run had sent when it was cut short; nothing is sent again blindly."""
    for chunk in ctx.store.exports.chunks():
        ctx.check_cancel()
        if chunk.state is ChunkState.SENDING:
            ctx.progress("Looking for what was sent last")
            job = find_job(ctx, chunk)
            if job is None:
                store_intents(ctx, chunk)  # if it turns up after all, its contacts are known to be ours
                ctx.store.exports.drop_chunk(chunk.number)
                ctx.sent -= chunk.people
                continue
            ctx.store.exports.save_chunk(replace(chunk, state=ChunkState.SENT, activity_id=job.id))
    while under_way := [chunk for chunk in ctx.store.exports.chunks() if chunk.state is ChunkState.SENT]:
        ctx.progress("Waiting for what was sent last", ctx.sent)
        wait_for_some(ctx, under_way, partial(_failed_since, ctx), lambda _chunk: None)


def _failed_since(ctx: RunContext, chunk: Chunk, failure: JobFailed) -> None:
    """Have the people of a job that failed planned anew; sent again they go in smaller parts."""
    log.warning("chunk %s: %s (%s); its people are planned anew", chunk.number, failure.title, failure.detail)
    store_intents(ctx, chunk)  # some of them may have landed all the same
    ctx.store.exports.split(chunk)
    ctx.sent = ctx.store.exports.sent()
