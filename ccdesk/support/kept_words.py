"""What of a call is kept as it is: names of fields whose values are words of the services, and those words.

Names are in small letters, without regard to the service they are of.
"""

from __future__ import annotations

# Words of the services: states, kinds, sources. A value is kept if it looks like a word of theirs.
WORDS = frozenset(
    {
        *("permission_to_send", "opt_out_source", "opt_in_source", "create_source"),
        *("update_source", "addresstype", "kind", "topic", "countrycode", "country"),
        *("privilege_name", "source_file", "type", "status", "activity_type", "event_type"),
        *("error_key", "errorcode", "exceptiontype", "applicationname", "time_zone_id"),
        *("country_code", "confirm_status", "roles", "role", "currencycode", "defaultcurrencycode"),
        *("privilege", "scope", "token_type", "encoding", "format", "include"),
        *("fieldpath", "current_status", "tracking_activity_type"),
    }
)

# Words where they are one of these; "state" is a part of an address, too.
STATES = frozenset(
    {
        *("initialized", "processing", "completed", "complete", "cancelled", "failed", "timed_out"),
        *("ready", "running", "pending", "queued", "partial", "explicit", "implicit"),
        *("unsubscribed", "temp_hold", "pending_confirmation", "not_set", "confirmed"),
        *("unconfirmed", "active"),
    }
)

# Fields that hold a text meant for people.
MESSAGES = frozenset(
    {
        *("message", "error_message", "error", "error_description", "errors", "activity_errors"),
        *("detail", "details", "title", "description", "reason", "exceptiondetail"),
        *("additionalerrordata", "items_error"),
    }
)

# Parameters of a query whose values name nobody.
CALLED = frozenset(
    {
        *("include", "include_count", "limit", "pagesize", "startindex", "status"),
        *("responsefields", "fields", "sortby", "sort", "lists", "list_ids"),
        *("include_membership_count", "cursor_size", "state", "sources"),
    }
)

# A person's name, in lower case: of several words, any of which a service may use in a sentence.
NAMES = frozenset(
    {
        *("firstname", "lastname", "lastnameorsurname", "middlenameorinitial"),
        *("first_name", "last_name", "middle_name"),
    }
)

LINKS = frozenset({"href", "next", "location", "self", "previous", "domain", "url"})
PERSONAL_IDS = frozenset({"userid", "externalid", "emailid", "taxid", "vatid"})
NAMED = frozenset({"types", "lists", "privileges"})  # a `name` in these is no person's
FILTERS = frozenset({"filter", "sort", "sortby", "responsefields", "fields", "q"})
