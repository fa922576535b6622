import csv
import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLabel, QStyleOptionViewItem

from ccdesk.core.errors import StoreError
from ccdesk.core.run_history import RunSort
from ccdesk.core.runs import Entry, Outcome, Run, RunKind, RunStatus, Trigger
from ccdesk.gui import formats
from ccdesk.gui.columns import run_icon
from ccdesk.gui.components.table_models import NOTE_ROLE
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.export_csv import ExportError, as_text, to_clipboard, write_errors, write_people
from tests.gui.fakes import NOW, FakeDesk, add_runs, fresh_desk, play_export, ready_desk
from tests.gui.helpers import click, click_cell, dialog, find, rows, texts


@pytest.fixture
def logs(qtbot, window):
    window.tabs.setCurrentWidget(window.logs)
    find(window.logs, "cmb_logs_what").setCurrentIndex(1)  # all runs
    rows(qtbot, window.logs.table, 11)
    return window.logs


@pytest.fixture
def errors(qtbot, window, logs):
    click_cell(qtbot, logs.table, 6, 5)
    view = dialog(qtbot, window, "dlg_errors")
    rows(qtbot, find(view, "tbl_errors"), 3)
    yield view
    view.close()


def test_every_run_is_listed_with_its_raw_status(logs):
    model = logs.table.model()
    titles = [model.headerData(n, Qt.Orientation.Horizontal) for n in range(model.columnCount())]
    assert titles == ["Status", "Kind", "Run", "Run Date", "Total Contacts", "Errors"]
    shown = texts(logs.table, 6)
    run = shown.pop(2)
    assert run.isdecimal(), "the number that “replay --run” and the texts name it by"
    assert shown == [
        "COMPLETE",
        "To Constant Contact",
        "December 16th 2015, 9:30:12 am",
        "4,812",
        "3",
    ]
    assert [texts(logs.table, row)[0] for row in range(7, 11)] == [
        "FAILED",
        "CANCELLED",
        "INTERRUPTED",
        "WAITING",
    ]
    assert find(logs, "lbl_logs_count").text() == "11 runs"


def test_a_failed_or_waiting_run_says_why_in_its_tooltip(logs):
    model = logs.table.model()
    tip = Qt.ItemDataRole.ToolTipRole
    assert model.index(7, 0).data(tip) == (
        "Failed. Constant Contact cannot be reached. The next export goes on where this one stopped"
    )
    assert model.index(10, 0).data(tip).startswith("Waiting. It goes on by itself after December 16th 2015")


def test_refresh_looks_again(qtbot, logs, desk):
    add_runs(desk, inbound=0)
    desk.all_runs = desk.all_runs[:3]
    click(qtbot, logs, "btn_logs_refresh")
    rows(qtbot, logs.table, 3)


def test_a_run_appears_by_itself_while_it_goes_on(qtbot, logs, desk, loop):
    loop.scripts[RunKind.EXPORT] = play_export(desk)
    loop.request(RunKind.EXPORT)
    rows(qtbot, logs.table, 12)
    assert texts(logs.table, 0)[4] == "57"


def test_a_click_on_errors_opens_the_messages_each_naming_the_customer(errors):
    table = find(errors, "tbl_errors")
    assert texts(table, 0) == [
        "2001",
        "kim..lee@example.com",
        "The email address is not valid: two dots in a row",
        "invalid_email",
    ]
    assert texts(table, 2)[:2] == ["2003", "(none)"]
    assert find(errors, "lbl_errors_title", QLabel).text() == "3 errors"


def test_no_errors_no_link(qtbot, window, logs):
    click_cell(qtbot, logs.table, 0, 5)
    assert not any(d.isVisible() for d in window.findChildren(QLabel, "dlg_errors"))


def test_enter_and_the_buttons_open_run_and_errors(qtbot, window, logs):
    assert not find(logs, "btn_logs_view").isEnabled()
    logs.table.setFocus()
    logs.table.setCurrentIndex(logs.table.model().index(6, 0))
    qtbot.keyClick(logs.table, Qt.Key.Key_Return)
    dialog(qtbot, window, "dlg_run").close()
    click(qtbot, logs, "btn_logs_errors")
    dialog(qtbot, window, "dlg_errors").close()
    click(qtbot, logs, "btn_logs_view")
    dialog(qtbot, window, "dlg_run").close()
    logs.table.setCurrentIndex(logs.table.model().index(0, 0))
    assert not find(logs, "btn_logs_errors").isEnabled()


def test_errors_are_copied_all_or_the_chosen_ones(qtbot, errors):
    click(qtbot, errors, "btn_errors_copy")
    qtbot.waitUntil(lambda: errors.notice.title.text() == "3 messages copied")
    lines = QGuiApplication.clipboard().text().split("\n")
    assert lines[0].split("\t")[:2] == ["2001", "kim..lee@example.com"]
    assert lines[1].split("\t")[1] == "'=cmd@example.com"
    find(errors, "tbl_errors").selectRow(0)
    click(qtbot, errors, "btn_errors_copy")
    qtbot.waitUntil(lambda: errors.notice.title.text() == "1 message copied")


def test_errors_are_exported_and_stay_text(qtbot, errors, tmp_path):
    target = tmp_path / "errors.csv"
    click(qtbot, errors, "btn_errors_export")
    chooser = find(errors, "dlg_export_file", QFileDialog)
    assert chooser.defaultSuffix() == "csv"
    chooser.fileSelected.emit(str(target))
    chooser.close()
    qtbot.waitUntil(lambda: errors.notice.title.text() == "3 messages saved")
    with target.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["Customer", "Email", "Message", "Code"]
    assert lines[2][1] == "'=cmd@example.com"
    assert len(lines) == 4
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_cannot_be_written_is_told(qtbot, errors, tmp_path):
    errors.export_to(str(tmp_path / "nowhere" / "errors.csv"))
    qtbot.waitUntil(lambda: errors.notice.title.text() == "The file cannot be written")
    assert "No such file" in errors.notice.text.text()


@pytest.mark.parametrize(
    "start",
    [
        "=",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        "\n",
        "＝",
        "＋",
        "－",
        "＠",
        " =",
        "\u00a0=",
        "\ufeff=",
        "\t=",
        "\r\n=",
    ],
)
def test_no_text_becomes_a_formula(start):
    assert as_text(f"{start}1+1").startswith("'")
    assert as_text(f"{start}1+1").replace("'", "") == f"{start}1+1"
    assert as_text("fine@example.com") == "fine@example.com"
    assert as_text("a - b; c+d@example.com") == "a - b; c+d@example.com"


@pytest.mark.parametrize("separator", [";", "\t", "\r", "\n", "; "])
def test_no_formula_begins_where_another_spreadsheet_parts_cells(separator):
    """Excel parts cells at semicolons wherever the comma is a decimal sign."""
    assert f"{separator[0]}'{separator[1:]}=1+1" in as_text(f"a{separator}=1+1")


def test_a_quote_does_not_hide_a_formula_from_who_pastes():
    entry = Entry(1, '"=1+1"@example.com', Outcome.ERROR, "no")
    assert to_clipboard([entry]).split("\t")[1] == '\'"=1+1"@example.com'


def test_many_errors_are_written_page_by_page(tmp_path):
    desk = FakeDesk(people={1: [Entry(n, "", Outcome.ERROR, "no") for n in range(1201)]})
    assert write_errors(desk, 1, tmp_path / "e.csv") == 1201
    assert max(about[3] for name, about in desk.calls if name == "entries") == 500


def test_a_half_written_file_never_takes_the_name(tmp_path):
    target = tmp_path / "e.csv"
    target.mkdir()
    with pytest.raises(ExportError):
        write_errors(ready_desk(), 900, target)
    assert list(tmp_path.iterdir()) == [target]
    desk = ready_desk()
    desk.fail["entries"] = StoreError()
    with pytest.raises(StoreError):
        write_errors(desk, 900, tmp_path / "f.csv")
    assert list(tmp_path.iterdir()) == [target]


def test_an_empty_log_says_what_to_do(qtbot, open_window):
    window = open_window(fresh_desk()).window
    window.go_to("logs")
    qtbot.waitUntil(lambda: "Sync Contacts" in window.logs.table.accessibleDescription())


def test_a_log_that_cannot_be_read_is_told(qtbot, logs, desk):
    desk.fail["find_runs"] = StoreError()
    click(qtbot, logs, "btn_logs_refresh")
    qtbot.waitUntil(lambda: logs.notice.isVisible())
    assert logs.notice.title.text() == "The data file cannot be used"


def test_a_row_says_under_it_why_the_run_did_not_complete(logs):
    model = logs.table.model()

    def note(row):
        return {model.index(row, column).data(NOTE_ROLE) for column in range(5)}

    assert note(0) == {""}
    assert note(6) == {"3 errors."}
    failed = "Constant Contact cannot be reached. The next export goes on where this one stopped."
    assert note(7) == {failed}
    assert model.index(7, 0).data(Qt.ItemDataRole.AccessibleDescriptionRole) == failed
    assert note(10).pop().startswith("It goes on by itself after December")
    heights = [logs.table.rowHeight(row) for row in range(model.rowCount())]
    assert heights[7] == heights[10] > heights[0]


def test_a_row_that_gets_a_reason_gets_room_for_it(qtbot, logs, desk):
    before = logs.table.rowHeight(0)
    desk.all_runs[0] = replace(desk.all_runs[0], status=RunStatus.FAILED, message="")
    click(qtbot, logs, "btn_logs_refresh")
    qtbot.waitUntil(lambda: logs.table.rowHeight(0) > before)
    assert logs.table.model().index(0, 3).data(NOTE_ROLE) == "No reason was noted."


def test_only_what_is_well_is_green():
    well = Run(1, RunKind.EXPORT, Trigger.MANUAL, RunStatus.COMPLETE, NOW)
    assert run_icon(well) == ("check-circle", Tone.GOOD)
    assert run_icon(replace(well, message="Continued in run 2.")) == ("check-circle", Tone.GOOD)
    assert run_icon(replace(well, error_count=6)) == ("warning", Tone.WARNING)
    lost = "Incomplete: the figures do not add up. 9 customers read, 8 outcomes."
    assert run_icon(replace(well, message=lost)) == ("warning", Tone.WARNING)
    assert formats.reason(replace(well, message=lost)) == lost
    assert formats.status_words(replace(well, error_count=1)) == "Completed with 1 error"
    for status in set(RunStatus) - {RunStatus.COMPLETE}:
        assert run_icon(replace(well, status=status))[1] is not Tone.GOOD


@pytest.mark.parametrize(
    ("status", "resumes", "errors", "role"),
    [
        (RunStatus.COMPLETE, 7, 0, "muted"),
        (RunStatus.RUNNING, 7, 0, "muted"),
        (RunStatus.CANCELLED, None, 0, "muted"),
        (RunStatus.COMPLETE, 7, 2, "warning"),
        (RunStatus.WAITING, None, 0, "warning"),
        (RunStatus.INTERRUPTED, None, 0, "warning"),
        (RunStatus.FAILED, None, 0, "problem"),
    ],
)
def test_what_is_said_of_a_run_is_red_only_where_it_failed(
    qtbot, window, desk, status, resumes, errors, role
):
    run = replace(desk.get_run(900), status=status, resumes=resumes, error_count=errors, message="So.")
    if status is RunStatus.COMPLETE:
        run = replace(run, message="")
    window.logs._open_run(run)
    view = dialog(qtbot, window, "dlg_run")
    message = find(view, "lbl_run_message", QLabel)
    assert message.property("role") == role
    assert message.text()
    view.close()


def test_a_long_email_is_shown_whole(qtbot, window, logs, desk):
    email = "a.person.with.a.very.long.name.indeed-" + "x" * 30 + "@example.com"
    desk.people[900][0] = replace(desk.people[900][0], email=email)
    click_cell(qtbot, logs.table, 6, 5)
    view = dialog(qtbot, window, "dlg_errors")
    table = find(view, "tbl_errors")
    rows(qtbot, table, 3)
    assert texts(table, 0)[1] == email
    option = QStyleOptionViewItem()
    table.itemDelegate().initStyleOption(option, table.model().index(0, 1))
    assert option.text.replace("\u200b", "") == email
    needed = table.fontMetrics().horizontalAdvance(email) / (table.columnWidth(1) - 20)
    assert needed > 1, "it does not fit into one line"
    qtbot.waitUntil(lambda: table.rowHeight(0) >= (int(needed) + 1) * table.fontMetrics().height())
    view.close()


@pytest.mark.parametrize(
    ("outcome", "people", "first"),
    [("All people", 244, "kim..lee@example.com"), ("Skipped", 1, "gone@example.com")],
)
def test_everybody_in_a_run_is_exported_the_skipped_as_well(
    qtbot, window, logs, desk, tmp_path, outcome, people, first
):
    logs._open_run(desk.get_run(900))
    view = dialog(qtbot, window, "dlg_run")
    combo = find(view, "cmb_run_outcome")
    combo.setCurrentIndex(combo.findText(outcome))
    click(qtbot, view, "btn_run_export")
    chooser = find(view, "dlg_export_file", QFileDialog)
    chooser.fileSelected.emit(str(tmp_path / "people.csv"))
    chooser.close()
    said = "1 person saved" if people == 1 else f"{people} people saved"
    qtbot.waitUntil(lambda: view.notice.title.text() == said)
    with (tmp_path / "people.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["Customer", "Email", "Outcome", "Reason", "Code", "Day of Reason"]
    assert len(lines) == people + 1
    assert lines[1][1] == first
    assert ["2900", "gone@example.com", "Skipped", "Deleted in Constant Contact", "", ""] in lines
    view.close()


def test_the_day_of_what_somebody_did_is_shown_copied_and_saved(qtbot, window, logs, desk, tmp_path):
    at = datetime(2015, 5, 3, 12, tzinfo=UTC)
    told = Entry(7, "ann@example.com", Outcome.OPTED_OUT, "unsubscribed in Constant Contact", acted_at=at)
    desk.people[900] = [
        told,
        replace(told, customer_id=8, acted_at=at.replace(day=4)),
        replace(told, acted_at=None),
    ]
    logs._open_run(desk.get_run(900))
    view = dialog(qtbot, window, "dlg_run")
    table = find(view, "tbl_run_people")
    rows(qtbot, table, 3)
    assert [texts(table, row)[3] for row in range(3)] == [
        "unsubscribed in Constant Contact on May 3rd 2015",
        "unsubscribed in Constant Contact on May 4th 2015",
        "unsubscribed in Constant Contact",
    ]
    kinds = find(view, "tbl_run_kinds")
    assert texts(kinds, 0)[1:] == ["unsubscribed in Constant Contact", "3"]
    table.selectRow(0)
    table.copy_rows()
    assert "on May 3rd 2015" in QGuiApplication.clipboard().text()
    assert write_people(desk, 900, None, tmp_path / "people.csv") == 3
    with (tmp_path / "people.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert [line[3:] for line in lines[1:]] == [
        ["unsubscribed in Constant Contact", "", "2015-05-03"],
        ["unsubscribed in Constant Contact", "", "2015-05-04"],
        ["unsubscribed in Constant Contact", "", ""],
    ]
    view.close()


def test_a_link_laid_ready_is_not_written_through(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "e.csv.part").symlink_to(victim)
    assert write_errors(ready_desk(), 900, tmp_path / "e.csv") == 3
    assert victim.read_text() == "mine"


@pytest.mark.skipif(os.name != "posix", reason="links need a right on Windows")
@pytest.mark.parametrize("planted", ["errors.csv.part", "errors.csv"])
def test_an_export_to_a_shared_folder_follows_nobodys_link(desk, tmp_path, planted):
    """In /tmp another user lays a link where the file will be made, to a file of ours."""
    victim = tmp_path / "victim"
    victim.write_text("ours")
    (tmp_path / planted).symlink_to(victim)
    assert write_errors(desk, 900, tmp_path / "errors.csv") == 3
    assert victim.read_text() == "ours"
    target = tmp_path / "errors.csv"
    assert not target.is_symlink()
    assert target.stat().st_mode & 0o077 == 0
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".ccdesk")] == []


def test_the_arrow_points_down_for_the_newest_first_and_the_number_sorts_as_the_date(qtbot, logs):
    header = logs.table.horizontalHeader()
    assert header.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder, "which Qt draws as ▼"
    keys = [column.key for column in logs.table.paged.columns]
    header.setSortIndicator(keys.index("run"), Qt.SortOrder.DescendingOrder)
    assert (logs.query.sort, logs.query.descending) == (RunSort.DATE, False)
    header.setSortIndicator(keys.index("errors"), Qt.SortOrder.AscendingOrder)
    assert (logs.query.sort, logs.query.descending) == (RunSort.ERRORS, True)
