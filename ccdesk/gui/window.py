"""The window “Constant Contact Settings”: the five tabs of the seed, help, and what concerns them all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial

from PySide6.QtCore import QByteArray, QEvent, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QHideEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMainWindow, QTabWidget, QVBoxLayout, QWidget

from ccdesk.core.errors import (
    Busy,
    CcdeskError,
    ConfirmNeeded,
    ListHasMembers,
    ManyHeld,
    ManyWelcomes,
    RunAsks,
)
from ccdesk.core.runs import Run, RunKind, RunStatus
from ccdesk.gui import formats
from ccdesk.gui.aloud import Aloud
from ccdesk.gui.aside import Aside
from ccdesk.gui.components.icons import app_icon
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.news import (
    LIST,
    LOGIN,
    SERVICE,
    STORE,
    Toast,
    held_subject,
    run_subject,
    subject_of,
)
from ccdesk.gui.components.press import PressToolButton
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import MARGIN, ElideLabel, button
from ccdesk.gui.context import Context
from ccdesk.gui.deeds import Deeds
from ccdesk.gui.dialogs.about import show_about
from ccdesk.gui.dialogs.diagnostics import save_diagnostics
from ccdesk.gui.dialogs.find_person import find_person
from ccdesk.gui.dialogs.help import HelpDialog
from ccdesk.gui.dialogs.licences import show_licences
from ccdesk.gui.dialogs.newcomers import show_newcomers
from ccdesk.gui.dialogs.put_back import show_put_back
from ccdesk.gui.dialogs.question import ask
from ccdesk.gui.dialogs.review import review
from ccdesk.gui.dialogs.welcomes import ask_about_welcomes
from ccdesk.gui.dialogs.words import Reasons, guarded_run, off_list
from ccdesk.gui.leaving import Leaving
from ccdesk.gui.memory import Memory
from ccdesk.gui.menu_bar import MenuBar, wants_menu_bar
from ccdesk.gui.needs import OFF_LIST, REVIEW, for_window, things
from ccdesk.gui.once_notice import CrashNotice, GapNotice
from ccdesk.gui.overall import OFF
from ccdesk.gui.tabs.base import Tab, remedy
from ccdesk.gui.tabs.events import EventsTab
from ccdesk.gui.tabs.info import InfoTab
from ccdesk.gui.tabs.settings import SettingsTab
from ccdesk.gui.tabs.sync import FROM, TO, SyncTab
from ccdesk.gui.tabs.sync_logs import SyncLogsTab
from ccdesk.gui.translation import marked, say
from ccdesk.gui.tray_icon import TrayIcon
from ccdesk.gui.undo_previews import UndoPreviews
from ccdesk.gui.update_notice import UpdateNotice
from ccdesk.gui.watch import Snapshot
from ccdesk.service.api import ConnectionState, Status
from ccdesk.service.needs_you import NeedKind

TITLE = marked("Constant Contact Settings")
SIZE = (900, 640)
SMALLEST = (640, 440)
PLACE, TAB = "window.place", "window.tab"  # what is remembered
DAY = "day:"  # with a date: the place of its runs


class SettingsWindow(QMainWindow):
    """Hosts the tabs and wires what concerns more than one of them."""

    closed = Signal()

    def __init__(
        self, context: Context, tray: TrayIcon | None = None, *, memory: Memory | None = None
    ) -> None:
        """Put the window together.

        `tray`: where it goes on while it is closed, None if it does not. `memory`: what it remembers of last
        time; without it, nothing is kept.
        """
        super().__init__()
        self.context = context
        self.memory = memory or Memory(None, self)
        self._by_person = False  # Ctrl+W is as good as the frame's button
        self._snapshot: Snapshot | None = None
        self._help: HelpDialog | None = None
        self._unreadable = ""  # what keeps the data from being read
        self.setObjectName("settings_window")
        self.setWindowTitle(say(TITLE))
        self.setWindowIcon(app_icon())
        self.notice = Notice("notice_window")
        self.gap_notice, self.crash_notice = GapNotice(context, self), CrashNotice(context, self)
        self.info = InfoTab(context)
        self.settings = SettingsTab(context)
        self.sync = SyncTab(context)
        self.logs = SyncLogsTab(context)
        self.events = EventsTab(context)
        aside = Aside(context, tray, self) if tray is not None else None
        self.leaving = Leaving(self, self._reasons_to_stay, aside)
        self.tabs = self._build_tabs()
        self.lbl_footer = ElideLabel()
        self.lbl_footer.setObjectName("lbl_footer")
        self._lay_out()
        self.toast = Toast(self, self.tabs)
        self.deeds = Deeds(self)
        self.menu_bar = MenuBar(self) if wants_menu_bar() else None
        self._connect()
        self.resize(*SIZE)
        self.setMinimumSize(*SMALLEST)
        self._go_where_it_was()

    # building

    def _build_tabs(self) -> QTabWidget:
        tabs = QTabWidget()
        tabs.setObjectName("tabs")
        tabs.setDocumentMode(True)
        tabs.tabBar().setExpanding(False)
        tabs.tabBar().setDrawBase(False)
        tabs.tabBar().setElideMode(Qt.TextElideMode.ElideNone)
        titles = say("Info"), say("Settings"), say("Sync"), say("Sync Logs"), say("Events")
        for number, (title, page) in enumerate(zip(titles, self.pages(), strict=True), start=1):
            tabs.addTab(page, title)
            tabs.setTabToolTip(number - 1, say("{tab} (Ctrl+{number})").format(tab=title, number=number))
        help_button = PressToolButton()
        help_button.setObjectName("btn_help")
        help_button.setText("?")
        help_button.setAccessibleName(say("Help"))
        help_button.setToolTip(say("Help (F1)"))
        help_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        help_button.clicked.connect(self.show_help)
        tabs.setCornerWidget(help_button, Qt.Corner.TopRightCorner)
        return tabs

    def _lay_out(self) -> None:
        banner = QVBoxLayout()  # below the page: above it would push the tabs away under the pointer
        banner.setContentsMargins(MARGIN, 0, MARGIN, 6)
        banner.addWidget(self.crash_notice)
        banner.addWidget(self.gap_notice)
        banner.addWidget(self.notice)
        if (updates := self.context.updates) is not None:
            self.update_notice = UpdateNotice("notice_update", updates, self.context.open_url)
            updates.found.connect(self.update_notice.show_release)
            banner.addWidget(self.update_notice)
        footer = QFrame()
        footer.setObjectName("footer")
        line = QHBoxLayout(footer)
        line.setContentsMargins(MARGIN, 7, MARGIN, 7)
        line.addWidget(self.lbl_footer, 1)
        tip = say("Why somebody is on the list or not (Ctrl+F)")
        line.addWidget(button(say("Find a person…"), "btn_find", self.find_person, link=True, tip=tip))
        self._banner = banner
        page = QWidget()
        self.setCentralWidget(page)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(banner)
        layout.addWidget(footer)

    def add_standing_notice(self, notice: Notice) -> None:
        """Show a notice of somebody else's below the page."""
        self._banner.addWidget(notice)

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(self._on_tab)
        self.tabs.currentChanged.connect(self.toast.find_place)
        for page in self.pages():
            page.go_to.connect(self.go_to)
        self.settings.save_began.connect(self.sync.to_page.on_save_began)
        self.settings.save_ended.connect(self.sync.to_page.on_save_ended)
        self.sync.to_page.list_missing.connect(self.settings.say_list_is_missing)
        self.info.login_card.logged_in.connect(self.settings.reload)
        self.info.login_card.logged_in.connect(partial(self.context.news.settle, LOGIN))
        self.context.news.said.connect(self.toast.show_text)
        self.context.news.settled.connect(self.notice.settle)
        self.context.watch.answered.connect(self._on_answered)
        self.context.watch.changed.connect(self._on_snapshot)
        self.context.watch.failed.connect(self._on_unreadable)
        self.context.monitor.changed.connect(self._show_footer)
        self.context.bridge.finished.connect(self._on_finished)
        self.context.monitor.failed.connect(self._on_failed)
        Aloud(self.context, self)
        UndoPreviews(self.context, self).failed.connect(self.show_error)
        self.context.tasks.unhandled.connect(self.show_error)

    def pages(self) -> tuple[Tab, ...]:
        """Return the tabs in their order."""
        return self.info, self.settings, self.sync, self.logs, self.events

    # going places

    @Slot(str)
    def go_to(self, place: str) -> None:
        """Show a place by its name, or the review of those whom a kind of run holds."""
        if place.startswith(REVIEW):
            review(self.context, RunKind(place.removeprefix(REVIEW)), self)
            return
        if place.startswith(DAY):
            self.tabs.setCurrentWidget(self.logs)
            self.logs.show_day(date.fromisoformat(place.removeprefix(DAY)))
            return
        places: dict[str, tuple[Tab, Callable[[], object]]] = {
            "kibo": (self.info, self.info.focus_kibo),
            "needs": (self.info, self.info.focus_needs),
            "secret": (self.info, self.info.focus_secret),
            "login": (self.info, self.info.focus_login),
            "list": (self.settings, self.settings.focus_list),
            "export": (self.sync, partial(self._show_direction, TO)),
            "inbound": (self.sync, partial(self._show_direction, FROM)),
            "enable": (self.info, self.info.focus_enabled),
            "newcomers": (self.info, partial(show_newcomers, self.context, self)),
            OFF_LIST: (self.info, self._ask_about_list),
            "welcomes": (self.info, partial(ask_about_welcomes, self.context, self)),
            "diagnostics": (self.current(), self.save_diagnostics),
            "put back": (self.info, partial(show_put_back, self.context, self)),
            "logs": (self.logs, self.logs.table.setFocus),
            "events": (self.events, self.events.table.setFocus),
        }
        page, then = places[place]
        self.tabs.setCurrentWidget(page)
        then()

    def _show_direction(self, direction: int) -> None:
        self.sync.show_page(direction)
        first = self.sync.to_page.btn_sync if direction == TO else self.sync.from_page.table
        first.setFocus()

    def current(self) -> Tab:
        """Return the tab in front."""
        return self.pages()[self.tabs.currentIndex()]

    @Slot(int)
    def _on_tab(self, index: int) -> None:
        self.memory.put(TAB, index)
        if self.current() is self.info:  # its block “Needs you” says it from now on, with the same button
            for kind in RunKind:
                self.notice.settle(held_subject(kind))
        self.current().refresh()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Dismiss what was said on Esc, where no field or dialog has a use for the key itself."""
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    @Slot()
    def dismiss(self) -> None:
        """Take away what was said: first a success that lies over the page, then the notices in sight."""
        if self.toast.isVisible():
            self.toast.hide()
            return
        for notice in self.findChildren(Notice):
            if notice.isVisible():
                notice.clear()

    # its place, and who looks

    def _go_where_it_was(self) -> None:
        """Go to the place and the tab of last time; a screen that is gone is Qt's to see to."""
        place = self.memory.get(PLACE, str, "")
        if place:
            self.restoreGeometry(QByteArray.fromBase64(place.encode("ascii", "ignore")))
        tab = self.memory.get(TAB, int, 0)
        if 0 <= tab < self.tabs.count():
            self.tabs.setCurrentIndex(tab)

    def hideEvent(self, event: QHideEvent) -> None:
        """Remember the place, whether the window closes for good or not."""
        self.memory.put(PLACE, self.saveGeometry().toBase64().toStdString())
        self.context.last_look.leave()
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Note when somebody turns to the window or away from it."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isVisible():
            look = self.context.last_look
            look.come_back() if self.isActiveWindow() else look.leave()

    @Slot()
    def reload(self) -> None:
        """Read the tab in front anew, and ask the services where it shows what they say."""
        self.current().reload()

    @Slot()
    def show_help(self) -> None:
        """Show the help at the part about the tab in front."""
        if self._help is None:
            save = self.save_diagnostics if self.context.save_bundle else None
            self._help = HelpDialog(
                self,
                save_diagnostics=save,
                show_licences=self.show_licences,
                show_about=self.show_about,
                check_for_updates=self.check_for_updates if self.can_check_for_updates else None,
            )
        self._help.show_part(self.current().help_part)

    @Slot()
    def save_diagnostics(self) -> None:
        """Show what support would get, and save it; on a bundle there is nothing to save."""
        if self.context.save_bundle is not None:
            save_diagnostics(self.context, self._help_or_self())

    @Slot()
    def show_licences(self) -> None:
        """Show what ccdesk is made of."""
        show_licences(self.context, self._help_or_self())

    @Slot()
    def show_about(self) -> None:
        """Show which ccdesk this is."""
        show_about(self.context, self._help_or_self())

    @property
    def can_check_for_updates(self) -> bool:
        """Say whether this copy knows where newer versions are published."""
        return self.context.updates is not None and self.context.updates.place is not None

    @Slot()
    def check_for_updates(self) -> None:
        """Ask now whether there is a newer version, and show what comes of it."""
        show_about(self.context, self._help_or_self()).check()

    def help_in_front(self) -> HelpDialog | None:
        """Return the help, if it has the keyboard."""
        guide = self._help
        return guide if guide is not None and guide.isVisible() and guide.isActiveWindow() else None

    def _help_or_self(self) -> QWidget:
        """Return what a dialog asked for in the help belongs to: the keyboard comes back to it."""
        return self.help_in_front() or self

    @Slot()
    def find_person(self) -> None:
        """Ask whom to look up, and say why they are on the list or not."""
        find_person(self.context, self)

    @Slot()
    def come_forward(self) -> None:
        """Show the window in front of others: somebody wants it, or started the program a second time."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    @Slot(str)
    def come_forward_at(self, place: str) -> None:
        """Show the window at a place of it."""
        self.come_forward()
        self.go_to(place)

    # news

    @Slot(object)
    def show_error(self, error: CcdeskError) -> None:
        """Show an error that belongs to no tab."""
        self._show_error(error)

    def _show_error(self, error: CcdeskError, subject: str = "", of: str = "") -> None:
        words, place = remedy(error)
        self.notice.show_error(error, words, lambda: self.go_to(place), subject=subject, of=of)

    @Slot(object)
    def _on_answered(self, snapshot: Snapshot) -> None:
        """Both services were asked: what they answer is newer than what is said about them."""
        if snapshot.status.constant_contact.state is ConnectionState.CONNECTED:
            self.context.news.settle(LOGIN)
            if snapshot.status.kibo.state is ConnectionState.CONNECTED:
                self.context.news.settle(SERVICE)

    @Slot(object)
    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._snapshot, self._unreadable = snapshot, ""
        self.context.news.settle(STORE)
        self._show_footer()

    @Slot(object)
    def _on_unreadable(self, error: CcdeskError) -> None:
        self._unreadable = say(error.title)
        self._show_footer()

    @Slot()
    def _show_footer(self) -> None:
        self.lbl_footer.setText(self._footer())

    def _footer(self) -> str:
        monitor, snapshot = self.context.monitor, self._snapshot
        if monitor.kind is not None:
            phase = say(monitor.progress.phase) if monitor.progress else say("starting")
            words = say("Preview: {kind}, {phase}") if monitor.previewing else say("Running: {kind}, {phase}")
            return words.format(kind=say(formats.KIND_WORDS[monitor.kind]), phase=phase)
        if self._unreadable:
            return say("{problem}: what is shown may be out of date").format(problem=self._unreadable)
        if snapshot is None:
            return ""
        if snapshot.status.running:
            who = formats.holder(snapshot.status.running)
            return say("Another program works on the same data: {who}").format(who=who)
        parts = [say("A bundle, to look at only") if self.context.read_only else _in_a_word(snapshot.status)]
        moments = [moment for moment in snapshot.status.next_runs.values() if moment]
        if snapshot.status.enabled and moments:
            parts.append(say("next run: {time}").format(time=formats.in_sentence(min(moments))))
        parts.append(things(for_window(snapshot.status.needs_you)))
        return " · ".join(part for part in parts if part)

    @Slot(object)
    def _on_finished(self, run: Run) -> None:
        kind = say(formats.KIND_WORDS[run.kind])
        subject = run_subject(run.kind)
        if run.status is RunStatus.COMPLETE:  # what was wrong with it, or with what it needs, has passed
            self.context.news.settle(subject, held_subject(run.kind), LOGIN, LIST)
        elif run.status is RunStatus.NEEDS_YOU:  # it did its work; those it holds were told of
            self.context.news.settle(subject, LOGIN, LIST)
        elif run.status is RunStatus.FAILED and run.failure is not None:
            self._show_run_error(run.kind, run.failure)
        elif run.status is RunStatus.FAILED:
            title = say("{kind}: the run failed").format(kind=kind)
            self.notice.show_text(Tone.ERROR, title, say(run.message), subject=subject)
        elif run.status is RunStatus.WAITING:
            title = say("{kind}: the run waits").format(kind=kind)
            self.notice.show_text(Tone.WARNING, title, formats.run_words(run), subject=subject)

    def _show_run_error(self, kind: RunKind, error: CcdeskError) -> None:
        """Show why a run failed until one of its kind ends well; a login or a list may come sooner.

        It says when, because the services may answer again while it stands there.
        """
        subject = subject_of(error)
        when = f"{say(formats.KIND_WORDS[kind])}, {formats.short_time(datetime.now(UTC))}"
        if subject in (LOGIN, LIST):
            self._show_error(error, subject)
        elif isinstance(error, Busy):
            self._show_error(error, run_subject(kind))
        else:
            self._show_error(error, run_subject(kind), when)

    @Slot(object, object, bool)
    def _on_failed(self, kind: RunKind, error: CcdeskError, asked: bool) -> None:
        ask_to_go_on = partial(self._ask_to_go_on, kind, error)
        if isinstance(error, Busy) and not asked:
            return  # a scheduled run that found the data in use comes again by itself
        if isinstance(error, ConfirmNeeded) and asked:
            ask_to_go_on()
        elif isinstance(error, RunAsks) and self.current() is self.info:
            return  # its block “Needs you” says it, with the same button
        elif isinstance(error, ConfirmNeeded):
            self.notice.show_text(
                Tone.WARNING,
                f"{say(formats.KIND_WORDS[kind])}: {say(error.title)}",
                say(error.meaning),
                say("&Review…"),
                ask_to_go_on,
                subject=held_subject(kind) if isinstance(error, RunAsks) else run_subject(kind),
            )
        else:
            self._show_run_error(kind, error)

    @Slot()
    def _ask_about_list(self) -> None:
        """Ask what the last export asked, in its words as they were stored."""
        needs = self._snapshot.status.needs_you if self._snapshot is not None else ()
        for need in needs:
            if need.kind is NeedKind.EXPORT_ASKS:
                title, _, meaning = need.subject.partition(". ")
                self._ask_to_go_on(RunKind.EXPORT, ListHasMembers(title, meaning=meaning))

    def _ask_to_go_on(self, kind: RunKind, error: CcdeskError) -> None:
        if not self.isVisible():  # asked for in the tray
            self.come_forward()
        if isinstance(error, ManyHeld):
            review(self.context, kind, self, error=error)
            return
        if isinstance(error, ManyWelcomes):
            ask_about_welcomes(self.context, self)
            return
        request = self.context.monitor.request
        go_on = partial(request, kind, confirmed=True)
        if isinstance(error, ListHasMembers):
            ask(off_list(error), self, yes=go_on, no=partial(request, kind, leave_out=True))
        else:
            ask(guarded_run(error), self, yes=go_on)

    # leaving

    def closeEvent(self, event: QCloseEvent) -> None:
        """Go on without the window where that is meant, else ask before it ends something."""
        by_person, self._by_person = event.spontaneous() or self._by_person, False
        if by_person and self.leaving.steps_aside():
            event.ignore()
            return
        if not self.leaving.may_close():
            event.ignore()
            return
        event.accept()
        self.closed.emit()

    @Slot()
    def close_by_person(self) -> None:
        """Close the window as its frame's button does."""
        self._by_person = True
        self.close()

    @Slot()
    def quit_by_person(self) -> None:
        """End the program, from wherever: the window may not be on the screen."""
        self.close()

    @property
    def is_looked_at(self) -> bool:
        """Say whether somebody has the window before their eyes."""
        return self.isVisible() and self.isActiveWindow() and not self.isMinimized()

    def _reasons_to_stay(self) -> Reasons:
        return Reasons(
            running=self.context.monitor.kind is not None,
            enabled=not self.context.read_only
            and self._snapshot is not None
            and self._snapshot.status.enabled,
            settings=self.settings.has_changes,
            connection=self.info.kibo_form.has_changes or self.info.login_card.has_changes,
        )


def _in_a_word(status: Status) -> str:
    if not status.enabled:
        return say(OFF)
    if status.paused_until is not None:
        return say("Paused until {time}").format(time=formats.short_time(status.paused_until))
    return say("Enabled")
