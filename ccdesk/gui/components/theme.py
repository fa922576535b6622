"""Light and dark: a palette and a filled-in style sheet each, on Fusion for the same look everywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from ccdesk.gui import assets
from ccdesk.gui.components.contrast import wants_contrast

MODES = ("light", "dark", "system")
_CONTRAST = "ccdesk_contrast"  # the application's property: its colours are the desktop's


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
    "border_strong": "#868f99",
    "placeholder": "#6b7480",
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
    "border_strong": "#727b88",
    "placeholder": "#8b95a1",
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
    used = palette or QApplication.palette()
    app = QApplication.instance()
    if app is not None and app.property(_CONTRAST):
        return contrast_scheme(used)
    return SCHEMES["dark" if _is_dark(used) else "light"]


def _is_dark(palette: QPalette) -> bool:
    return palette.color(QPalette.ColorRole.Window).lightness() < 128


def contrast_scheme(palette: QPalette) -> Scheme:
    """Return the scheme of a desktop with high contrast: the colours its user has chosen, and no others."""
    role = QPalette.ColorRole
    of_role = {
        role.Window: "window header neutral_tint good_tint warning_tint error_tint",
        role.Base: "base card stripe row_selected",  # the bar beside it says which row is chosen
        role.WindowText: "muted placeholder good warning error border border_strong hairline scroll "
        "scroll_hover",
        role.Text: "text",
        role.Button: "button button_hover button_down",
        role.Highlight: "accent accent_hover focus selection",
        role.HighlightedText: "on_accent on_selection focus_on_accent",
        role.Link: "link",
    }
    colours = {name: palette.color(one).name() for one, names in of_role.items() for name in names.split()}
    disabled = palette.color(QPalette.ColorGroup.Disabled, role.WindowText)
    return Scheme("dark" if _is_dark(palette) else "light", {**colours, "disabled": disabled.name()})


def apply_theme(app: QApplication, mode: str = "system") -> None:
    """Set style, palette and style sheet; `system` follows the desktop, also when it changes later."""
    if mode not in MODES:
        raise ValueError(f"{mode!r} is none of {', '.join(MODES)}")
    follower = app.findChild(_Follower, _Follower.NAME) or _Follower(app)
    follower.following = mode == "system"
    _apply(app, _system_name(app) if follower.following else mode)


def _apply(app: QApplication, name: str) -> None:
    app.setProperty(_CONTRAST, wants_contrast())
    if app.property(_CONTRAST):
        app.setPalette(QPalette())  # the desktop's
        app.setStyleSheet(_style_sheet(contrast_scheme(app.palette()), app.font().pointSizeF()))
        return
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
        QPalette.ColorRole.PlaceholderText: "placeholder",
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
        if self.following or wants_contrast() or self._app.property(_CONTRAST):
            _apply(self._app, _system_name(self._app))
