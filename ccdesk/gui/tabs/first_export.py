"""The fourth card of the first day: what an export would do, in figures that open; and the export."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QPushButton

from ccdesk.core.errors import CcdeskError, ConfirmNeeded, ListHasMembers
from ccdesk.core.run_history import BAD_EMAIL
from ccdesk.core.runs import Outcome, Run, RunKind, RunStatus
from ccdesk.gui import formats
from ccdesk.gui.components.flow import FlowLayout
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.plain import one_line
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import Card, button, label, restyle, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.preview_view import ASKED, PreviewDialog
from ccdesk.gui.tabs.progress_box import ProgressBox
from ccdesk.gui.translation import marked, plural, say
from ccdesk.gui.watch import Snapshot
from ccdesk.service.preview import Preview

WHAT = marked(
    "Everybody who has opted in to marketing in Kibo is put on the list. People who unsubscribed in Constant "
    "Contact, or left the list, are not added again. The export sends no welcome email."
)
AUTOMATIONS = marked(
    "Constant Contact does not tell ccdesk which automations start when a contact joins the list “{name}”. "
    "One that does starts for everybody added, and may send email to all of them: look under Automations "
    "there, and pause it first."
)
STARTED = marked(
    "Joining the list “{name}” starts an automation in Constant Contact: {automations}. It starts for "
    "everybody added, and may send email to all of them: pause it there first. There may be others that "
    "ccdesk cannot see."
)
LOOK_FIRST = marked("First see who would be added. Nothing is changed by looking.")
LOOKING = marked("Looking who would be added. Nothing is changed.")
FIGURES: dict[Outcome, Callable[[int], str]] = {
    # in the order of the sentence; of an outcome that is not named here nothing is to be said
    Outcome.ADDED: lambda n: plural("{n} will be added", "{n} will be added", n),
    Outcome.UPDATED: lambda n: plural("{n} will be put on the list", "{n} will be put on the list", n),
    Outcome.UNCHANGED: lambda n: plural("{n} already there", "{n} already there", n),
    Outcome.SKIPPED: lambda n: plural("{n} skipped", "{n} skipped", n),
    Outcome.HELD: lambda n: plural("{n} wait for your answer", "{n} waits for your answer", n),
    Outcome.ERROR: lambda n: plural("{n} invalid emails", "{n} invalid email", n),
}
PLACE = "first day"
_ERRORS_READ = 500


class FirstExport(Card):
    """A preview, the warning about automations, and *Export N people*."""

    look_at_logs = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(say("Put your customers on the list"))
        self.setObjectName("card_first_export")
        self._context = context
        self._preview: Preview | None = None
        self._list = ""
        self._automations: tuple[str, ...] = ()
        self._awaits_keyboard = False  # until there is a button to give it to
        self._errors_are_emails = False  # those of the preview, as far as was looked
        self.lbl_state = label(say(LOOK_FIRST), name="lbl_first_export")
        self.total = label("", "label", name="lbl_first_total", wrap=False)
        self.figures: dict[Outcome, QPushButton] = {}
        self.line = FlowLayout()
        self.line.addWidget(self.total)
        for outcome in FIGURES:
            name = f"btn_first_{outcome.value}"
            tip = say("Show who they are")
            figure = button("", name, partial(self._open, outcome), link=True, tip=tip)
            figure.hide()
            self.figures[outcome] = figure
            self.line.addWidget(figure)
        self.progress = ProgressBox("first")
        self.notice = Notice("notice_first_export")
        self.lbl_automations = label("", "warning", name="lbl_automations")
        self.btn_preview = button(say("&Preview"), "btn_first_preview", self.look)
        self.btn_cancel = button(say("&Cancel"), "btn_first_cancel", context.monitor.cancel)
        self.btn_export = button(say("&Export"), "btn_first_export", self._export, primary=True)
        self._second = QTimer(self, interval=1_000)
        self._second.timeout.connect(self._show_state)
        self._lay_out()
        context.bridge.tried_out.connect(self._on_tried_out)
        context.bridge.not_tried_out.connect(self._on_not_tried_out)
        context.bridge.finished.connect(self._on_finished)
        context.monitor.changed.connect(self._show_state)
        self._show_state()

    def _lay_out(self) -> None:
        self.body.addWidget(label(say(WHAT), "muted"))
        self.body.addWidget(self.lbl_state)
        self.body.addLayout(self.line)
        for part in (self.progress, self.lbl_automations, self.notice):
            self.body.addWidget(part)
        self.body.addLayout(row(None, self.btn_cancel, self.btn_preview, self.btn_export))

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Name the list in the warning."""
        self._list = snapshot.status.contact_list or snapshot.settings.contact_list
        self._warn()

    def _warn(self) -> None:
        """Name the automations that adding people starts, where they could be read."""
        quoted = [say("“{name}”").format(name=one_line(one)) for one in self._automations]
        text = say(STARTED if quoted else AUTOMATIONS)
        self.lbl_automations.setText(text.format(name=one_line(self._list), automations=", ".join(quoted)))

    def _on_automations(self, found: tuple[str, ...]) -> None:
        self._automations = found
        self._warn()

    @property
    def _looking(self) -> bool:
        """Say whether a preview that was asked for here is under way, or waits to be."""
        monitor = self._context.monitor
        under_way = monitor.previewing and monitor.kind is RunKind.EXPORT
        return monitor.preview_of == PLACE and (under_way or monitor.waits_for_preview(RunKind.EXPORT))

    @Slot()
    def look(self) -> None:
        """See what the export would do; nothing is changed."""
        if self._looking:
            return
        self._forget()
        self.notice.clear()
        self._context.monitor.try_out(RunKind.EXPORT, of=PLACE)
        desk = self._context.desk
        self._context.tasks.run(
            self,
            desk.joining_automations,
            done=self._on_automations,
            failed=lambda _: self._on_automations(()),  # the warning without names stays
            key="automations",
        )

    @Slot(object)
    def _on_tried_out(self, preview: Preview) -> None:
        if self._context.monitor.preview_of != PLACE or preview.run.kind is not RunKind.EXPORT:
            return
        if preview.run.status is RunStatus.CANCELLED:
            self._context.tasks.run(self._context.tasks, preview.close)
        else:
            self._preview, self._errors_are_emails = preview, False
            self._context.tasks.run(
                self, partial(_only_emails, preview), done=self._on_errors_read, key="errors"
            )
        self._show_state()

    def _on_errors_read(self, only_emails: bool) -> None:
        self._errors_are_emails = only_emails
        self._show_state()

    @Slot(object, object)
    def _on_not_tried_out(self, kind: RunKind, error: CcdeskError) -> None:
        if self._context.monitor.preview_of == PLACE and kind is RunKind.EXPORT:
            self.notice.show_error(error)
            self._show_state()

    @Slot(object)
    def _on_finished(self, run: Run) -> None:
        if run.kind is RunKind.EXPORT:
            if self.isVisible() and run.status is RunStatus.COMPLETE:  # the next card takes its place
                self._context.news.tell(say("The export is done"), formats.counts_line(run))
            self._forget()
            self._show_state()

    def take_keyboard(self) -> None:
        """Give the keyboard to the button that goes on from here."""
        for one in (self.btn_export, self.btn_preview, self.btn_cancel):
            if one.isVisibleTo(self) and one.isEnabled():
                one.setFocus()
                self._awaits_keyboard = False
                return
        self._awaits_keyboard = True

    def _forget(self) -> None:
        """Let go of the preview: it holds a copy of the data."""
        preview, self._preview = self._preview, None
        if preview is not None:
            self._context.tasks.run(self._context.tasks, preview.close)

    @Slot()
    def _export(self) -> None:
        self.notice.clear()
        self._context.monitor.request(RunKind.EXPORT)

    def _open(self, outcome: Outcome) -> None:
        """Show the people behind a figure."""
        if self._preview is not None:
            dialog = PreviewDialog(self._context, self._preview, self.window(), keep=True, outcome=outcome)
            dialog.accepted.connect(self._export)
            dialog.open()

    @Slot()
    def _show_state(self) -> None:
        """Show how far it is: to be looked at, being looked at, looked at, or being exported."""
        buttons = (self.btn_export, self.btn_preview, self.btn_cancel)
        had_keyboard = self._awaits_keyboard or self.window().focusWidget() in buttons
        offered = [one.isVisibleTo(self) for one in buttons]
        monitor, looking = self._context.monitor, self._looking
        exporting = monitor.is_pending(RunKind.EXPORT) and not monitor.previewing
        busy = looking or exporting
        self.progress.setVisible(busy)
        self.btn_cancel.setVisible(busy and monitor.kind is not None)
        self.btn_cancel.setEnabled(not monitor.stopping)
        self._second.start() if busy else self._second.stop()
        self.btn_preview.setVisible(not busy)
        self.btn_preview.setText(say("&Look again") if self._preview else say("&Preview"))
        restyle(self.btn_preview, "primary", self._preview is None)
        self._show_figures(self._preview.run if self._preview is not None and not busy else None)
        self.lbl_automations.setVisible(self._preview is not None or exporting)
        if busy:
            self.lbl_state.setText(say(LOOKING) if looking else say("Exporting…"))
            self.lbl_state.show()
            self._show_progress()
        elif self._preview is None:
            self.lbl_state.setText(say(LOOK_FIRST))
            self.lbl_state.show()
        if had_keyboard and offered != [one.isVisibleTo(self) for one in buttons]:
            self.take_keyboard()

    def _show_progress(self) -> None:
        monitor = self._context.monitor
        self.progress.show_time(monitor.seconds)
        self.progress.show_steps(monitor.steps.now if monitor.kind is RunKind.EXPORT else None)
        if monitor.stopping:
            self.progress.show_words(say("Stopping…"))
        else:
            self.progress.show_run(monitor.progress, monitor.seconds_to_next_try)

    def _show_figures(self, run: Run | None) -> None:
        self.total.setVisible(run is not None)
        for outcome, in_words in FIGURES.items():
            people = _people(run, outcome) if run is not None else 0
            figure = self.figures[outcome]
            figure.setVisible(bool(people))
            if outcome is Outcome.ERROR and not self._errors_are_emails:
                figure.setText(plural("{n} cannot be added", "{n} cannot be added", people))
            else:
                figure.setText(in_words(people))
            figure.setAccessibleName(figure.text())
        asks = run is not None and isinstance(run.failure, ConfirmNeeded)
        about_list = run is not None and isinstance(run.failure, ListHasMembers)
        can = run is not None and (asks or (run.failure is None and run.status is not RunStatus.FAILED))
        self.btn_export.setVisible(can)
        if run is None:
            return
        self.total.setText(plural("{n} opted in:", "{n} opted in:", run.total_contacts))
        export = plural("&Export {n} people", "&Export {n} person", run.changes)
        if asks:
            export = f"{export}…" if about_list and run.changes else say("&Export…")
        self.btn_export.setText(export)
        self.btn_export.setAccessibleName(self.btn_export.text().replace("&", ""))
        said = formats.run_words(run)
        if about_list and run.failure is not None:
            said = f"{say(run.failure.title)}. {say(ASKED)}"
        self.lbl_state.setText(said)
        self.lbl_state.setVisible(bool(said))
        if run.failure is not None and not asks:
            self.notice.show_text(Tone.ERROR, say(run.failure.title), say(run.failure.meaning))


def _only_emails(preview: Preview) -> bool:
    """Say whether all errors are invalid emails, as far as is read (in the background)."""
    errors = preview.entries(outcome=Outcome.ERROR, limit=_ERRORS_READ)
    return all(entry.code.startswith(BAD_EMAIL) for entry in errors)


def _people(run: Run, outcome: Outcome) -> int:
    return run.error_count if outcome is Outcome.ERROR else run.counts.get(outcome.value, 0)
