"""Everything about Constant Contact that no source settles, as switches (constant-contact.md §20, §21).

Each default is the behaviour the sheet expects most; a test turns a switch to prove that the client does not
depend on it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_type_hints

from ccdesk.sandbox.wire.json_values import fitted

PRIVILEGES: dict[str, int] = {
    "account:read": 10,
    "account:update": 11,
    "campaign:create": 30,
    "campaign:read": 31,
    "campaign:write": 32,
    "contacts:read": 50,
    "contacts:write": 51,
    "contacts:lists:read": 52,
    "contacts:lists:write": 53,
    "customer-journey:read": 55,
    "ui:campaign:metrics": 60,
}
"""Name and id of each privilege a user role can carry (§3)."""


_SETS = ("privileges", "list_jobs_refuse")


@dataclass
class CcSwitches:
    """The settings of the fake service; may be changed at any moment, also while it serves."""

    # Contacts and lists
    list_change_moves_updated_at: bool = False
    unsubscribe_empties_lists: bool = True
    default_status: Literal["active", "not_deleted"] = "active"
    optout_filter_works: bool = True
    updated_after_inclusive: bool = True
    before_inclusive: bool = False
    lowercase_email: bool = True
    domain_form: Literal["as_sent", "ascii", "unicode"] = "as_sent"  # how a domain beyond ASCII is kept
    normalise_country: bool = False
    deleted_list_name_clashes: bool = False
    put_without_permission: Literal["keep", "implicit"] = "keep"
    account_put_on_optout: Literal["ignored", "refused", "applied"] = "ignored"
    second_resubscribe_status: int = 409

    # Mails and automations
    welcome_email_on: bool = True
    confirmed_opt_in: bool = False
    sign_up_existing_sends_welcome: bool = False
    list_join_automation: bool = False
    put_email_change_sends_welcome: bool = False

    # Paging
    last_page_links: Literal["absent", "empty"] = "absent"
    shuffle: bool = False

    # Bulk activities
    activity_seconds: float = 0.2
    activity_outcome: Literal["completed", "failed", "timed_out", "time_out", "cancelled"] = "completed"
    queue_limit: int = 1000
    activity_status: Literal["whole", "total_only"] = "whole"  # any count of a report may be missing
    import_errors: Literal["lines", "emails", "objects", "none"] = "lines"  # what tells the row, if anything
    import_revives_deleted: bool = True
    import_updates_unsubscribed: bool = False
    import_empty_clears: bool = False
    import_loses_every: int = 0  # every n-th row is lost although the job says "completed"; 0: none
    add_job_lists_unsubscribed: bool = False

    # Refusals no contract tells of (§22): a name or part of an address that matches the pattern; one contact
    refused_text: str = ""
    import_refused_text: Literal["row", "request", "job"] = "row"  # what one such row spoils
    full_contacts_spoil_jobs: bool = False  # a contact on 50 lists spoils the job that would add it to one
    list_jobs_refuse: set[str] = field(default_factory=set)  # emails of contacts that spoil a list job
    list_job_refusal: Literal["request", "job"] = "request"  # what such a contact spoils

    # Contact export files; the headings "others" come in another order as well
    export_headings: Literal["titles", "names", "others", "numbers"] = "titles"
    export_bom: bool = False
    export_trouble: Literal["none", "refused", "never_ends", "file_missing"] = "none"

    # Sign-in
    refresh_mode: Literal["rotating", "long_lived"] = "rotating"
    refresh_reply_without_token: bool = False
    refresh_reuse_revokes: bool = False
    expires_in_as_string: bool = False
    token_lifetime: int = 86400
    revoke: Literal["works", "refuses", "missing", "hangs"] = "works"  # hangs for a minute, then works

    # Gateway
    answer_seconds: float = 0.0  # how far away it is: every answer takes that much longer
    limits_on: bool = True
    per_second: int = 4
    per_day: int = 10000
    refused_calls_count: bool = True
    token_per_second: int = 1
    app_deactivated: bool = False
    privileges: set[str] = field(default_factory=lambda: set(PRIVILEGES))

    def turn(self, **values: Any) -> None:
        """Turn several switches at once; ValueError for an unknown name or an impossible value."""
        hints = get_type_hints(CcSwitches)
        unknown = sorted(set(values) - hints.keys())
        if unknown:
            raise ValueError(f"No such switch: {', '.join(unknown)} (there are {', '.join(hints)})")
        turned = {name: fitted(f"switch {name}", value, hints[name]) for name, value in values.items()}
        for name, value in turned.items():
            setattr(self, name, value)

    def as_json(self) -> dict[str, Any]:
        """Return every switch with its present value."""
        return {**asdict(self), **{name: sorted(getattr(self, name)) for name in _SETS}}
