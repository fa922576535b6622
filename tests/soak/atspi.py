"""What a screen reader does on its bus: it reads a program's tree, hears events and presses keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    MatchRule,
    Message,
    MessageType,
    Properties,
    message_bus,
    new_method_call,
)
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from tests.soak.tools import until

# States of a thing, by the numbers of AT-SPI.
FOCUSABLE, SELECTED, SHOWING = 11, 23, 25
TAB = 0xFF09  # X's number of what the key says
CONTROL = 37  # and of a key itself
SECONDS = 20.0
_LABELLED_BY = 2
_DOWN, _UP, _SYMBOL = 0, 1, 3
_ACCESSIBLE = "org.a11y.atspi.Accessible"
_ACTION, _TEXT = "org.a11y.atspi.Action", "org.a11y.atspi.Text"
_EVENT = "org.a11y.atspi.Event.Object"
_REGISTRY = "org.a11y.atspi.Registry"
_BUS = DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.a11y.Bus")
_STATUS = DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.a11y.Status")
_DESKTOP = DBusAddress("/org/a11y/atspi/accessible/root", _REGISTRY, _ACCESSIBLE)
_EVENTS = DBusAddress("/org/a11y/atspi/registry", _REGISTRY, _REGISTRY)
_KEYS = DBusAddress(
    "/org/a11y/atspi/registry/deviceeventcontroller", _REGISTRY, "org.a11y.atspi.DeviceEventController"
)


class Gone(Exception):
    """The program does not know a thing any more, or cannot do what it was asked."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing of a window, with all that is to be seen in it; `states` is a set of bits."""

    program: str
    path: str
    name: str
    description: str
    role: str
    text: str
    labels: tuple[str, ...]
    states: int
    things: tuple[Thing, ...] = field(repr=False)

    def has(self, state: int) -> bool:
        """Say whether it is in a state."""
        return bool(self.states >> state & 1)

    @property
    def called(self) -> str:
        """What a person is told that it is: its label's words, its name, or its text."""
        return next((words for words in (*self.labels, self.name, self.text) if words.strip()), "")

    def shown(self) -> Iterator[Thing]:
        """Yield what of it is to be seen, itself first."""
        if self.has(SHOWING):
            yield self
        for one in self.things:
            yield from one.shown()


@dataclass(frozen=True, slots=True)
class Event:
    """What a program told: `kind` as in “Announcement”, `detail` as in “focused”, and what comes with it."""

    kind: str
    detail: str
    number: int
    value: Any
    program: str
    path: str


class ScreenReader:
    """Connected to both buses; programs that start from now on know that somebody reads them."""

    def __init__(self, session_bus: str, *events: str) -> None:
        self._session = open_dbus_connection(session_bus)
        (address,) = _ask(self._session, new_method_call(_BUS, "GetAddress"))
        self._bus = open_dbus_connection(address)
        for name in ("IsEnabled", "ScreenReaderEnabled"):
            _ask(self._session, Properties(_STATUS).set(name, "b", True))
        for event in events:
            _ask(self._bus, new_method_call(_EVENTS, "RegisterEvent", "s", (event,)))
        rule = MatchRule(type="signal", interface=_EVENT)
        _ask(self._bus, message_bus.AddMatch(rule))
        self._filter = self._bus.filter(rule, bufsize=100_000)
        self._heard = self._filter.__enter__()

    def close(self) -> None:
        """Leave both buses."""
        self._bus.close()
        self._session.close()

    def program(self, name: str) -> Thing:
        """Wait until a program of this name is on the bus, and read it."""
        until(lambda: any(one.name == name for one in self._programs()), seconds=SECONDS)
        return next(one for one in self._programs() if one.name == name)

    def shown(self, program: str) -> list[Thing]:
        """Return all that is to be seen of a program now."""
        return [one for window in self.program(program).things for one in window.shown()]

    def find(self, program: str, name: str, role: str) -> Thing:
        """Wait until something of this name and role is to be seen."""
        found: list[Thing] = []

        def is_there() -> bool:
            found[:] = [one for one in self.shown(program) if (one.name, one.role) == (name, role)]
            return bool(found)

        until(is_there, seconds=SECONDS)
        return found[0]

    def _programs(self) -> list[Thing]:
        (found,) = _ask(self._bus, new_method_call(_DESKTOP, "GetChildren"))
        return self._read_all(found)

    def _read_all(self, places: list[tuple[str, str]]) -> list[Thing]:
        found = []
        for program, path in places:
            try:
                found.append(self.read(program, path))
            except Gone:
                continue  # it went while the others were read
        return found

    def read(self, program: str, path: str) -> Thing:
        """Read a thing and all that is to be seen in it."""

        def ask(method: str) -> Any:
            return self._ask(program, path, _ACCESSIBLE, method)[0]

        low, high = ask("GetState")
        is_shown = low >> SHOWING & 1
        return Thing(
            program,
            path,
            self._property(program, path, "Name"),
            self._property(program, path, "Description"),
            ask("GetRoleName"),
            self._ask(program, path, _TEXT, "GetText", "ii", 0, -1)[0]
            if _TEXT in ask("GetInterfaces")
            else "",
            tuple(
                self._property(owner, label, "Name")
                for kind, places in ask("GetRelationSet")
                for owner, label in places
                if kind == _LABELLED_BY
            ),
            low | high << 32,
            tuple(self._read_all(ask("GetChildren"))) if is_shown else (),
        )

    def press(self, thing: Thing) -> None:
        """Do what a click on it does."""
        self._ask(thing.program, thing.path, _ACTION, "DoAction", "i", 0)

    def key(self, symbol: int, *held: int) -> None:
        """Press a key of the keyboard, wherever the keyboard is now, while others are held."""
        strokes = [*((key, _DOWN) for key in held), (symbol, _SYMBOL), *((key, _UP) for key in held)]
        for what, how in strokes:
            _ask(self._bus, new_method_call(_KEYS, "GenerateKeyboardEvent", "isu", (what, "", how)))

    def forget(self) -> None:
        """Forget what was heard so far."""
        self._heard.clear()

    def hear(self, wanted: Callable[[Event], bool], seconds: float = SECONDS) -> list[Event]:
        """Return the events up to one that is wanted.

        Raises:
            AssertionError: it did not come in time.

        """
        events: list[Event] = []
        deadline = time.monotonic() + seconds
        while not events or not wanted(events[-1]):
            left = deadline - time.monotonic()
            try:
                message = self._bus.recv_until_filtered(self._heard, timeout=max(left, 0.01))
            except TimeoutError:
                raise AssertionError(f"it did not come in time; heard: {events[-20:]}") from None
            events.append(_event(message))
        return events

    def _ask(self, program: str, path: str, interface: str, method: str, types: str = "", *what: Any) -> Any:
        address = DBusAddress(path, program, interface)
        return _ask(self._bus, new_method_call(address, method, types or None, what))

    def _property(self, program: str, path: str, name: str) -> str:
        address = DBusAddress(path, program, _ACCESSIBLE)
        return str(_ask(self._bus, Properties(address).get(name))[0][1])


def _ask(bus: DBusConnection, message: Message) -> Any:
    reply = bus.send_and_get_reply(message, timeout=SECONDS)
    if reply.header.message_type is not MessageType.method_return:
        raise Gone(reply.body)
    return reply.body


def _event(message: Message) -> Event:
    fields = message.header.fields
    detail, number, _, (_, value), *_ = message.body
    return Event(
        fields[HeaderFields.member],
        detail,
        number,
        value,
        fields[HeaderFields.sender],
        fields[HeaderFields.path],
    )
