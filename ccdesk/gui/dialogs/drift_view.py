"""Both sides compared whole, as they are now: about whom they differ, and what it means (design §8)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QVBoxLayout, QWidget

from ccdesk.core.drift import Chosen, Drift, DriftKind, as_left
from ccdesk.core.errors import Cancelled, CcdeskError
from ccdesk.core.runs import Progress
from ccdesk.gui import formats
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.table_models import Column, PagedModel, of_rows
from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import Badge, button, disable, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.find_person import find_person
from ccdesk.gui.dialogs.once import open_once
from ccdesk.gui.dialogs.question import ask
from ccdesk.gui.dialogs.words import put_right
from ccdesk.gui.translation import marked, number, plural, say
from ccdesk.service.api import Desk
from ccdesk.service.reason_words import drift_words
from ccdesk.service.repair import MOST

KEPT = 1_000  # people shown of one kind; the figures count everybody
ALL_OF_KIND = marked(
    "Do the runs that put this kind right, by their ordinary rules; what else is due they do, too"
)
ONLY_CHOSEN = marked("Put the people chosen right by the ordinary rules, and nobody else")
LEAVE = marked("Name them as left as they are, and need nobody for them, until either side changes")
NAME_AGAIN = marked("Name them again as what they were left as")
TOO_MANY = marked("Choose at most {most} people, or none to put the whole kind right").format(most=MOST)
INTRO = marked("Both services were read as they are now. Nothing was written to either.")
IN_STEP = (marked("Both sides are in step"), marked("Nobody differs."))
KIND_WORDS = {
    DriftKind.PUT_BACK: marked("Opted out, put back on the list"),
    DriftKind.NOBODY_AGREES: marked("On the list, nobody agrees any more"),
    DriftKind.MISTAKE: marked("Opt-out called a mistake"),
    DriftKind.HELD: marked("Opt-out held"),
    DriftKind.OPT_OUT_DUE: marked("Opted out, still on the list"),
    DriftKind.SIGN_UP_DUE: marked("Signed up, not opted in yet"),
    DriftKind.NEVER_OPTED_IN: marked("On the list, never opted in"),
    DriftKind.NO_ACCOUNT: marked("On the list, no account"),
    DriftKind.UNSUBSCRIBED: marked("Unsubscribed, opted in"),
    DriftKind.LEFT_LIST: marked("Left the list, opted in"),
    DriftKind.CONFIRMING: marked("Asked to confirm"),
    DriftKind.ASKED_BEFORE: marked("Was asked to confirm before"),
    DriftKind.DELETED: marked("Deleted in Constant Contact"),
    DriftKind.WAITING: marked("Waiting in Constant Contact"),
    DriftKind.LEFT_OUT: marked("Left out of the list"),
    DriftKind.UNDONE: marked("Undone"),
    DriftKind.NEWCOMER: marked("Newer account opted in"),
    DriftKind.INVALID_EMAIL: marked("Email cannot be sent"),
    DriftKind.REFUSED: marked("Refused"),
    DriftKind.NOT_ADDED: marked("Not on the list yet"),
    DriftKind.CHANGE_DUE: marked("Changed since the last run"),
    DriftKind.UNREADABLE: marked("Cannot be read"),
    DriftKind.LEFT_AS_IS: marked("Left as it is"),
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison as the window keeps it: figures of everybody, and the first people of each kind."""

    at: datetime
    kinds: dict[DriftKind, int]
    people: tuple[Drift, ...]


def show_drift(context: Context, parent: QWidget) -> DriftDialog:
    """Compare both sides and show what differs."""
    return open_once(DriftDialog, parent, lambda: DriftDialog(context, parent))


def _mark(kind: DriftKind) -> tuple[str, Tone]:
    """Return a kind's mark: amber is for what somebody has to look at, and nothing else."""
    if kind.needs_staff:
        return "warning", Tone.WARNING
    return ("waiting", Tone.ACCENT) if kind.repairable else ("info", Tone.NEUTRAL)


KIND_COLUMNS = (
    Column(
        "kind",
        marked("Difference"),
        lambda kind: say(KIND_WORDS[kind[0]]),
        icon=lambda kind: _mark(kind[0]),
        note=lambda kind: say(kind[0].meaning),
    ),
    Column("people", marked("People"), lambda kind: number(kind[1]), width=12, right=True),
)
PEOPLE_COLUMNS = (
    Column("email", marked("Email"), lambda one: one.email or say("(none)"), width=32),
    Column(
        "customer", marked("Customer"), lambda one: ", ".join(map(str, one.customer_ids)) or "–", width=11
    ),
    Column("reason", marked("Reason"), lambda one: say(drift_words(one.reason))),
)


class DriftDialog(QDialog):
    """Compares when it opens and when asked again; closing it stops a comparison."""

    progressed = Signal(object)  # Progress, from the job's thread
    repairing = Signal()  # runs were asked for, and the dialog closes

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._cancel = threading.Event()
        self._found: Compared | None = None
        self.setObjectName("dlg_drift")
        self.setWindowTitle(say("Compare both sides"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(860, 560)
        self._build()
        self._lay_out()
        self.progressed.connect(self._on_progress)
        self.finished.connect(self._on_finished)
        self._compare()

    def _build(self) -> None:
        tasks = self._context.tasks
        self.badge = Badge()
        self.lbl_state = label(name="lbl_drift_state")
        self.notice = Notice("notice_drift")
        self.kinds = PagedModel(tasks, KIND_COLUMNS, None, self)
        self.tbl_kinds = PagedTable("tbl_drift_kinds", self.kinds, ("", ""))
        self.tbl_kinds.setAccessibleName(say("Kinds of difference"))
        self.tbl_kinds.setMinimumHeight(120)
        self.tbl_kinds.row_chosen.connect(self._on_kind)
        self.people = PagedModel(tasks, PEOPLE_COLUMNS, None, self)
        self.tbl_people = PagedTable("tbl_drift_people", self.people, ("", ""))
        self.tbl_people.setAccessibleName(say("People about whom both sides differ"))
        self.tbl_people.show_whole_texts()
        self.tbl_people.let_choose_many()
        self.tbl_people.rows_chosen.connect(self._on_people)
        self.tbl_people.row_activated.connect(self._why)
        self.cmb_kind = QComboBox()
        self.cmb_kind.setObjectName("cmb_drift_kind")
        self.cmb_kind.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.cmb_kind.currentIndexChanged.connect(self._show_people)
        self.lbl_meaning = label(name="lbl_drift_meaning")
        self.lbl_more = label(role="muted", name="lbl_drift_more")
        tip = say("Why the person chosen is mailed or not")
        self.btn_why = button(say("&Why…"), "btn_drift_why", self._why, tip=tip)
        self.btn_repair = button(say("&Put Right Now"), "btn_drift_repair", self._repair)
        self.btn_leave = button(say("Leave As &It Is"), "btn_drift_leave", self._leave, tip=say(LEAVE))
        self.btn_name = button(
            say("&Name Again"), "btn_drift_name_again", self._name_again, tip=say(NAME_AGAIN)
        )
        self.btn_again = button(say("Compare &Again"), "btn_drift_again", self._compare, icon="refresh")
        self.btn_close = button(say("C&lose"), "btn_drift_close", self.reject)

    def _lay_out(self) -> None:
        show = QLabel(say("&Show"))
        show.setBuddy(self.cmb_kind)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(10)
        layout.addLayout(row(label(say("Compare both sides"), "title", wrap=False), self.badge, None))
        layout.addWidget(self.lbl_state)
        layout.addWidget(self.notice)
        layout.addWidget(self.tbl_kinds, 2)
        layout.addLayout(row(label(say("People"), "label", wrap=False), None, show, self.cmb_kind))
        layout.addWidget(self.lbl_meaning)
        layout.addWidget(self.tbl_people, 3)
        layout.addWidget(self.lbl_more)
        layout.addLayout(
            row(
                self.btn_why,
                self.btn_repair,
                self.btn_leave,
                self.btn_name,
                self.btn_again,
                None,
                self.btn_close,
            )
        )

    # comparing

    @Slot()
    def _compare(self) -> None:
        self._cancel.set()
        cancel = self._cancel = threading.Event()
        self._found = None
        self._show_figures()
        self.notice.clear()
        self.badge.hide()
        self.lbl_state.setText(say("Reading both sides…"))
        disable(self.btn_again, self.btn_close)
        desk, said = self._context.desk, self.progressed.emit
        self._context.tasks.run(
            self,
            lambda: _compared(desk, said, cancel),
            done=self._on_compared,
            failed=self._on_failed,
            key="drift",
            cancel=cancel,
        )

    @Slot(object)
    def _on_progress(self, progress: Progress) -> None:
        if self._found is None and not self.btn_again.isEnabled():
            words = say("{phase}, {number}…") if progress.done else say("{phase}…")
            self.lbl_state.setText(words.format(phase=say(progress.phase), number=number(progress.done)))

    def _on_compared(self, found: Compared) -> None:
        self._found = found
        self.btn_again.setEnabled(True)
        compared = say("Compared {time}.").format(time=formats.in_sentence(found.at))
        self.lbl_state.setText(f"{say(INTRO)} {compared}")
        self._show_badge(found)
        self._show_figures()

    def _show_badge(self, found: Compared) -> None:
        left = found.kinds.get(DriftKind.LEFT_AS_IS, 0)
        people = sum(found.kinds.values()) - left
        if left and not people:
            words = plural("{n} people are left as they are", "{n} person is left as is", left)
            self.badge.show_state(words, "info", Tone.NEUTRAL)
        elif not people:
            self.badge.show_state(say("In step"), "check-circle", Tone.GOOD)
        elif all(kind.repairable for kind in found.kinds if kind is not DriftKind.LEFT_AS_IS):
            self.badge.show_state(say("The next runs put it right"), "waiting", Tone.ACCENT)
        elif not any(kind.needs_staff for kind in found.kinds):
            words = plural(
                "{n} people differ, but nothing needs you",
                "{n} person differs, but nothing needs you",
                people,
            )
            self.badge.show_state(words, "info", Tone.NEUTRAL)
        else:
            words = plural("{n} people differ", "{n} person differs", people)
            self.badge.show_state(words, "warning", Tone.WARNING)
        self.badge.show()

    def _on_failed(self, error: CcdeskError) -> None:
        self.btn_again.setEnabled(True)
        self.lbl_state.setText(say("Not compared."))
        if not isinstance(error, Cancelled):
            self.notice.show_error(error)

    # showing

    def _show_figures(self) -> None:
        """Show the kinds; with none, why there are none."""
        found = self._found
        kinds = list(found.kinds.items()) if found is not None else []
        nobody = IN_STEP if found is not None else ("", "")
        for table in (self.tbl_kinds, self.tbl_people):
            table.show_empty_words(*nobody)
        self.kinds.show_source(of_rows(kinds))
        self.cmb_kind.blockSignals(True)
        self.cmb_kind.clear()
        self.cmb_kind.addItem(say("Everybody"), None)
        for kind, _ in kinds:
            self.cmb_kind.addItem(say(KIND_WORDS[kind]), kind.value)
        self.cmb_kind.blockSignals(False)
        self._show_people()

    @Slot()
    def _show_people(self) -> None:
        found, value = self._found, self.cmb_kind.currentData()
        all_of_them = found.people if found is not None else ()
        people = [one for one in all_of_them if value in (None, one.kind.value)]
        self.people.show_source(of_rows(people))
        kinds = found.kinds if found is not None else {}
        self.lbl_meaning.setText(say(DriftKind(value).meaning) if value else "")
        self.lbl_meaning.setVisible(bool(value))
        self._on_people()
        more = sum(figure for kind, figure in kinds.items() if value in (None, kind.value)) - len(people)
        self.lbl_more.setText(
            plural(
                "{n} more are counted, but not listed here.",
                "{n} more are counted, but not listed here.",
                more,
            )
        )
        self.lbl_more.setVisible(more > 0)

    @Slot(object)
    def _on_kind(self, kind: Any) -> None:
        if kind is not None:
            self.cmb_kind.setCurrentIndex(self.cmb_kind.findData(kind[0].value))

    @Slot()
    def _on_people(self) -> None:
        """Offer what can be done: for the people chosen, else for all of the kind that is shown."""
        chosen, kind = self.tbl_people.all_chosen(), self.cmb_kind.currentData()
        self.btn_why.setEnabled(len(chosen) == 1)
        if chosen:
            repairable = all(one.kind.repairable and _name_of(one) for one in chosen)
        else:
            repairable = bool(kind) and DriftKind(kind).repairable
        words = say("&Put Right…") if chosen else say("&Put Right Now")
        self.btn_repair.setText(words)
        self.btn_repair.setAccessibleName(words.replace("&", ""))
        self.btn_repair.setVisible(repairable)
        self.btn_repair.setEnabled(len(chosen) <= MOST)
        self.btn_leave.setVisible(bool(chosen) and all(one.kind.can_be_left for one in chosen))
        self.btn_name.setVisible(bool(chosen) and all(one.kind is DriftKind.LEFT_AS_IS for one in chosen))
        tip = ONLY_CHOSEN if chosen else ALL_OF_KIND
        self.btn_repair.setToolTip(say(TOO_MANY if len(chosen) > MOST else tip))

    @Slot()
    def _why(self) -> None:
        one = self.tbl_people.chosen()
        if one is not None:
            find_person(self._context, self, _name_of(one), live=True)  # the row was read now as well

    @Slot()
    def _repair(self) -> None:
        """Put the people chosen right, else the kind shown; the window follows the runs."""
        chosen = self.tbl_people.all_chosen()
        if chosen:
            people = [Chosen(one.kind, _name_of(one)) for one in chosen]
            ask(put_right([one.who for one in people]), self, yes=partial(self._repair_people, people))
            return
        for kind in DriftKind(self.cmb_kind.currentData()).repaired_by:
            self._context.monitor.request(kind)
        self.repairing.emit()
        self.accept()

    @Slot()
    def _leave(self) -> None:
        """Have it remembered that staff leave the people chosen as they are."""
        people, desk = self.tbl_people.all_chosen(), self._context.desk
        self.btn_leave.setEnabled(False)
        self._context.tasks.run(
            self,
            lambda: desk.leave_as_is(people),
            done=lambda _: self._on_left(people),
            failed=self._on_not_left,
            key="leave",
        )

    @Slot()
    def _name_again(self) -> None:
        """Have people named again who were left as they are; what they are called then, a comparison says."""
        whom, desk = [_name_of(one) for one in self.tbl_people.all_chosen()], self._context.desk
        self.btn_name.setEnabled(False)
        self._context.tasks.run(
            self,
            lambda: desk.name_again(whom),
            done=self._on_named_again,
            failed=self._on_not_left,
            key="leave",
        )

    def _on_named_again(self, _: int) -> None:
        self.btn_name.setEnabled(True)
        self._context.watch.refresh()
        self._compare()

    def _on_left(self, people: list[Drift]) -> None:
        self.btn_leave.setEnabled(True)
        if self._found is not None:
            self._found = with_left(self._found, people, datetime.now(UTC))
            self._show_badge(self._found)
            self._show_figures()
        self._context.watch.refresh()

    def _on_not_left(self, error: CcdeskError) -> None:
        self.btn_leave.setEnabled(True)
        self.btn_name.setEnabled(True)
        self.notice.show_error(error)

    def _repair_people(self, people: list[Chosen]) -> None:
        self._context.monitor.repair(people)
        self.repairing.emit()
        self.accept()

    @Slot(int)
    def _on_finished(self, _result: int) -> None:
        self._cancel.set()


def with_left(found: Compared, people: Collection[Drift], at: datetime) -> Compared:
    """Return a comparison in which these people, just left as they are, are named as such."""
    chosen, kinds = set(people), Counter(found.kinds)
    kinds.subtract(one.kind for one in people)
    kinds[DriftKind.LEFT_AS_IS] += len(people)
    others = [one for one in found.people if one not in chosen]
    left = [as_left(one, at) for one in found.people if one in chosen]
    ordered = {kind: kinds[kind] for kind in DriftKind if kinds[kind] > 0}
    return Compared(found.at, ordered, (*others, *left))


def _name_of(one: Drift) -> str:
    """Return what a person is asked about by, `""` for somebody known by neither email nor account."""
    return one.email or str(next(iter(one.customer_ids), ""))


def _compared(desk: Desk, said: Any, cancel: threading.Event) -> Compared:
    """Compare, and go through the report's people here: they are this thread's alone."""
    report = desk.drift(listener=said, cancel=cancel)
    kept: Counter[DriftKind] = Counter()
    people = []
    for one in report.people:
        if kept[one.kind] < KEPT:
            kept[one.kind] += 1
            people.append(one)
    return Compared(report.checked_at, dict(report.kinds), tuple(people))
