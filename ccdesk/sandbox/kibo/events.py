"""Events to pull and audit log entries: what Kibo tells about changes (kibo.md §8, §9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import NamedTuple

from ccdesk.sandbox.kibo.filter import Condition, Field, Known, Order, sort_key
from ccdesk.sandbox.kibo.model import Json, audit_json, stamp
from ccdesk.sandbox.kibo.sites import Site
from ccdesk.sandbox.kibo.switches import KiboSwitches

_DAY_MS = 86_400_000


class Event(NamedTuple):
    """One event as it was filed for one site; it carries ids only (§9)."""

    id: str
    site: Site
    topic: str
    entity_id: str
    correlation_id: str
    at: int
    is_test: bool = False

    def as_json(self, tenant_id: int) -> Json:
        """Return the event as the pull shows it: `id` and `auditInfo`, not the names of a webhook."""
        return {
            "id": self.id,
            "tenantId": tenant_id,
            "siteId": self.site.id,
            "masterCatalogId": 1,
            "catalogId": self.site.catalog_id,
            "topic": self.topic,
            "entityId": self.entity_id,
            "correlationId": self.correlation_id,
            "isTest": self.is_test,
            "extendedProperties": [],
            "auditInfo": audit_json(self.at, self.at, None, None),
        }


_FIELDS = (
    Field("id", "text", lambda one: one.id),
    Field("topic", "text", lambda one: one.topic),
    Field("entityId", "text", lambda one: one.entity_id),
    Field("correlationId", "text", lambda one: one.correlation_id),
    Field("siteId", "int", lambda one: one.site.id),
    Field("isTest", "bool", lambda one: one.is_test),
    Field("createDate", "date", lambda one: one.at),
    Field("auditInfo.createDate", "date", lambda one: one.at),
    Field("updateDate", "date", lambda one: one.at),
    Field("auditInfo.updateDate", "date", lambda one: one.at),
)
_BY_NAME = {field.name.lower(): field for field in _FIELDS}


def event_fields(switches: KiboSwitches) -> Known:
    """Return what a filter or sorting of events may name (§15.4)."""
    fields = _BY_NAME if switches.pull_filter_works else {}
    return Known(fields, unknown=switches.unknown_filter)


class EventLog:
    """All events in the order they were filed."""

    def __init__(self, switches: KiboSwitches, sites: Sequence[Site]) -> None:
        self._switches, self._sites = switches, sites
        self._events: list[Event] = []
        self._by_id: dict[str, Event] = {}
        self._random = Random(20151216)  # the same run gives the same ids

    def __len__(self) -> int:
        return len(self._events)

    def new_id(self) -> str:
        """Return a fresh id of 32 hex digits."""
        return f"{self._random.getrandbits(128):032x}"

    def file(
        self, topic: str, entity_id: str, correlation_id: str, at: int, *, is_test: bool = False
    ) -> None:
        """File an event once for each site: a change of the tenant reaches all of them (§9)."""
        for delay, site in enumerate(self._sites):
            event = Event(self.new_id(), site, topic, entity_id, correlation_id, at + delay, is_test)
            self._events.append(event)
            self._by_id[event.id] = event

    def pullable(self, now: int) -> list[Event]:
        """Return what the application may pull now, in the order it was filed."""
        return [one for one in self._events if self._may_pull(one, now)]

    def get(self, event_id: str, now: int) -> Event | None:
        """Return one event by its id; dashes do not matter."""
        event = self._by_id.get(event_id.replace("-", "").lower())
        return event if event is not None and self._may_pull(event, now) else None

    def find(self, now: int, conditions: Iterable[Condition], order: Sequence[Order]) -> list[Event]:
        """Return the events that fulfil all conditions, in the order asked for."""
        tests = tuple(conditions)
        found = [one for one in self.pullable(now) if all(test.holds(one) for test in tests)]
        if not order and self._switches.shuffle_topics:
            # Order is kept within a topic and promised nowhere else (§9).
            found.sort(key=lambda one: one.topic, reverse=True)
        for key in reversed(order):
            found.sort(key=sort_key(key), reverse=key.descending)
        return found

    def _may_pull(self, event: Event, now: int) -> bool:
        """Say whether an event is served: of a subscribed topic, and not yet too old (§9)."""
        switches = self._switches
        days = switches.event_retention_days
        fresh = days is None or event.at >= now - days * _DAY_MS
        return switches.pull_works and fresh and event.topic in switches.subscribed_topics


class AuditEntry(NamedTuple):
    """One changed field of one account."""

    account_id: int
    number: int
    at: int
    user: str
    application: str | None
    field_path: str | None
    old: str | None
    new: str | None
    description: str

    def as_json(self) -> Json:
        """Return the entry as the service shows it."""
        return {
            "customerAccountId": self.account_id,
            "customerAuditEntryId": self.number,
            "entryDate": stamp(self.at),
            "entryUser": self.user,
            "application": self.application,
            "site": None,
            "description": self.description,
            "fieldPath": self.field_path,
            "oldValue": self.old,
            "newValue": self.new,
        }
