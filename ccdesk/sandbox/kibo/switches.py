"""Everything about Kibo that no source settles, as switches (kibo.md §14, §15).

Each default is the behaviour the sheet expects most; a test turns a switch to prove that the client does not
depend on it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_type_hints

from ccdesk.sandbox.wire.json_values import fitted

BEHAVIORS = (
    "Application Status Read",
    "Application Status Update",
    "Customer Create",
    "Customer Delete",
    "Customer Read",
    "Customer Update",
    "General Settings Read",
    "Tenant Read",
)
"""Permissions an application can hold (§2)."""

TOPICS = ("customeraccount.created", "customeraccount.updated", "customeraccount.deleted")
"""Topics the application is subscribed to unless told otherwise (§10)."""

DateName = Literal["updateDate", "auditInfo.updateDate", "both", "none"]
Quotes = Literal["none", "needed", "either"]
Unknown = Literal["refuse", "ignore", "nothing"]


@dataclass
class KiboSwitches:
    """The settings of the fake service; may be changed at any moment, also while it serves."""

    # Filters and sorting of accounts (§5, §15.1, §15.2, §15.10)
    update_filter_name: DateName = "both"
    update_sort_name: DateName = "both"
    unknown_filter: Unknown = "refuse"  # a field it does not know: 400, as if not there, or 200 and no rows
    unknown_sort: Unknown = "refuse"
    accepts_marketing_filterable: bool = True
    id_filterable: bool = True
    email_filterable: bool = True
    email_match_case: bool = False
    email_quotes: Quotes = "none"  # how the value of an email filter has to be written to match
    sort_works: bool = True  # False: sortBy is accepted and does nothing
    unsorted: Literal["id", "scattered"] = "id"  # the order when nothing sorts
    start_index_limit: int | None = None  # a greater startIndex is refused (§15.12)

    # Events (§9, §15.3)
    pull_works: bool = True  # False: nothing to pull, ever
    pull_filter_works: bool = True  # False: event filters are treated as unknown
    shuffle_topics: bool = False  # True: unsorted events come topic by topic
    event_retention_days: int | None = 14
    no_callback: bool = False  # True: no events for what API calls change
    subscribed_topics: set[str] = field(default_factory=lambda: set(TOPICS))

    # Writing accounts (§8, §15.5, §15.6)
    put_mode: Literal["replace", "merge"] = "replace"
    put_keeps_contacts_if_omitted: bool = False
    post_takes_contacts: bool = True
    order_bumps_update_date: bool = True
    contact_change_bumps_update_date: bool = True
    refuse_put_ids: dict[int, int] = field(default_factory=dict)  # account id → status of the refusal
    put_ignores_opt_in: bool = False  # True: a PUT answers 200 and keeps the old acceptsMarketing
    put_loses_contacts: bool = False  # True: a PUT empties the address book although it was sent along

    # Application (§2, §11)
    app_status: Literal["on", "off", "missing", "forbidden"] = "on"
    audit_log: bool = True
    token_lifetime: int = 3600
    gives_refresh_token: bool = True
    behaviors: set[str] = field(default_factory=lambda: set(BEHAVIORS))

    # Gateway (§4)
    answer_seconds: float = 0.0  # how far away it is: every answer takes that much longer
    rate_per_second: int | None = None
    retry_after: str | None = "60"

    def turn(self, **values: Any) -> None:
        """Turn several switches at once; ValueError for an unknown name or an impossible value."""
        hints = get_type_hints(KiboSwitches)
        unknown = sorted(set(values) - hints.keys())
        if unknown:
            raise ValueError(f"No such switch: {', '.join(unknown)} (there are {', '.join(hints)})")
        turned = {name: fitted(f"switch {name}", value, hints[name]) for name, value in values.items()}
        for name, value in turned.items():
            setattr(self, name, value)

    def as_json(self) -> dict[str, Any]:
        """Return every switch with its present value."""
        return {
            name: sorted(value) if isinstance(value, set) else value for name, value in asdict(self).items()
        }
