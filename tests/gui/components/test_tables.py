import threading

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from ccdesk.core.errors import Unreachable
from ccdesk.gui.components.cells import NO_SPACE, breakable
from ccdesk.gui.components.table_models import PAGE, Column, PagedModel, Source
from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.memory import Memory
from ccdesk.gui.tasks import Tasks
from tests.gui.helpers import click_cell, move_over, rows

COLUMNS = (
    Column("id", "Id", lambda row: str(row[0]), width=8),
    Column("word", "Word", lambda row: row[1]),
    Column("open", "Open", lambda _: "View", width=8, link=lambda row: row[0] % 2 == 0),
)


class Shelf:
    """Rows, newest first, and what was asked."""

    def __init__(self, size):
        self.rows = [(number, f"word {number}") for number in range(size, 0, -1)]
        self.asked = []
        self.fault = None
        self.gate = None

    def fetch(self, offset, limit):
        self.asked.append((offset, limit))
        if self.gate is not None:
            self.gate.wait(5)
        if self.fault:
            raise self.fault
        return self.rows[offset : offset + limit]

    def source(self):
        return Source(self.fetch, lambda: len(self.rows), key=lambda row: row[0])


@pytest.fixture
def tasks(themed):
    made = Tasks()
    yield made
    made.shutdown()


@pytest.fixture
def make(qtbot, tasks):
    def make_it(size):
        shelf = Shelf(size)
        model = PagedModel(tasks, COLUMNS, shelf.source(), tasks)
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, tasks)
        table = PagedTable("tbl", model, ("Nothing here", "Put something on the shelf."))
        qtbot.addWidget(table)
        table.resize(500, 300)
        table.show()
        return shelf, model, table

    return make_it


def load(qtbot, model):
    with qtbot.waitSignal(model.refreshed):
        model.refresh()


def test_only_one_page_is_loaded_until_somebody_scrolls(qtbot, make):
    shelf, model, table = make(1000)
    load(qtbot, model)
    assert model.rowCount() == PAGE
    assert model.total == 1000
    table.scrollToBottom()
    rows(qtbot, table, 2 * PAGE)
    assert max(limit for _, limit in shelf.asked) == PAGE
    assert model.index(PAGE, 0).data() == str(1000 - PAGE)


def test_all_pages_can_be_reached_and_then_there_is_no_more(qtbot, make):
    _, model, table = make(250)
    load(qtbot, model)
    for count in (200, 250):
        model.fetchMore(QModelIndex())
        rows(qtbot, table, count)
    assert not model.canFetchMore(QModelIndex())
    assert [model.index(row, 0).data() for row in (0, 249)] == ["250", "1"]


def test_a_refresh_keeps_selection_scroll_and_pages(qtbot, make):
    shelf, model, table = make(300)
    load(qtbot, model)
    model.fetchMore(QModelIndex())
    rows(qtbot, table, 200)
    table.selectRow(150)
    table.scrollTo(model.index(150, 0), table.ScrollHint.PositionAtTop)
    top = model.key_at(table.indexAt(table.viewport().rect().topLeft()))
    shelf.rows.insert(0, (301, "new"))
    shelf.rows[160] = (shelf.rows[160][0], "changed")
    load(qtbot, model)
    assert model.index(0, 1).data() == "new"
    assert model.rowCount() == 200
    assert table.chosen() == (150, "word 150")
    assert model.key_at(table.indexAt(table.viewport().rect().topLeft())) == top
    assert model.index(160, 1).data() == "changed"


def test_rows_that_went_away_go_and_their_selection_too(qtbot, make):
    shelf, model, table = make(20)
    load(qtbot, model)
    table.selectRow(5)
    del shelf.rows[5]
    load(qtbot, model)
    assert model.rowCount() == 19
    assert table.chosen() is None
    shelf.rows.clear()
    load(qtbot, model)
    assert model.rowCount() == 0
    assert table.accessibleDescription() == "Nothing here Put something on the shelf."


def test_a_page_that_overlaps_because_rows_were_added_shows_nobody_twice(qtbot, make):
    shelf, model, _ = make(250)
    load(qtbot, model)
    shelf.rows.insert(0, (251, "new"))
    model.fetchMore(QModelIndex())
    qtbot.waitUntil(lambda: model.rowCount() > PAGE)
    ids = [model.index(row, 0).data() for row in range(model.rowCount())]
    assert len(ids) == len(set(ids))


def test_another_source_drops_the_answer_for_the_former_one(qtbot, make):
    shelf, model, table = make(50)
    other = Shelf(3)
    shelf.gate = threading.Event()
    model.refresh()
    qtbot.waitUntil(lambda: bool(shelf.asked))
    model.show_source(other.source())
    rows(qtbot, table, 3)
    with qtbot.waitSignal(model._tasks._returned):
        shelf.gate.set()
    assert model.rowCount() == 3


def test_the_model_tester_finds_nothing_while_rows_come_change_and_go(qtbot, make):
    shelf, model, table = make(230)
    load(qtbot, model)
    for count in (200, 230):
        model.fetchMore(QModelIndex())
        rows(qtbot, table, count)
    shelf.rows[100:130] = [(1000, "new"), (1001, "newer")]
    shelf.rows[3] = (shelf.rows[3][0], "changed")
    shelf.rows.reverse()
    load(qtbot, model)
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == [str(n) for n, _ in shelf.rows]


def test_a_failure_is_told_and_shown_where_rows_would_be(qtbot, make):
    shelf, model, table = make(5)
    shelf.fault = Unreachable()
    with qtbot.waitSignal(model.load_failed):
        model.refresh()
    qtbot.waitUntil(lambda: "cannot be reached" in table.accessibleDescription())
    table.grab()
    shelf.fault = None
    load(qtbot, model)
    assert model.rowCount() == 5
    assert table.accessibleDescription() == ""


def test_an_empty_table_says_what_to_do(qtbot, make):
    _, model, table = make(0)
    assert "Loading" in " ".join(table._words())
    load(qtbot, model)
    assert table.accessibleDescription() == "Nothing here Put something on the shelf."
    table.show_empty_words("Other", "words")
    assert table.accessibleDescription() == "Other words"
    table.grab()


def test_links_open_by_click_and_rows_by_double_click(qtbot, make):
    _, model, table = make(4)
    load(qtbot, model)
    with qtbot.waitSignal(table.link_activated) as link:
        click_cell(qtbot, table, 0, 2)
    assert link.args == [(4, "word 4"), "open"]
    with qtbot.assertNotEmitted(table.link_activated), qtbot.waitSignal(table.row_activated) as opened:
        click_cell(qtbot, table, 1, 2)  # an odd row has no link
        at = table.visualRect(model.index(1, 1)).center()
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
        qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert opened.args == [(3, "word 3")]


def test_enter_opens_what_is_under_the_cursor(qtbot, make):
    _, model, table = make(4)
    load(qtbot, model)
    table.setFocus()
    table.setCurrentIndex(model.index(0, 0))
    with qtbot.waitSignal(table.row_activated):
        qtbot.keyClick(table, Qt.Key.Key_Return)
    table.setCurrentIndex(model.index(0, 2))
    with qtbot.waitSignal(table.link_activated):
        qtbot.keyClick(table, Qt.Key.Key_Enter)


def test_a_hand_shows_over_links_only(qtbot, make):
    _, model, table = make(4)
    load(qtbot, model)
    for column, shape in ((2, Qt.CursorShape.PointingHandCursor), (1, Qt.CursorShape.ArrowCursor)):
        move_over(table.viewport(), table.visualRect(model.index(0, column)).center())
        assert table.viewport().cursor().shape() == shape


def test_tooltips_and_headers(qtbot, make):
    _, model, _ = make(2)
    load(qtbot, model)
    assert model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole) == "word 2"
    titles = [model.headerData(n, Qt.Orientation.Horizontal) for n in range(model.columnCount())]
    assert titles == ["Id", "Word", "Open"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ann@example.com", "ann@example.com"),  # short enough
        ("marcus.miller1016@example.org", "marcus.miller1016|@example.org"),
        ("to marcus.miller1016@example.org now", "to marcus.miller1016|@example.org now"),
        ("a" * 25 + "@example.org", "|".join("a" * 25) + "|@example.org"),
        ("b" * 16, "b" * 16),
    ],
)
def test_an_email_goes_on_in_the_next_line_before_its_at(text: str, shown: str) -> None:
    assert breakable(text).replace(NO_SPACE, "|") == shown


GIVING_WAY = (
    Column("id", "Id", lambda row: str(row[0]), gives_way=1),
    Column("number", "Number", lambda row: str(row[0]), width=10, gives_way=2),
    Column("word", "Word", lambda row: row[1], width=30),
    Column("state", "State", lambda row: "waits", width=12),
)


@pytest.fixture
def narrowing(qtbot, tasks):
    model = PagedModel(tasks, GIVING_WAY, Shelf(3).source(), tasks)
    table = PagedTable("tbl", model, ("", ""))
    table.memory = Memory(None)
    qtbot.addWidget(table)
    table.resize(900, 300)
    table.show()
    load(qtbot, model)
    return table


def shown(table):
    return [at for at in range(4) if not table.isColumnHidden(at)]


def test_where_there_is_no_room_what_matters_least_is_hidden_first(qtbot, narrowing):
    fits = sum(narrowing.columnWidth(at) for at in (1, 2, 3))
    around = narrowing.width() - narrowing.viewport().width()
    assert shown(narrowing) == [0, 1, 2, 3]
    narrowing.resize(fits + around + 20, 300)
    assert shown(narrowing) == [1, 2, 3]
    assert narrowing.horizontalHeader().length() == narrowing.viewport().width(), "nothing is left empty"
    narrowing.resize(fits + around - 20, 300)
    assert shown(narrowing) == [2, 3]
    narrowing.resize(100, 300)
    assert shown(narrowing) == [2, 3], "what does not give way is scrolled to"
    narrowing.resize(900, 300)
    assert shown(narrowing) == [0, 1, 2, 3]


def test_only_what_a_person_makes_of_a_width_is_remembered(qtbot, narrowing):
    word = narrowing.columnWidth(2)
    narrowing.resize(400, 300)
    narrowing.resize(900, 300)
    assert narrowing.columnWidth(2) == word
    assert narrowing.memory.get("columns.tbl", dict, None) is None
    narrowing.horizontalHeader().resizeSection(3, 140)
    narrowing.resize(300, 300)
    narrowing.resize(900, 300)
    assert narrowing.columnWidth(3) == 140
    assert narrowing.memory.get("columns.tbl", dict, {})["state"] == 140
