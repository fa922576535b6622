"""The shadow of a story over HTTP (tests/e2e): the witness hears every answer, and sees who wrote what.

Between runs others act, during a call of ccdesk's ccdesk does: what differs after a call from what was there
before it is taken for a write of ours. A story in which somebody acts within a call is not told apart, and
several calls at once are not either; the tests that do so name it (`unshadowed`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from ccdesk.clients.http.transport import Answer, Request, Transport
from ccdesk.consent.model import Act
from ccdesk.core.errors import CcdeskError
from ccdesk.core.models import email_key
from ccdesk.core.runs import Run
from ccdesk.sandbox.constant_contact.model import MAILABLE, Contact
from ccdesk.service.desk import LocalDesk
from tests.shadow.compare import Difference
from tests.shadow.observer import Observer
from tests.shadow.watch import Story

MOST_PEOPLE = 200
Shown = tuple[dict[str, tuple[str, bool, bool, bool]], dict[int, bool], int]


class Follower:
    """The observer of one story, and what both services showed after the last call."""

    def __init__(self, story: Story) -> None:
        self._story, self._lock = story, threading.RLock()
        self.observer: Observer | None = None
        self._last: Shown | None = None
        self._running = False

    @property
    def differences(self) -> list[Difference]:
        """Where the table and the engine differed."""
        return self.observer.differences if self.observer is not None else []

    # ---------------------------------------------------------------- calls

    def send(self, send: Any, transport: Transport, request: Request) -> Answer:
        """Let a call of ccdesk's be made; what it changed is ours."""
        with self._lock:
            before = self._shown() if self._running else None
        answer: Answer | None = None
        try:
            answer = send(transport, request)
            return answer
        finally:
            with self._lock:
                self._heard(before, answer)

    def _heard(self, before: Shown | None, answer: Answer | None) -> None:
        if before is None or self.observer is None or not self._running:
            return
        now = self._shown()
        if now is not None:
            self._tell(before, now)
        if answer is not None:
            self.observer.replied(answer.status, answer.body)

    def _shown(self) -> Shown | None:
        story = self._story
        if len(story.cc.account.book.contacts) > MOST_PEOPLE or len(list(story.kibo.book)) > MOST_PEOPLE:
            return None
        story.cc.account.jobs.pump()
        active = story.cc.list_id(story.list_name)
        contacts = {
            one.contact_id: (
                email_key(one.address or ""),
                active in one.lists,
                _mailed(one, active),
                _gone(one),
            )
            for one in story.cc.account.book.contacts
        }
        asked = sum(mail.kind == "resubscribe" for mail in story.cc.outbox)
        return contacts, {one.id: bool(one.accepts) for one in story.kibo.book}, asked

    def _tell(self, before: Shown, now: Shown) -> None:
        assert self.observer is not None
        for number, (key, on_list, mailed, gone) in now[0].items():
            old = before[0].get(number)
            if mailed and not (old and old[2]):
                act = Act.CREATE if old is None else Act.REVIVE if old[3] else Act.ADD
                self.observer.wrote_contact(act, number, key, created=old is None)
            elif old is not None and old[1] and not on_list and not gone:
                self.observer.wrote_contact(Act.REMOVE, number, key, created=False)
        for mail in [one for one in self._story.cc.outbox if one.kind == "resubscribe"][before[2] :]:
            self.observer.wrote_contact(Act.ASK, "", email_key(mail.to), created=False)
        for account, accepts in now[1].items():
            if before[1].get(account, accepts) is not accepts:
                found = self._story.kibo.book.get(account)
                act = Act.OPT_IN if accepts else Act.OPT_OUT
                self.observer.wrote_account(act, account, email_key((found and found.email) or ""))

    # ---------------------------------------------------------------- the program

    def run(self, run: Any, desk: Any, *arguments: Any, **options: Any) -> Run:
        """Let a run be made, and compare after it."""
        if desk is not self._story.desk or self._shown() is None:
            return run(desk, *arguments, **options)  # type: ignore[no-any-return]
        observer = self.observer = self.observer or Observer(self._story, self._drift)
        self._running, done = True, None
        observer.begin()
        try:
            done = run(desk, *arguments, **options)
            return done  # type: ignore[no-any-return]
        finally:
            self._running = False  # what the comparison reads, ccdesk was not told
            observer.end(done)

    def _drift(self) -> set[str]:
        """Return the emails of everybody whom the drift report names now."""
        try:
            return {email_key(one.email) for one in self._story.desk.drift().people}
        except CcdeskError:
            return set()

    def save(self, save: Any, desk: Any, values: dict[str, str], **options: Any) -> Any:
        """Let settings be saved; the list may be another one afterwards."""
        result = save(desk, values, **options)
        if desk is self._story.desk and self.observer is not None and "contact_list" in values:
            self.observer.choose_list()
        return result

    def answer(self, answer: Any, desk: Any, customer_id: int, *, add: bool) -> Any:
        """Let staff answer about a newcomer."""
        if add and self.observer is not None and desk is self._story.desk:
            self.observer.lift(customer_id)
        return answer(desk, customer_id, add=add)


@contextmanager
def followed(story: Story) -> Iterator[Follower]:
    """Shadow all that happens in a story."""
    follower = Follower(story)

    def wrapped(owner: Any, name: str, by: Any) -> Any:
        original = getattr(owner, name)
        return patch.object(owner, name, lambda *args, **more: by(original, *args, **more))

    with ExitStack() as patches:
        patches.enter_context(wrapped(Transport, "_send", follower.send))
        patches.enter_context(wrapped(LocalDesk, "run", follower.run))
        patches.enter_context(wrapped(LocalDesk, "save_settings", follower.save))
        patches.enter_context(wrapped(LocalDesk, "answer_newcomer", follower.answer))
        yield follower


def _mailed(contact: Contact, active: str | None) -> bool:
    return active in contact.lists and contact.deleted_at is None and contact.permission in MAILABLE


def _gone(contact: Contact) -> bool:
    return contact.deleted_at is not None
