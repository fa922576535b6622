"""The first day in the real window on a real base dir, against the pretend services; clicks are counted."""

import json
import threading
import urllib.request
from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QWidget

from ccdesk.container import build_container
from ccdesk.core.clock import Clock
from ccdesk.core.redirects import redirect_addresses
from ccdesk.core.runs import RunKind, RunStatus
from ccdesk.gui import formats
from ccdesk.gui.app import build
from ccdesk.paths import Paths
from ccdesk.sandbox.constant_contact.person import Person
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.run import Sandbox
from ccdesk.sandbox.seed.shop import seed_shop
from ccdesk.service.loop import Loop
from tests.gui.helpers import click, dialog, find

CUSTOMERS = 60


class BriskClock(Clock):
    """Keeps each wait short, as the pace of four calls a second, and tells that it was as long as asked for.

    It waits a little all the same: the login looks for the browser's return between two waits.
    """

    def __init__(self):
        self._skipped, self._lock = 0.0, threading.Lock()

    def monotonic(self):
        with self._lock:
            return super().monotonic() + self._skipped

    def wait(self, event, seconds):
        really = min(max(0.0, seconds), 0.01)
        ended = event.wait(really)
        with self._lock:
            self._skipped += max(0.0, seconds - really)
        return ended


class Merchant:
    """A person at the window, who clicks and types as few times as it takes, and counts."""

    def __init__(self, qtbot, parts, opened):
        self.qtbot, self.window, self.opened = qtbot, parts.window, opened
        self.did = Counter()

    def click(self, name):
        self.qtbot.waitUntil(
            lambda: (found := find(self.window, name)).isVisible() and found.isEnabled(), timeout=20_000
        )
        self.did["clicks"] += 1
        return click(self.qtbot, self.window, name)

    def type(self, name, text):
        self.qtbot.waitUntil(lambda: find(self.window, name).isVisible(), timeout=20_000)
        self.did["fields"] += 1
        line = find(self.window, name, QLineEdit)
        line.selectAll()
        self.qtbot.keyClicks(line, text)

    def allow_in_browser(self):
        """Log in on the page (user name and password) and click Allow: two fields, two clicks."""
        self.qtbot.waitUntil(lambda: any("authorize" in url for url in self.opened), timeout=20_000)
        self.did.update(clicks=2, fields=2)
        address = self.opened[-1]

        def walk():
            with urllib.request.urlopen(Person().decide(address), timeout=10) as page:
                page.read()

        threading.Thread(target=walk, daemon=True).start()

    def text(self, name):
        return find(self.window, name, QLabel).text()


@pytest.fixture
def sandbox():
    with Sandbox(cc_switches=CcSwitches(limits_on=False, activity_seconds=0.0)) as world:
        world.report = seed_shop(world.kibo, world.cc, CUSTOMERS, 1)
        yield world


@pytest.fixture
def addresses(sandbox):
    return sandbox.addresses()


@pytest.fixture
def first_day(qtbot, qapp, tmp_path, sandbox, addresses):
    """A window on an empty base dir. Where the pretend services are comes from outside, as a partner's
    package would have it; everything a merchant has to enter is left to enter."""
    environment = {
        "CCDESK_VAULT": "file",
        "CCDESK_KIBO_HOME_URL": addresses["kibo_home_url"],
        "CCDESK_CC_API_URL": addresses["cc_api_url"],
        "CCDESK_CC_AUTH_URL": addresses["cc_auth_url"],
    }
    paths = Paths(tmp_path / "base")
    paths.prepare()
    container = build_container(paths, environment=environment, clock=BriskClock())
    opened = []
    loop = Loop(container.desk, container.clock)
    parts = build(
        container.desk, loop, app=qapp, open_url=lambda url: opened.append(url) or True, theme="light"
    )
    parts.start()
    qtbot.waitUntil(lambda: parts.context.watch.checked_at is not None, timeout=20_000)
    merchant = Merchant(qtbot, parts, opened)
    merchant.container = container
    yield merchant
    parts.shutdown()
    parts.window.close()
    parts.window.deleteLater()
    QApplication.sendPostedEvents(None, 52)
    container.close()


def shown_steps(window):
    return [name for name, card in window.info.steps.items() if card.isVisible()]


def test_nine_clicks_and_six_fields_from_nothing_to_in_step(qtbot, first_day, sandbox, addresses):
    me, window, desk = first_day, first_day.window, first_day.container.desk
    assert shown_steps(window) == ["kibo"]
    me.type("inp_kibo_tenant_id", addresses["kibo_tenant_id"])
    me.type("inp_kibo_app_key", addresses["kibo_app_key"])
    me.type("inp_kibo_secret", addresses["kibo_shared_secret"])
    me.click("btn_kibo_save")

    qtbot.waitUntil(lambda: shown_steps(window) == ["login"], timeout=20_000)
    assert window.focusWidget() is find(window, "btn_login"), "the keyboard goes along"
    me.click("btn_portal")
    assert me.opened == ["https://app.constantcontact.com/pages/dma/portal"]
    me.click("btn_redirects_copy")
    assert QGuiApplication.clipboard().text().splitlines() == list(redirect_addresses())
    me.type("inp_cc_client_id", addresses["cc_client_id"])
    me.click("btn_login")
    me.allow_in_browser()

    qtbot.waitUntil(lambda: shown_steps(window) == ["list"], timeout=20_000)
    assert window.info.first_list.isAncestorOf(window.focusWidget())
    qtbot.waitUntil(
        lambda: find(window, "inp_first_list", QLineEdit).text() == "Kibo customers", timeout=9000
    )
    senders = desk.senders()
    expected = senders[0] if len(senders) == 1 else ""
    qtbot.waitUntil(lambda: find(window, "cmb_first_sender", QComboBox).count() >= len(senders))
    assert (find(window, "cmb_first_sender", QComboBox).currentData() or "") == expected
    mark = sandbox.log.mark()
    me.click("btn_first_list")

    qtbot.waitUntil(lambda: find(window, "btn_first_export").isVisible(), timeout=30_000)
    assert shown_steps(window) == ["export"]
    assert window.focusWidget() is find(window, "btn_first_export")
    writes = [one.path for one in sandbox.log.writes(since=mark)]
    assert len(writes) == 1, f"only the list was made before the export: {writes}"
    report = sandbox.report
    assert me.text("lbl_first_total") == f"{report.opted_in} opted in:"
    assert "Kibo customers" in me.text("lbl_automations")
    me.click("btn_first_export")

    qtbot.waitUntil(lambda: shown_steps(window) == ["enable"], timeout=60_000)
    members = sandbox.cc.members(sandbox.cc.list_id("Kibo customers"))
    assert members
    assert window.focusWidget() is find(window, "chk_enabled")
    me.click("chk_enabled")
    qtbot.waitUntil(lambda: not find(window, "checklist").isVisible(), timeout=20_000)
    qtbot.waitUntil(lambda: bool(desk.runs(kind=RunKind.INBOUND)), timeout=20_000)
    assert me.did["clicks"] <= 9, me.did
    assert me.did["fields"] <= 6, me.did


def test_figures_of_the_preview_open_the_people_and_the_export_starts_from_there(qtbot, first_day, addresses):
    me, window = first_day, first_day.window
    _connect(qtbot, me, addresses)
    me.click("btn_first_list")
    qtbot.waitUntil(lambda: find(window, "btn_first_export").isVisible(), timeout=30_000)
    figure = find(window, "btn_first_errors")
    assert figure.isVisible()
    qtbot.waitUntil(lambda: "invalid email" in figure.text(), timeout=5_000)
    qtbot.mouseClick(figure, Qt.MouseButton.LeftButton)
    preview = dialog(qtbot, window, "dlg_preview")
    table = find(preview, "tbl_preview_people")
    number = int(figure.text().split()[0])
    qtbot.waitUntil(lambda: table.model().rowCount() == number, timeout=5_000)
    preview.close()
    qtbot.waitUntil(lambda: window.findChild(QWidget, "dlg_preview") is None)
    added = find(window, "btn_first_added")
    qtbot.mouseClick(added, Qt.MouseButton.LeftButton)
    preview = dialog(qtbot, window, "dlg_preview")
    people = find(preview, "tbl_preview_people").model()
    qtbot.waitUntil(lambda: people.rowCount() == int(added.text().split()[0]), timeout=5_000)
    click(qtbot, preview, "btn_preview_export")
    qtbot.waitUntil(lambda: shown_steps(window) == ["enable"], timeout=60_000)


def test_an_existing_list_is_counted_whole_though_the_export_asks(qtbot, first_day, sandbox, addresses):
    me, window, desk = first_day, first_day.window, first_day.container.desk
    # the pretend account's own list has members, and some customers are contacts that are not on it
    sandbox.cc.add_contact("elsewhere@example.com", lists=[sandbox.cc.add_list("Elsewhere")])
    sandbox.kibo.add_customer("elsewhere@example.com", True)
    _connect(qtbot, me, addresses)
    me.type("inp_first_list", "Newsletter")
    me.click("btn_first_list")
    qtbot.waitUntil(lambda: find(window, "btn_first_export").isVisible(), timeout=30_000)
    total = sandbox.report.opted_in + 1
    assert me.text("lbl_first_total") == f"{total} opted in:"
    figures = [figure.text() for figure in window.info.first_export.figures.values() if figure.isVisible()]
    assert sum(int(text.split()[0]) for text in figures) == total, figures
    said = me.text("lbl_first_export")
    assert "not on the list “Newsletter”. They may have left it" in said
    assert "goes on" not in said, "no export has run"
    shown = find(window, "btn_first_export").text()
    me.click("btn_first_export")
    qtbot.waitUntil(lambda: window.findChild(QWidget, "dlg_off_list") is not None, timeout=60_000)
    question = dialog(qtbot, window, "dlg_off_list")
    qtbot.waitUntil(lambda: window.info.needs_card.isVisible(), timeout=5_000)
    assert "waits for your answer" in me.text("lbl_need_0")
    click(qtbot, question, "btn_question_no")
    qtbot.waitUntil(lambda: shown_steps(window) == ["enable"], timeout=60_000)
    run, asked = desk.runs(kind=RunKind.EXPORT)
    assert shown == f"&Export {run.changes} people…"
    assert window.toast.isVisible()
    assert f"{run.counts['added']} added" in window.toast.text.text()
    assert run.resumes is None
    assert asked.status is RunStatus.CANCELLED
    assert formats.run_words(asked).startswith("Answered: a later run went through. 2 customers")


def _connect(qtbot, me, addresses):
    me.type("inp_kibo_tenant_id", addresses["kibo_tenant_id"])
    me.type("inp_kibo_app_key", addresses["kibo_app_key"])
    me.type("inp_kibo_secret", addresses["kibo_shared_secret"])
    me.click("btn_kibo_save")
    qtbot.waitUntil(lambda: shown_steps(me.window) == ["login"], timeout=20_000)
    me.type("inp_cc_client_id", addresses["cc_client_id"])
    me.click("btn_login")
    me.allow_in_browser()
    qtbot.waitUntil(lambda: shown_steps(me.window) == ["list"], timeout=20_000)


def test_a_wrong_secret_is_not_saved_and_says_so_on_the_card(qtbot, first_day, addresses):
    me, window, desk = first_day, first_day.window, first_day.container.desk
    me.type("inp_kibo_tenant_id", addresses["kibo_tenant_id"])
    me.type("inp_kibo_app_key", addresses["kibo_app_key"])
    me.type("inp_kibo_secret", "wrong")
    me.click("btn_kibo_save")
    notice = window.info.kibo_form.notice
    qtbot.waitUntil(lambda: notice.isVisible() and "Asking" not in notice.title.text(), timeout=20_000)
    assert desk.settings().kibo_tenant_id == ""
    assert shown_steps(window) == ["kibo"]


def test_a_partner_s_file_leaves_the_secret_and_the_login(qtbot, first_day, addresses, tmp_path):
    me, window = first_day, first_day.window
    file = tmp_path / "partner.json"
    keys = ("kibo_tenant_id", "kibo_app_key", "cc_client_id")
    items = {key: addresses[key] for key in keys}
    file.write_text(json.dumps({"ccdesk_setup": 1, "settings": items}))
    me.click("btn_setup_use")
    dialog(qtbot, window, "dlg_open_file").close()
    window.info.kibo_form.setup_file.use(str(file))
    tenant = find(window, "inp_kibo_tenant_id", QLineEdit)
    qtbot.waitUntil(lambda: tenant.text() == addresses["kibo_tenant_id"], timeout=10_000)
    me.type("inp_kibo_secret", addresses["kibo_shared_secret"])
    me.click("btn_kibo_save")
    qtbot.waitUntil(lambda: shown_steps(window) == ["login"], timeout=20_000)
    assert not find(window, "btn_portal").isVisible(), "with a key nobody is sent to the portal"
    me.click("btn_login")
    me.allow_in_browser()
    qtbot.waitUntil(lambda: shown_steps(window) == ["list"], timeout=20_000)
