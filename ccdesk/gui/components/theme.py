"""Light and dark: a palette and a filled-in style sheet each, on Fusion for the same look everywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from ccdesk.gui import assets

MODES = ("light", "dark", "system")


class Tone(StrEnum):
    """How a state is meant; always shown by an icon and a word as well as by its colour."""

    NEUTRAL = "neutral"
    GOOD = "good"
    WARNING = "warning"
    ERROR = "error"
    ACCENT = "accent"
    ON_ACCENT = "on_accent"  # on a primary button


LIGHT = {
    "window": "#f5f6f8",
    "base": "#ffffff",
    "card": "#ffffff",
    "header": "#fafbfc",
    "stripe": "#fafbfc",
    "hairline": "#eef0f3",
    "border": "#dfe3e8",
    "border_strong": "#b9c0c9",
    "text": "#1d2228",
    "muted": "#57606a",
    "disabled": "#8b949e",
    "button": "#ffffff",
    "button_hover": "#eef1f5",
    "button_down": "#e2e6ec",
    "accent": "#1a66d6",
    "accent_hover": "#1558bb",
    "on_accent": "#ffffff",
    "focus": "#1a66d6",
    "focus_on_accent": "#0a2f6b",
    "link": "#0b57c2",
    "selection": "#1a66d6",
    "on_selection": "#ffffff",
    "row_selected": "#dce9fc",
    "good": "#17733a",
    "good_tint": "#e3f4e8",
    "warning": "#875400",
    "warning_tint": "#fdf1d8",
    "error": "#b3202c",
    "error_tint": "#fce8e8",
    "neutral_tint": "#eceff3",
    "scroll": "#c4cad2",
    "scroll_hover": "#a3abb5",
}
DARK = {
    "window": "#1a1c20",
    "base": "#202328",
    "card": "#22252b",
    "header": "#262a30",
    "stripe": "#23262c",
    "hairline": "#2c3037",
    "border": "#363b43",
    "border_strong": "#4e5560",
    "text": "#e7eaee",
    "muted": "#a6afb9",
    "disabled": "#717a85",
    "button": "#2b2f36",
    "button_hover": "#353a43",
    "button_down": "#3d434d",
    "accent": "#5b9dff",
    "accent_hover": "#7bb0ff",
    "on_accent": "#0d1724",
    "focus": "#7bb0ff",
    "focus_on_accent": "#e7eaee",
    "link": "#7bb0ff",
    "selection": "#2f6fd0",
    "on_selection": "#ffffff",
    "row_selected": "#2b3c57",
    "good": "#5ccb83",
    "good_tint": "#1d3427",
    "warning": "#e8b45a",
    "warning_tint": "#3a2f1a",
    "error": "#ff8d8d",
    "error_tint": "#412326",
    "neutral_tint": "#2e333b",
    "scroll": "#4a515b",
    "scroll_hover": "#626a76",
}


@dataclass(frozen=True, slots=True)
class Scheme:
    """The colours of one scheme by name."""

    name: str
    colours: dict[str, str]

    def colour(self, name: str) -> QColor:
        """Return one colour."""
        return QColor(self.colours[name])

    def tone(self, tone: Tone) -> QColor:
        """Return the colour of icons and words of a tone."""
        return self.colour({Tone.NEUTRAL: "muted"}.get(tone, tone.value))


SCHEMES = {"light": Scheme("light", LIGHT), "dark": Scheme("dark", DARK)}


def scheme(palette: QPalette | None = None) -> Scheme:
    """Return the scheme in use, told by the palette so that no state is kept beside it."""
    window = (palette or QApplication.palette()).color(QPalette.ColorRole.Window)
    return SCHEMES["dark" if window.lightness() < 128 else "light"]


def apply_theme(app: QApplication, mode: str = "system") -> None:
    """Set style, palette and style sheet; `system` follows the desktop, also when it changes later."""
    if mode not in MODES:
        raise ValueError(f"{mode!r} is none of {', '.join(MODES)}")
    follower = app.findChild(_Follower, _Follower.NAME) or _Follower(app)
    follower.following = mode == "system"
    _apply(app, _system_name(app) if follower.following else mode)


def _apply(app: QApplication, name: str) -> None:
    chosen = SCHEMES[name]
    sheet = _style_sheet(chosen, app.font().pointSizeF())
    if app.styleSheet() == sheet:
        return  # setting it again would polish every widget again
    if not app.styleSheet():  # under a sheet the style hides its name, so this tells the first time
        app.setStyle("Fusion")
    app.setPalette(_palette(chosen))
    app.setStyleSheet(sheet)


def _system_name(app: QApplication) -> str:
    return "dark" if app.styleHints().colorScheme() == Qt.ColorScheme.Dark else "light"


def _style_sheet(chosen: Scheme, points: float) -> str:
    size = points if points > 0 else 10.0
    values = {
        **chosen.colours,
        "scheme": chosen.name,
        "icons": assets.path("icons").as_posix(),
        "size_heading": f"{size * 1.35:.1f}pt",
        "size_title": f"{size * 1.12:.1f}pt",
    }
    return re.sub(r"@(\w+)@", lambda hit: values.get(hit[1], hit[0]), assets.text("style.qss"))


def _palette(chosen: Scheme) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: "window",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Base: "base",
        QPalette.ColorRole.AlternateBase: "stripe",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.Button: "button",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.ToolTipBase: "card",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.PlaceholderText: "disabled",
        QPalette.ColorRole.Highlight: "selection",
        QPalette.ColorRole.HighlightedText: "on_selection",
        QPalette.ColorRole.Link: "link",
        QPalette.ColorRole.LinkVisited: "link",
        QPalette.ColorRole.BrightText: "error",
        QPalette.ColorRole.Mid: "border_strong",
        QPalette.ColorRole.Light: "button_hover",
        QPalette.ColorRole.Dark: "border_strong",
    }
    for role, name in roles.items():
        palette.setColor(role, chosen.colour(name))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, chosen.colour("disabled"))
    return palette


class _Follower(QObject):
    """Follows the desktop's colour scheme while the mode is `system`."""

    NAME = "theme_follower"

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self.setObjectName(self.NAME)
        self._app = app
        self.following = False
        app.styleHints().colorSchemeChanged.connect(self._on_changed)

    @Slot()
    def _on_changed(self) -> None:
        if self.following:
            _apply(self._app, _system_name(self._app))
