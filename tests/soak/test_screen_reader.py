"""The real window on a real accessibility bus, read and heard as a screen reader does."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest

from tests.soak.real_desktop import PROGRAMS, PretendShop, RealDesktop
from tests.soak.tools import need, only_soak, until

if sys.platform != "linux":
    pytest.skip("AT-SPI is Linux's", allow_module_level=True)

from tests.soak.atspi import FOCUSABLE, SELECTED, TAB, Event, ScreenReader, Thing

pytestmark = only_soak
STEADY = "Everything is in step"
TABS = ("Info", "Settings", "Sync", "Sync Logs", "Events")
CARDS = {
    "The last thirty days": ("The last 30 days: ", "added"),
    "Kibo eCommerce": ("Connected", "Tenant: Mystic Outdoors", "Application: acme.cc_sync.1.0.0.Release"),
    "Constant Contact": ("Connected", "Organization: Mystic Outdoors", "Logged in as: owner"),
    "Automatic sync": ("Enabled", "On"),
    "Calls to Constant Contact today": ("of 10,000 used", "Calls used today"),
}
FOCUSED = ("StateChanged", "focused", 1)
WORKED_WITH = {
    "push button",
    "check box",
    "radio button",
    "combo box",
    "text",
    "table",
    "page tab",
    "list item",
}


def said(event: Event, words: str) -> bool:
    """Say whether a screen reader is to say this."""
    return event.kind == "Announcement" and words in str(event.value)


class Opened:
    """The window, open, with its first runs done."""

    def __init__(self, shop: PretendShop, reader: ScreenReader) -> None:
        self.shop, self.reader = shop, reader
        self.beginning = reader.hear(lambda event: said(event, STEADY))

    def shown(self) -> list[Thing]:
        """Return what is to be seen of the window now, itself first."""
        return self.reader.shown("ccdesk")

    def find(self, name: str, role: str = "push button") -> Thing:
        """Wait until something of this name is to be seen."""
        return self.reader.find("ccdesk", name, role)

    def go_to(self, tab: str) -> None:
        """Choose a tab, and wait until it is chosen."""
        self.reader.press(self.find(tab, "page tab"))
        until(lambda: self.find(tab, "page tab").has(SELECTED))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    need(*PROGRAMS, "openbox", "/usr/libexec/at-spi-bus-launcher")
    home = tmp_path_factory.mktemp("reader")
    desktop, shop = RealDesktop(home), PretendShop(home / "base")
    try:
        shop.set_up()
        assert shop.shell("sync", "export").returncode == 0
        desktop.start("openbox", "--sm-disable")  # without it no window has the keyboard
        reader = ScreenReader(desktop.address, "object:announcement", "object:state-changed:focused")
        shop.window(desktop)
        yield Opened(shop, reader)
        reader.close()
    finally:
        desktop.close()
        shop.close()


def test_the_sentence_is_announced_when_it_changes(opened: Opened) -> None:
    told = [str(event.value) for event in opened.beginning if event.kind == "Announcement"]
    assert told[0].startswith(("On: the first look at both sides comes next", "On: looking at both sides"))
    assert told[-1].startswith("Everything is in step. 3 customers in sync")


def test_the_window_and_every_tab_have_their_names_and_can_be_reached(opened: Opened) -> None:
    window, *_ = opened.shown()
    assert (window.role, window.name) == ("frame", "Constant Contact Settings")
    assert tuple(one.name for one in opened.shown() if one.role == "page tab") == TABS
    pages = []
    for tab in reversed(TABS):
        opened.go_to(tab)
        pages.append({one.path for one in opened.shown()})
    for number, page in enumerate(pages):
        assert all(page - other for other in pages[:number]), f"{TABS[-number]} shows nothing of its own"


def test_what_is_seen_on_info_is_told(opened: Opened) -> None:
    opened.go_to("Info")
    for name in ("Kibo eCommerce", "Constant Contact"):
        fold = opened.find(f"Details of {name}")
        if fold.description == "collapsed":
            opened.reader.press(fold)
    cards = {one.name: one for one in opened.shown() if one.role == "panel"}
    assert any(re.match(rf"{STEADY}\. \d customers in sync · checked", name) for name in cards)
    for name, values in CARDS.items():
        told = [words for one in cards[name].shown() for words in (one.name, one.text)]
        for value in values:
            assert any(value in words for words in told), f"{name} does not tell “{value}”: {told}"


@pytest.mark.parametrize("tab", TABS)
def test_nothing_to_work_with_is_nameless(opened: Opened, tab: str) -> None:
    opened.go_to(tab)
    shown = [
        one
        for one in opened.shown()
        if one.role in WORKED_WITH or (one.has(FOCUSABLE) and one.role != "filler")
    ]
    assert len(shown) > 10
    assert [one for one in shown if not one.called] == []
    combos = [one for one in shown if one.role == "combo box"]
    assert [one for one in combos if not one.labels] == [], "here the value takes the name's place"


def test_the_keyboard_goes_round_and_everything_it_comes_to_has_a_name(opened: Opened) -> None:
    opened.go_to("Info")
    opened.reader.forget()
    names: dict[str, str] = {}
    for _ in range(40):
        opened.reader.key(TAB)
        *_, event = opened.reader.hear(lambda one: (one.kind, one.detail, one.number) == FOCUSED)
        thing = opened.reader.read(event.program, event.path)
        assert thing.called, thing
        if thing.path in names:
            break
        names[thing.path] = thing.called
    else:
        pytest.fail(f"it does not go round: {names.values()}")
    assert {"Details of Kibo eCommerce", "Enabled", "Check connections", "Help"} <= set(names.values())


def test_a_run_tells_its_begin_and_its_end(opened: Opened) -> None:
    opened.shop.sandbox.kibo.add_customer("new@example.com", True, first_name="Nina")
    opened.go_to("Events")
    opened.reader.press(opened.find("Sync changes now"))
    heard = opened.reader.hear(lambda event: said(event, "Events: Completed. 1 added"))
    assert any(said(event, "Events: started") for event in heard)
