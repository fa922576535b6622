import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPalette

from ccdesk.gui import assets, refcount_guard
from ccdesk.gui.components import theme
from ccdesk.gui.components.icons import app_icon, icon
from ccdesk.gui.components.theme import SCHEMES, Tone, apply_theme, scheme
from ccdesk.gui.components.widgets import Badge, Switch

ROOT = Path(__file__).parents[2]


def luminance(colour):
    parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


READ_TOGETHER = [
    ("text", "window"),
    ("text", "card"),
    ("text", "base"),
    ("text", "row_selected"),
    ("text", "button"),
    ("muted", "window"),
    ("muted", "card"),
    ("muted", "header"),
    ("muted", "neutral_tint"),
    ("link", "base"),
    ("link", "row_selected"),
    ("on_accent", "accent"),
    ("on_selection", "selection"),
    ("good", "good_tint"),
    ("good", "card"),
    ("warning", "warning_tint"),
    ("warning", "card"),
    ("error", "error_tint"),
    ("error", "card"),
    ("error", "window"),
    ("text", "error_tint"),
    ("text", "warning_tint"),
    ("text", "good_tint"),
]


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), READ_TOGETHER)
def test_text_can_be_read(name, front, back):
    chosen = SCHEMES[name]
    assert contrast(chosen.colour(front), chosen.colour(back)) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark"])
def test_focus_and_borders_of_fields_can_be_seen(name):
    chosen = SCHEMES[name]
    assert contrast(chosen.colour("focus"), chosen.colour("card")) >= 3
    for back in ("base", "card", "button"):  # fields, the switch's track, buttons
        assert contrast(chosen.colour("border_strong"), chosen.colour(back)) >= 3
    assert contrast(chosen.colour("accent"), chosen.colour("row_selected")) >= 3, "the bar at the row chosen"


@pytest.mark.parametrize("name", ["light", "dark"])
def test_placeholders_can_be_read(name):
    chosen = SCHEMES[name]
    assert contrast(chosen.colour("placeholder"), chosen.colour("base")) >= 4.5


def test_a_desktop_with_high_contrast_keeps_its_colours(qapp, monkeypatch):
    monkeypatch.setattr(theme, "wants_contrast", lambda: True)
    palette = QPalette()
    for role, colour in (("Window", "#000000"), ("WindowText", "#ffff00"), ("Highlight", "#00ffff")):
        palette.setColor(getattr(QPalette.ColorRole, role), QColor(colour))
    apply_theme(qapp, "light")
    used = theme.scheme(palette)
    assert used.colours.keys() == SCHEMES["light"].colours.keys()
    assert (used.name, used.colours["muted"], used.colours["accent"]) == ("dark", "#ffff00", "#00ffff")
    ours = set(SCHEMES["light"].colours.values()) | set(SCHEMES["dark"].colours.values())
    desktops = {
        qapp.palette().color(role).name() for role in QPalette.ColorRole if role.name != "NColorRoles"
    }
    assert not [one for one in ours - desktops if one in qapp.styleSheet()]
    monkeypatch.undo()
    apply_theme(qapp, "light")
    assert SCHEMES["light"].colours["accent"] in qapp.styleSheet()


def test_both_schemes_name_the_same_colours():
    assert SCHEMES["light"].colours.keys() == SCHEMES["dark"].colours.keys()


def test_themes_can_be_changed_and_icons_follow(qapp, qtbot):
    apply_theme(qapp, "light")
    badge = Badge()
    qtbot.addWidget(badge)
    badge.show_state("Connected", "check-circle", Tone.GOOD)
    badge.show()
    light = badge._icon.pixmap().toImage()
    apply_theme(qapp, "dark")
    assert scheme().name == "dark"
    assert qapp.palette().color(QPalette.ColorRole.Window) == QColor(SCHEMES["dark"].colours["window"])
    assert badge._icon.pixmap().toImage() != light
    apply_theme(qapp, "light")
    assert badge._icon.pixmap().toImage() == light


def test_system_follows_the_desktop(qapp):
    apply_theme(qapp, "system")
    follower = qapp.findChild(object, "theme_follower")
    assert follower.following
    follower._on_changed()
    assert scheme().name in SCHEMES
    apply_theme(qapp, "dark")
    follower._on_changed()
    assert scheme().name == "dark"
    with pytest.raises(ValueError, match="none of light, dark, system"):
        apply_theme(qapp, "pink")


def test_the_style_sheet_has_no_gap(qapp):
    apply_theme(qapp, "light")
    assert "@" not in qapp.styleSheet().split("*/", 1)[1]


def test_a_switch_can_be_seen_in_both_states(qapp, qtbot):
    apply_theme(qapp, "light")
    switch = Switch("Enabled")
    qtbot.addWidget(switch)
    switch.show()
    off = switch.grab().toImage()
    switch.setChecked(True)
    assert switch.grab().toImage() != off
    switch.setFocus()
    switch.setEnabled(False)
    assert switch.grab().toImage() != off
    assert switch.sizeHint().height() >= 24


def test_every_icon_can_be_drawn(qapp):
    for file in assets.path("icons").glob("*.svg"):
        drawn = icon(file.stem, Tone.ACCENT).pixmap(QSize(16, 16)).toImage()
        colours = {drawn.pixelColor(x, y).alpha() for x in range(16) for y in range(16)}
        assert len(colours) > 1, file.stem
    assert not app_icon().isNull()


def test_the_help_quotes_the_faq():
    words = " ".join(assets.text("guide.md").split())
    for sentence in (
        "How frequently do my contacts sync between Kibo eCommerce and Constant Contact?",
        "The app will not unsubscribe a contact based on an email change in Kibo.",
        "Only subscribe/unsubscribe events.",
        "Splitting them into contact lists by site is not supported.",
    ):
        assert sentence in words


def test_resources_are_found_in_checkout_bundle_and_wheel(monkeypatch, tmp_path):
    assert assets.root() == ROOT / "resources"
    bundled = tmp_path / "resources"
    bundled.mkdir()
    (bundled / assets.MARKER).write_text("")
    assets.root.cache_clear()
    try:
        monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
        assert assets.root() == bundled
        monkeypatch.delattr(sys, "_MEIPASS")
        monkeypatch.setattr(assets, "__file__", str(tmp_path / "site" / "ccdesk" / "gui" / "assets.py"))
        assets.root.cache_clear()
        installed = ModuleType("ccdesk_resources")
        installed.__path__ = [str(bundled)]
        monkeypatch.setitem(sys.modules, "ccdesk_resources", installed)
        assert assets.root() == bundled
        monkeypatch.setitem(sys.modules, "ccdesk_resources", None)
        assets.root.cache_clear()
        with pytest.raises(FileNotFoundError):
            assets.root()
    finally:
        assets.root.cache_clear()


def test_every_package_and_the_resources_are_installed():
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    present = {
        ".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "ccdesk").rglob("__init__.py")
    }
    assert set(setuptools["packages"]) == present | {"ccdesk_resources"}
    assert setuptools["package-dir"] == {"ccdesk_resources": "resources"}


def test_references_cannot_run_out(qapp):
    """See refcount_guard: with a bad pair of Python and PySide6 this many signals would abort the process."""
    from PySide6.QtCore import QObject, Signal

    class Bell(QObject):
        rung = Signal()

    bell = Bell()
    before = sys.getrefcount(True)
    for _ in range(20_000):
        bell.rung.emit()
    assert sys.getrefcount(True) > min(before - 25_000, refcount_guard.ENOUGH // 2)
    refcount_guard.hold_singletons()
    if refcount_guard.needs_guard():
        assert sys.getrefcount(True) > refcount_guard.ENOUGH // 2


def test_the_source_of_no_module_is_kept_in_memory():
    """See sources_unread: PySide6 would read every module of ours and of what we use, 13 MB of lines."""
    code = "import ccdesk.gui.start, linecache; print(len(linecache.cache))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert int(done.stdout) < 20, "what is read before PySide6 is told to, and no more"


def test_tab_bar_keeps_its_words_whole(window):
    bar = window.tabs.tabBar()
    assert bar.elideMode() == Qt.TextElideMode.ElideNone
