"""The icon in a real tray on a real session bus: its states, its menu, and what closing the window does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccdesk.sandbox.wire.kernel import Fault
from tests.soak.real_desktop import PROGRAMS, PretendShop, RealDesktop
from tests.soak.tools import need, only_soak, until

if sys.platform != "linux":
    pytest.skip("such trays are Linux's", allow_module_level=True)

from tests.soak.atspi import CONTROL, ScreenReader
from tests.soak.tray_host import Icon, TrayHost

pytestmark = only_soak
LINES = ["Sync now", "Pause for an hour", "Open ccdesk", "Quit"]


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[RealDesktop]:
    need(*PROGRAMS, "openbox", "/usr/libexec/at-spi-bus-launcher")
    started = RealDesktop(tmp_path)
    started.start("openbox", "--sm-disable")
    yield started
    started.close()


@pytest.fixture
def shop(desktop: RealDesktop, tmp_path: Path) -> Iterator[PretendShop]:
    made = PretendShop(tmp_path / "base")
    made.set_up()
    assert made.shell("sync", "export").returncode == 0
    yield made
    made.close()


@pytest.fixture
def tray(desktop: RealDesktop) -> Iterator[TrayHost]:
    host = TrayHost(desktop.address)
    yield host
    host.close()


@pytest.fixture
def reader(desktop: RealDesktop) -> Iterator[ScreenReader]:
    made = ScreenReader(desktop.address)
    yield made
    made.close()


def icon_in(tray: TrayHost) -> Icon:
    """Wait until the icon has come, with both directions in step."""
    until(lambda: len(tray.icons()) == 1)
    [icon] = tray.icons()
    until(lambda: "Everything is in step" in icon.tip, seconds=40)
    return icon


def close_window(reader: ScreenReader) -> None:
    """Press Ctrl+W, once the window has the keyboard."""
    reader.find("ccdesk", "Constant Contact Settings", "frame")
    reader.key(ord("w"), CONTROL)


def is_open(reader: ScreenReader) -> bool:
    return bool(reader.shown("ccdesk"))


def test_four_states_show_and_the_menu_does_what_it_says(
    desktop: RealDesktop, shop: PretendShop, tray: TrayHost
) -> None:
    shop.window(desktop)
    icon = icon_in(tray)
    assert (icon.read("Title"), icon.read("Id"), icon.read("Status")) == ("ccdesk", "ccdesk", "Active")
    first, then, *rest = icon.menu()
    assert first.label == "Everything is in step"
    assert then.label.startswith("Next sync: ")
    assert [one.label for one in rest] == LINES
    pictures = {icon.picture}

    shop.sandbox.faults.add(Fault("delay", service="kibo", seconds=4))
    mark = shop.sandbox.log.mark()
    icon.choose("Sync now")
    until(lambda: "Working" in icon.tip)
    pictures.add(icon.picture)
    assert not next(one for one in icon.menu() if one.label == "Sync now").enabled
    until(lambda: "Everything is in step" in icon.tip)
    assert {one.service for one in shop.sandbox.log.all(since=mark)} >= {"kibo", "cc"}

    icon.choose("Pause for an hour")
    until(lambda: "Paused until" in icon.tip)
    pictures.add(icon.picture)
    icon.choose("Resume")
    until(lambda: "Everything is in step" in icon.tip)

    [list_id] = [
        one for one, entry in shop.sandbox.cc.account.book.lists.items() if entry.name == "Kibo customers"
    ]
    shop.sandbox.cc.delete_list(list_id)
    icon.choose("Sync now")
    until(lambda: "need" in icon.tip)
    pictures.add(icon.picture)
    assert len(pictures) == 4


def test_closing_goes_into_the_tray_says_so_and_quit_ends_it(
    desktop: RealDesktop, shop: PretendShop, tray: TrayHost, reader: ScreenReader
) -> None:
    window = shop.window(desktop)
    icon = icon_in(tray)
    for _ in range(2):
        close_window(reader)
        until(lambda: not is_open(reader))
        until(lambda: bool(tray.messages))
        assert window.poll() is None
        icon.click()
        until(lambda: is_open(reader))
    assert [title for title, _ in tray.messages] == ["ccdesk keeps running"]
    icon.choose("Quit")
    reader.press(reader.find("ccdesk", "Quit", "push button"))
    assert window.wait(20) == 0
    assert tray.icons() == []


def test_without_a_tray_closing_asks(desktop: RealDesktop, shop: PretendShop, reader: ScreenReader) -> None:
    window = shop.window(desktop)
    reader.find("ccdesk", "Everything is in step", "label")  # during a run, quitting asks once more
    close_window(reader)
    question = reader.find("ccdesk", "Constant Contact Settings", "dialog")
    assert "Keep ccdesk running?" in [one.name for one in question.shown()]
    reader.press(reader.find("ccdesk", "Cancel", "push button"))
    until(lambda: all(one.role != "dialog" for one in reader.shown("ccdesk")))
    assert is_open(reader)
    close_window(reader)
    reader.press(reader.find("ccdesk", "Quit", "push button"))
    assert window.wait(20) == 0


def test_a_tray_that_comes_after_the_start_at_login_and_one_that_starts_anew_get_the_icon(
    desktop: RealDesktop, shop: PretendShop, reader: ScreenReader
) -> None:
    mark = shop.sandbox.log.mark()
    shop.window(desktop, "--tray")
    until(lambda: shop.sandbox.log.all(since=mark))  # by then it has looked for a tray
    for _ in range(2):
        tray = TrayHost(desktop.address)
        try:
            icon = icon_in(tray)
            assert not is_open(reader)
        finally:
            tray.close()
    tray = TrayHost(desktop.address)
    try:
        icon = icon_in(tray)
        icon.choose("Open ccdesk")
        until(lambda: is_open(reader))
    finally:
        tray.close()
