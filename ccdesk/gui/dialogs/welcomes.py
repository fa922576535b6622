"""Unusually many welcome emails at once: send them, or add these people without (design §3a R3)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtWidgets import QWidget

from ccdesk.core.runs import RunKind
from ccdesk.core.welcomes import WelcomeAnswer
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.question import ask
from ccdesk.gui.dialogs.words import welcomes
from ccdesk.gui.translation import marked, say
from ccdesk.service.needs_you import Need, NeedKind

ANSWERED = (
    marked("Nobody is waiting any more"),
    marked("The welcome emails have been answered for, or were switched off."),
)


def ask_about_welcomes(context: Context, parent: QWidget) -> None:
    """Ask with the number as it is now; the answer takes effect with the run that follows."""
    desk = context.desk

    def waiting() -> int:
        return _count(desk.status(live=False).needs_you)

    context.tasks.run(parent, waiting, done=partial(_ask, context, parent), key="welcomes")


def _count(needs: Sequence[Need]) -> int:
    return next((need.count for need in needs if need.kind is NeedKind.WELCOMES), 0)


def _ask(context: Context, parent: QWidget, count: int) -> None:
    if not count:
        context.news.tell(*map(say, ANSWERED))
        return
    send = partial(_answer, context, parent, WelcomeAnswer.SEND)
    ask(welcomes(count), parent, yes=send, no=partial(_answer, context, parent, WelcomeAnswer.WITHOUT))


def _answer(context: Context, parent: QWidget, answer: WelcomeAnswer) -> None:
    desk, monitor = context.desk, context.monitor

    def done(_: int) -> None:
        monitor.request(RunKind.EVENTS)
        context.watch.refresh()

    context.tasks.run(parent, lambda: desk.answer_welcomes(answer), done=done)
