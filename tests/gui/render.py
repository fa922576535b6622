"""Draws the window with made-up data into PNG files: python -m tests.gui.render DIR [THEME …]."""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("TZ", "UTC")

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QLineEdit, QWidget

from ccdesk.core.errors import ManyHeld, QuotaUsedUp, Remedy, Unreachable
from ccdesk.core.runs import Entry, Outcome, Progress, RunKind, RunStatus, Trigger
from ccdesk.gui.app import AppParts, build
from ccdesk.service.api import Connection, ConnectionState
from ccdesk.service.needs_you import Need, NeedKind
from tests.gui.fakes import FakeDesk, FakeLoop, fresh_desk, ready_desk


def settle(ms: int = 700) -> None:
    """Let tasks end and the window draw."""
    pause = QEventLoop()
    QTimer.singleShot(ms, pause.quit)
    pause.exec()


def shoot(widget: QWidget, target: Path) -> None:
    widget.grab().save(str(target))


class Shots:
    """Takes pictures of one window."""

    def __init__(self, folder: Path, theme: str, desk: FakeDesk, prefix: str) -> None:
        self.folder, self.theme, self.prefix = folder, theme, prefix
        self.desk, self.loop = desk, FakeLoop()
        self.parts: AppParts = build(desk, self.loop, theme=theme, open_url=lambda _: True)
        self.parts.window.resize(900, 600)
        self.parts.start()
        settle()

    def take(self, name: str, widget: QWidget | None = None) -> None:
        settle(200)
        shoot(widget or self.parts.window, self.folder / f"{self.theme}-{self.prefix}-{name}.png")

    def tabs(self) -> None:
        window = self.parts.window
        for number, name in enumerate(("info", "settings", "sync", "logs", "events")):
            window.tabs.setCurrentIndex(number)
            settle(400)
            self.take(name)
        window.sync.show_page(1)
        window.tabs.setCurrentWidget(window.sync)
        self.take("sync-from")
        window.sync.show_page(0)

    def end(self) -> None:
        self.parts.window.close()
        self.parts.shutdown()
        self.parts.window.deleteLater()


def ready(folder: Path, theme: str) -> None:
    shots = Shots(folder, theme, ready_desk(), "ready")
    window = shots.parts.window
    shots.tabs()
    area = window.info.findChild(QWidget, "kibo_form")
    window.tabs.setCurrentIndex(0)
    window.info._reveal(window.info.lbl_version)
    shots.take("info-below")
    window.info.kibo_form.btn_more.click()
    assert area is not None
    window.info._reveal(window.info.kibo_form)
    shots.take("info-form")
    window.tabs.setCurrentWidget(window.logs)
    window.logs.table.selectRow(6)
    window.logs.table.setFocus()
    shots.take("logs-chosen")
    window.logs._open_run(shots.desk.get_run(900))  # type: ignore[arg-type]
    shots.take("run", window.findChild(QWidget, "dlg_run"))
    window.findChild(QWidget, "dlg_run").close()  # type: ignore[union-attr]
    window.logs._open_errors(shots.desk.get_run(900))  # type: ignore[arg-type]
    shots.take("errors", window.findChild(QWidget, "dlg_errors"))
    window.findChild(QWidget, "dlg_errors").close()  # type: ignore[union-attr]
    window.tabs.setCurrentWidget(window.events)
    window.events.chk_processed.click()
    settle(400)
    window.events.table.selectRow(1)
    shots.take("events-parked")
    window.tabs.setCurrentWidget(window.settings)
    window.settings.list_field.line.setFocus()
    window.settings.list_field.combo.setEditText("Spring sale")
    shots.take("settings-new")
    window.settings.btn_save.click()
    shots.take("question", window.findChild(QWidget, "dlg_list_change"))
    window.findChild(QWidget, "dlg_list_change").close()  # type: ignore[union-attr]
    window.show_help()
    shots.take("help", window.findChild(QWidget, "dlg_help"))
    window.findChild(QWidget, "dlg_help").close()  # type: ignore[union-attr]
    window.settings.btn_discard.click()
    bridge = shots.parts.bridge
    bridge.run_started(RunKind.EXPORT, Trigger.MANUAL)
    began = shots.desk.all_runs[6]
    shots.desk.all_runs.insert(0, replace(began, id=1100, status=RunStatus.RUNNING, resumes=began.id))
    figures = {"read": 4_812, "sent": 1_200, "confirmed": 90, "rate": 38.0, "continued": True}
    sending = "Sending to Constant Contact"
    bridge.progress(Progress(1100, RunKind.EXPORT, sending, 1_200, 4_812, 3, 95.0, **figures))
    window.go_to("export")
    shots.take("sync-running")
    shots.parts.window.resize(780, 480)
    shots.take("sync-running-small")
    shots.parts.window.resize(900, 600)
    window.sync.to_page.btn_cancel.click()
    shots.take("sync-stopping")
    del shots.desk.all_runs[0]
    until = datetime(2015, 12, 17, tzinfo=UTC)
    stopped = replace(began, id=1100, status=RunStatus.CANCELLED, resumes=began.id)
    bridge.run_finished(stopped)
    shots.take("sync-stopped")
    bridge.run_finished(
        replace(stopped, status=RunStatus.WAITING, message=QuotaUsedUp(until).text, waiting_until=until)
    )
    shots.take("sync-waiting")
    bridge.run_failed(
        RunKind.EXPORT, Unreachable(detail="ConnectionError: [Errno 111] refused", code="unreachable")
    )
    shots.take("notice")
    window.notice.fold.click()
    shots.take("notice-open")
    held(shots)
    shots.end()


def held(shots: Shots) -> None:
    """What a held mass opt-out looks like: on Info, in its row, its review; and the way out."""
    window, desk = shots.parts.window, shots.desk
    asked = ManyHeld(
        "93 of 181 people would be opted out in Kibo",
        meaning="That's more than 20% of your linked customers, so we stopped before changing anything. "
        "This can happen when a list is emptied or a file is imported by mistake.",
        next_step="Check in Constant Contact and Kibo whether this is meant.",
        remedy=Remedy.CONFIRM_RUN,
    )
    run = replace(
        desk.all_runs[0],
        id=1200,
        status=RunStatus.NEEDS_YOU,
        total_contacts=93,
        counts={"held": 93},
        message=asked.text,
    )
    desk.all_runs.insert(0, run)
    desk.people[1200] = [
        Entry(1000 + n, f"person{n}@example.com", Outcome.HELD, "left the list in Constant Contact")
        for n in range(92)
    ] + [Entry(1, "a.very.long.name@" + "department." * 5 + "example.com", Outcome.HELD, "left the list")]
    desk.needs = (Need(NeedKind.HELD, 93, run.finished_at, "inbound", ids=("1200",)),)
    window.tabs.setCurrentWidget(window.info)
    shots.parts.context.watch.refresh()
    shots.parts.bridge.run_failed(RunKind.INBOUND, asked)
    shots.take("held-info")
    window.tabs.setCurrentWidget(window.logs)
    window.logs.refresh()
    shots.take("held-logs")
    window.go_to("review:inbound")
    review = window.findChild(QWidget, "dlg_confirm_run")
    assert review is not None
    settle(400)
    shots.take("held-review", review)
    review.findChild(QLineEdit, "inp_review_search").setText("department")  # type: ignore[union-attr]
    settle(400)
    shots.take("held-review-found", review)
    review.close()
    window.close()
    shots.take("leaving", window.findChild(QWidget, "dlg_quit"))
    window.leaving.let_go()


def fresh(folder: Path, theme: str) -> None:
    shots = Shots(folder, theme, fresh_desk(), "fresh")
    shots.tabs()
    shots.end()


def odd(folder: Path, theme: str) -> None:
    desk = ready_desk()
    desk.kibo = Connection(
        ConnectionState.FAILED, "Mystic Outdoors " * 5, "mystic.ccdesk.1.0.0.Release", error=Unreachable()
    )
    desk.mail = Connection(ConnectionState.LOGIN_NEEDED, "The very long organization name " * 3)
    desk.stored["contact_list"] = "VIP " + "and friends of friends " * 8
    desk.exported = False
    desk.gate["log_in"] = threading.Event()
    shots = Shots(folder, theme, desk, "odd")
    shots.parts.window.info.login_card.log_in()
    shots.take("info")
    shots.parts.window.resize(780, 480)
    shots.take("info-small")
    for number, name in ((1, "settings"), (2, "sync"), (3, "logs"), (4, "events")):
        shots.parts.window.tabs.setCurrentIndex(number)
        settle(300)
        shots.take(f"{name}-small")
    shots.parts.window.sync.to_page.btn_sync.click()
    settle(200)
    question = shots.parts.window.findChild(QWidget, "dlg_first_export")
    shots.take("question-first", question)
    shots.end()


def run() -> None:
    """Draw everything."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    time.tzset()
    for theme in sys.argv[2:] or ("light", "dark"):
        ready(folder, theme)
        fresh(folder, theme)
        odd(folder, theme)


if __name__ == "__main__":
    run()
