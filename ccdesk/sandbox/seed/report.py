"""Who is notable in a pretend shop, so that a test or a demo can go straight to them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class SeedReport:
    """Numbers of the shop, and the odd cases in it: account ids, or emails of Constant Contact's contacts.

    `opted_in` counts accounts with the flag; `exportable` those of them that are active and have an email of
    any kind, which is what an export reads. A list is empty where the shop was too small for the case.
    """

    customers: int
    opted_in: int = 0
    exportable: int = 0

    ordinary: list[int] = field(default_factory=list)  # opted in, unknown to Constant Contact, nothing odd
    opted_out: list[int] = field(default_factory=list)  # nothing odd but that they never opted in

    malformed: list[int] = field(default_factory=list)
    too_long_email: list[int] = field(default_factory=list)  # over 80 characters
    long_email: list[int] = field(default_factory=list)  # 51 to 80 characters
    no_email: list[int] = field(default_factory=list)  # null or blank
    long_name: list[int] = field(default_factory=list)
    long_address: list[int] = field(default_factory=list)
    blank_region: list[int] = field(default_factory=list)  # "n/a" as state and postal code
    nameless: list[int] = field(default_factory=list)
    non_ascii: list[int] = field(default_factory=list)
    inactive: list[int] = field(default_factory=list)
    guests: list[int] = field(default_factory=list)

    shared: list[list[int]] = field(default_factory=list)  # one email, all opted in
    shared_mixed: list[list[int]] = field(
        default_factory=list
    )  # one email, the first opted in, the other not
    shared_out: list[list[int]] = field(default_factory=list)  # one email, nobody opted in
    shared_case: list[list[int]] = field(default_factory=list)  # one email in two spellings, both opted in

    lists: dict[str, str] = field(default_factory=dict)  # name → id
    foreign: list[str] = field(default_factory=list)  # active contacts who are opted-in customers as well
    strangers: list[str] = field(default_factory=list)  # active contacts who are no customers
    unsubscribed: list[str] = field(default_factory=list)  # of opted-in customers, as all that follow
    deleted: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    on_hold: list[str] = field(default_factory=list)

    foreign_email: str | None = None  # the first of each
    unsubscribed_email: str | None = None
    deleted_email: str | None = None
    pending_email: str | None = None
    on_hold_email: str | None = None
