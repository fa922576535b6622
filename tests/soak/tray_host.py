"""A desktop's tray on the session bus, and the place for its messages, as panels of today have them.

It speaks StatusNotifierItem and com.canonical.dbusmenu: icons register with the watcher, and are asked by it.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    Properties,
    message_bus,
    new_error,
    new_method_call,
    new_method_return,
)
from jeepney.io.blocking import DBusConnection, open_dbus_connection

WATCHER, MESSAGES = "org.kde.StatusNotifierWatcher", "org.freedesktop.Notifications"
_ITEM, _MENU = "org.kde.StatusNotifierItem", "com.canonical.dbusmenu"
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of an icon's menu."""

    number: int
    label: str
    enabled: bool


class Icon:
    """A program's icon, as the tray gets it."""

    def __init__(self, bus: DBusConnection, program: str) -> None:
        self._bus, self._program = bus, program

    def _at(self, path: str, interface: str) -> DBusAddress:
        return DBusAddress(path, self._program, interface)

    def _ask(self, message: Message) -> Any:
        reply = self._bus.send_and_get_reply(message, timeout=_SECONDS)
        assert reply.header.message_type is MessageType.method_return, reply.body
        return reply.body

    def read(self, name: str) -> Any:
        """Return one of its properties."""
        return self._ask(Properties(self._at("/StatusNotifierItem", _ITEM)).get(name))[0][1]

    @property
    def tip(self) -> str:
        """What it says about its state."""
        return str(self.read("ToolTip")[2])

    @property
    def picture(self) -> bytes:
        """Its largest picture."""
        *_, (_, _, pixels) = self.read("IconPixmap")
        return bytes(pixels)

    def click(self) -> None:
        """Click on it."""
        self._ask(new_method_call(self._at("/StatusNotifierItem", _ITEM), "Activate", "ii", (0, 0)))

    def menu(self) -> list[Entry]:
        """Open its menu, and return what it offers."""
        at = self._at(self.read("Menu"), _MENU)
        self._ask(new_method_call(at, "AboutToShow", "i", (0,)))
        _, (_, _, lines) = self._ask(new_method_call(at, "GetLayout", "iias", (0, -1, [])))
        entries = []
        for _, (number, told, _) in lines:
            if "label" in told:
                label = str(told["label"][1]).replace("_", "")
                entries.append(Entry(number, label, bool(told.get("enabled", ("b", True))[1])))
        return entries

    def choose(self, label: str) -> None:
        """Choose a line of its menu."""
        [entry] = [one for one in self.menu() if one.label == label]
        words = (entry.number, "clicked", ("s", ""), 0)
        self._ask(new_method_call(self._at(self.read("Menu"), _MENU), "Event", "isvu", words))


class TrayHost:
    """Is the tray until it is closed; another one may take its place."""

    def __init__(self, session_bus: str) -> None:
        self._served, self._bus = open_dbus_connection(session_bus), open_dbus_connection(session_bus)
        self.programs: list[str] = []
        self.messages: list[tuple[str, str]] = []
        # The watcher's name last: icons register as soon as it is there, and waiting for a reply drops calls.
        for name in (MESSAGES, WATCHER):
            self._served.send_and_get_reply(message_bus.RequestName(name))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def icons(self) -> list[Icon]:
        """Return the icons that are in the tray now."""
        return [Icon(self._bus, program) for program in self.programs if self._is_on_bus(program)]

    def close(self) -> None:
        """Leave the bus."""
        self._bus.close()
        with suppress(OSError):
            self._served.sock.shutdown(2)  # wakes the thread
        self._thread.join(_SECONDS)
        self._served.close()

    def _is_on_bus(self, program: str) -> bool:
        return bool(self._bus.send_and_get_reply(message_bus.NameHasOwner(program)).body[0])

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                message = self._served.receive()
                if message.header.message_type is MessageType.method_call:
                    self._served.send(self._answer(message))

    def _answer(self, call: Message) -> Message:
        fields = call.header.fields
        method = fields[HeaderFields.member]
        if method == "RegisterStatusNotifierItem":
            if fields[HeaderFields.sender] not in self.programs:  # a program may tell it twice
                self.programs.append(fields[HeaderFields.sender])
            return new_method_return(call)
        if method == "Get":
            return new_method_return(call, "v", (self._property(call.body[1]),))
        if method == "Notify":
            _, _, _, title, text, *_ = call.body
            self.messages.append((title, text))
            return new_method_return(call, "u", (len(self.messages),))
        if method == "GetCapabilities":
            return new_method_return(call, "as", (["actions", "body"],))
        return new_error(call, "org.freedesktop.DBus.Error.UnknownMethod")

    def _property(self, name: str) -> tuple[str, Any]:
        if name == "RegisteredStatusNotifierItems":
            return "as", list(self.programs)
        return ("i", 0) if name == "ProtocolVersion" else ("b", True)
