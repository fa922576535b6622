"""Sync Logs: the runs that did something, or all; to filter, search and sort."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QComboBox, QLineEdit, QToolButton

from ccdesk.core.run_history import RunQuery, RunSort
from ccdesk.core.runs import Run, RunKind
from ccdesk.gui import formats
from ccdesk.gui.columns import RUN_COLUMNS
from ccdesk.gui.components.fields import CalmCombo
from ccdesk.gui.components.table_models import PagedModel, Source
from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.components.widgets import button, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.errors_view import ErrorsDialog
from ccdesk.gui.dialogs.run_view import RunDialog
from ccdesk.gui.tabs.base import Tab, page_layout
from ccdesk.gui.tabs.month_picture import begin_of
from ccdesk.gui.translation import marked, plural, say

EMPTY = (
    marked("No runs yet"),
    marked(
        "Go to the Sync tab, select To Constant Contact and click Sync Contacts to export your customers."
    ),
)
NOT_FOUND = (
    marked("No run found"),
    marked("No run fits what is chosen above. “All runs” shows the quiet ones as well."),
)
TYPED_MS = 300


class SyncLogsTab(Tab):
    """Runs, newest first unless a heading is clicked."""

    help_part = "sync-logs"

    def __init__(self, context: Context) -> None:
        super().__init__("tab_sync_logs", context)
        self.query = RunQuery(eventful=True)
        self._day: date | None = None
        self._build_filters()
        self.model = PagedModel(context.tasks, RUN_COLUMNS, self._source(), self)
        self.table = PagedTable("tbl_logs", self.model, EMPTY)
        self.table.setAccessibleName(say("Runs"))
        self.table.let_sort(RunSort.DATE.value, descending=True)
        self.lbl_count = label("", "muted", name="lbl_logs_count", wrap=False)
        self.btn_refresh = button(say("&Refresh"), "btn_logs_refresh", self.refresh, icon="refresh")
        self.btn_view = button(say("&View…"), "btn_logs_view", self._view_chosen)
        self.btn_errors = button(say("Show &Errors…"), "btn_logs_errors", self._errors_of_chosen)
        self.table.offer(say("&View…"), "act_logs_view", self._view_chosen)
        self.errors_action = self.table.offer(say("Show &Errors…"), "act_logs_errors", self._errors_of_chosen)
        self._lay_out()
        self._connect()
        self._on_chosen(None)

    def _build_filters(self) -> None:
        self.search = QLineEdit()
        self.search.setObjectName("inp_logs_search")
        self.search.setPlaceholderText(say("Search: email, customer id, run, message"))
        self.search.setAccessibleName(say("Search in the runs"))
        self.search.setClearButtonEnabled(True)
        for clear in self.search.findChildren(QToolButton):
            clear.setObjectName("btn_logs_search_clear")
            clear.setAccessibleName(say("Clear the search"))
        self._typed = QTimer(self, singleShot=True, interval=TYPED_MS)
        self._typed.timeout.connect(self._ask_anew)
        self.search.textChanged.connect(self._typed.start)
        self.cmb_what = self._combo("cmb_logs_what", say("Which runs"))
        self.cmb_what.addItem(say("Runs that did something"), True)
        self.cmb_what.addItem(say("All runs"), False)
        self.cmb_kind = self._combo("cmb_logs_kind", say("Kind of run"))
        self.cmb_kind.addItem(say("Every kind"), "")
        for kind in RunKind:
            self.cmb_kind.addItem(say(formats.KIND_WORDS[kind]), kind.value)
        tip = say("Show all days")
        self.btn_day = button("", "btn_logs_day", self._forget_day, icon="close", tip=tip)
        self.btn_day.setAccessibleName(tip)
        self.btn_day.hide()

    def _combo(self, name: str, words: str) -> QComboBox:
        combo = CalmCombo()
        combo.setObjectName(name)
        combo.setAccessibleName(words)
        caption = label(words)  # on Linux a combo box is named by its value: only a label says what it is
        caption.setParent(self)
        caption.setBuddy(combo)
        caption.hide()
        combo.currentIndexChanged.connect(self._on_filter)
        return combo

    def _lay_out(self) -> None:
        layout = page_layout(self)
        layout.setSpacing(10)
        layout.addWidget(self.notice)
        found = row(self.search, self.btn_refresh)
        found.setStretch(0, 1)
        layout.addLayout(found)
        layout.addLayout(row(self.cmb_what, self.cmb_kind, self.btn_day, None))
        layout.addWidget(self.table, 1)
        layout.addLayout(row(self.btn_view, self.btn_errors, None, self.lbl_count))

    def _connect(self) -> None:
        bridge = self.context.bridge
        self.table.link_activated.connect(self._on_link)
        self.table.row_activated.connect(self._open_run)
        self.table.row_chosen.connect(self._on_chosen)
        self.table.sort_asked.connect(self._on_sort)
        self.model.refreshed.connect(self._on_refreshed)
        self.model.load_failed.connect(self.show_error)
        for news in (bridge.started, bridge.progressed, bridge.finished, bridge.failed):
            news.connect(self._on_news)

    # what is asked for

    def _source(self) -> Source:
        desk, query = self.context.desk, self.query
        return Source(
            fetch=lambda offset, limit: desk.find_runs(query, offset=offset, limit=limit),
            count=lambda: desk.found_run_count(query),
            key=lambda run: run.id,
        )

    def refresh(self) -> None:
        """Read the runs anew."""
        self.model.refresh()

    def show_day(self, day: date) -> None:
        """Show every run of a day: it was chosen in the picture on Info."""
        self._day = day
        self.btn_day.setText(formats.day(day))
        self.btn_day.setAccessibleName(say("Only {day}: show all days").format(day=formats.day(day)))
        self.btn_day.show()
        self._ask_anew()
        self.table.setFocus()

    @Slot()
    def _forget_day(self) -> None:
        self._day = None
        self.btn_day.hide()
        self._ask_anew()

    @Slot(int)
    def _on_filter(self, _index: int) -> None:
        if hasattr(self, "model"):
            self._ask_anew()

    @Slot(str, bool)
    def _on_sort(self, key: str, descending: bool) -> None:
        sort = RunSort.DATE if key == "run" else RunSort(key)  # they are numbered as they begin
        self.query = replace(self.query, sort=sort, descending=descending)
        self._ask_anew()

    @Slot()
    def _ask_anew(self) -> None:
        """Ask for the runs that fit what is chosen above the table."""
        self._typed.stop()
        kind = self.cmb_kind.currentData()
        asked = replace(
            self.query,
            kind=RunKind(kind) if kind else None,
            eventful=bool(self.cmb_what.currentData()),
            since=begin_of(self._day) if self._day else None,
            until=begin_of(self._day + timedelta(days=1)) if self._day else None,
            text=self.search.text().strip(),
        )
        self.query = asked
        is_narrow = replace(asked, eventful=False, sort=RunSort.DATE, descending=True) != RunQuery()
        title, text = NOT_FOUND if is_narrow else EMPTY
        self.table.show_empty_words(say(title), say(text))
        self.model.show_source(self._source())

    @Slot()
    def _on_refreshed(self) -> None:
        shown, desk, query = self.model.total, self.context.desk, self.query
        self.lbl_count.setText(plural("{n} runs", "{n} run", shown) if shown else "")
        if query.eventful:
            everything = replace(query, eventful=False)
            self.context.tasks.run(
                self,
                lambda: desk.found_run_count(everything),
                done=lambda total: self._show_quiet(total - shown),
                failed=self.show_error,
                key="quiet",
            )

    def _show_quiet(self, quiet: int) -> None:
        """Say how many runs are not shown because nothing had to be done."""
        parts = [plural("{n} runs", "{n} run", self.model.total)] if self.model.total else []
        if quiet > 0:
            parts.append(plural("{n} without changes not shown", "{n} without changes not shown", quiet))
        self.lbl_count.setText(" · ".join(parts))

    # one run

    @Slot(object)
    def _on_chosen(self, run: Run | None) -> None:
        self.btn_view.setEnabled(run is not None)
        has_errors = run is not None and run.error_count > 0
        self.btn_errors.setEnabled(has_errors)
        self.errors_action.setEnabled(has_errors)

    @Slot(object)
    @Slot(object, object)
    def _on_news(self, *_: object) -> None:
        self.model.refresh()

    @Slot(object, str)
    def _on_link(self, run: Run, _column: str) -> None:
        self._open_errors(run)

    @Slot()
    def _view_chosen(self) -> None:
        run = self.table.chosen()
        if run is not None:
            self._open_run(run)

    @Slot()
    def _errors_of_chosen(self) -> None:
        run = self.table.chosen()
        if run is not None:
            self._open_errors(run)

    @Slot(object)
    def _open_run(self, run: Run) -> None:
        RunDialog(self.context, run, self.window()).open()

    def _open_errors(self, run: Run) -> None:
        ErrorsDialog(self.context, run, self.window()).open()
