"""A partner's set-up file: the settings one shop's set-up hands to another computer, and no secret.

It is JSON: `{"ccdesk_setup": 1, "settings": {KEY: VALUE}}`. What lets somebody in (the Kibo shared secret,
the login) is kept in the vault and never gets here; what names a person (the sender's address) and what a
person has to decide on the spot (*Enabled*) stay out as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ccdesk.core.errors import ConfirmNeeded, Remedy, SettingsError
from ccdesk.core.settings import SETTINGS, Settings, check, is_loopback
from ccdesk.core.words import marked
from ccdesk.service.api import Desk, SaveResult

MARK, VERSION, SETTINGS_PART = "ccdesk_setup", 1, "settings"
CARRIED = (
    *("kibo_home_url", "kibo_tenant_url", "kibo_tenant_id", "kibo_app_key"),
    *("cc_client_id", "cc_api_url", "cc_auth_url"),
    *("contact_list", "welcome_email", "export_guests", "keep_days"),
)
"""The keys a set-up file may hold."""
LARGEST = 64 * 1024  # bytes
_KEY_SHOWN = 60  # characters of a name that is in the file
_ADDRESSES = tuple(key for key in CARRIED if key.endswith("_url"))
_KNOWN_ENDS = (".mozu.com", ".kibocommerce.com", ".cc.email", ".constantcontact.com")


def setup_document(settings: Settings) -> dict[str, object]:
    """Return what a set-up file holds for these settings: no secret and nobody's email."""
    values = {key: getattr(settings, key) for key in CARRIED}
    kept = {key: value for key, value in values.items() if value != "" and not _names_somebody(value)}
    return {MARK: VERSION, SETTINGS_PART: kept}


MISSING = marked("“{what}” is missing in it.")


def write_setup_file(settings: Settings, path: Path) -> dict[str, object]:
    """Write the set-up file of these settings, and return what it holds.

    Raises:
        SettingsError: it cannot be written there.

    """
    document = setup_document(settings)
    try:
        path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            marked("The set-up file could not be written"),
            meaning=marked("Nothing was changed."),
            next_step=marked("Name a file in a folder that exists and that you may write to."),
            detail=error.strerror or type(error).__name__,
            code="not_written",
        ) from error
    return document


def take_setup_file(desk: Desk, path: Path, *, confirmed: bool = False) -> SaveResult:
    """Save what a set-up file holds; one that is as it is already changes nothing, and asks nobody.

    Raises:
        SettingsError: the file or an item is not valid; nothing was changed.
        ConfirmNeeded: it names strange servers, or people would be dropped, and that is not `confirmed`.

    """
    wanted = changes(desk.settings(), read_setup_file(path))
    question = ask_about_addresses(wanted)
    if question is not None and not confirmed:
        raise question
    return desk.save_settings(wanted, confirmed=confirmed) if wanted else SaveResult()


def read_setup_file(path: Path) -> dict[str, str]:
    """Return the settings in a set-up file, each in its kept form.

    Raises:
        SettingsError: the file cannot be read or is none, or an item is not valid; the item is named.

    """
    try:
        with path.open("rb") as file:
            held = file.read(LARGEST + 1)
    except OSError as error:
        raise _no_file(marked("It cannot be read."), detail=error.strerror or type(error).__name__) from error
    if len(held) > LARGEST:
        raise _no_file(marked("It is much larger than a set-up file."))
    return parse_setup(held)


def parse_setup(held: bytes) -> dict[str, str]:
    """Return the settings in a set-up file's content; errors as `read_setup_file`."""
    try:
        document = json.loads(held.decode("utf-8-sig"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _no_file(marked("It is not JSON."), detail=str(error)[:120]) from error
    if not isinstance(document, dict) or MARK not in document:
        raise _no_file(MISSING.format(what=MARK))
    if document[MARK] != VERSION or isinstance(document[MARK], bool):
        raise _no_file(
            marked("Its format (“{mark}”) is not {version}: a newer ccdesk may have written it.").format(
                mark=MARK, version=VERSION
            )
        )
    items = document.get(SETTINGS_PART)
    if not isinstance(items, dict):
        raise _no_file(MISSING.format(what=SETTINGS_PART))
    strange = set(document) - {MARK, SETTINGS_PART}
    if strange:
        raise _bad_item(sorted(strange)[0], marked("A set-up file has no such part."))
    return {key: _checked(key, value) for key, value in items.items()}


def changes(settings: Settings, values: Mapping[str, str]) -> dict[str, str]:
    """Return those of a file's values that differ from the settings in force: only they are to be saved."""
    return {key: value for key, value in values.items() if value != _text(getattr(settings, key))}


def ask_about_addresses(values: Mapping[str, str]) -> ConfirmNeeded | None:
    """Return the question that a file raises which names other servers than the two services' own.

    Whoever is there is given the shared secret and the login, so a person has to know them. This computer
    itself (the sandbox) is nobody else.
    """
    strange = [
        f"{SETTINGS[key].label}: {values[key]}"
        for key in _ADDRESSES
        if values.get(key) and not _is_known(values[key])
    ]
    if not strange:
        return None
    return ConfirmNeeded(
        marked("The set-up file names servers that are neither Kibo's nor Constant Contact's"),
        meaning=marked(
            "{addresses}. The shared secret and the login would be given to them. Nothing was changed."
        ).format(addresses="; ".join(strange)),
        next_step=marked("Go on only if the partner who gave you the file has told you why."),
        remedy=Remedy.CONFIRM_RUN,
        code="strange_addresses",
    )


def _checked(key: str, value: object) -> str:
    if key not in CARRIED:
        raise _bad_item(key, _why_not(key))
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, int):
        value = str(value)
    if not isinstance(value, str):
        raise _bad_item(key, marked("Its value is neither a text nor a number, true or false."))
    try:
        return check(key, value)
    except SettingsError as error:
        raise _bad_item(key, error.meaning) from error


def _why_not(key: str) -> str:
    if "secret" in key.lower() or "token" in key.lower() or "password" in key.lower():
        return marked("A set-up file never holds a secret: it is entered in ccdesk itself.")
    if key in SETTINGS:
        return marked("This is decided on each computer, so a set-up file cannot hold it.")
    return marked("ccdesk has no such setting.")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a name that is there twice: readers differ in which of the two counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _is_known(address: str) -> bool:
    host = f".{(urlsplit(address).hostname or '').lower()}"
    return is_loopback(host[1:]) or host.endswith(_KNOWN_ENDS)


def _names_somebody(value: object) -> bool:
    """Say whether a text may hold an email: the name of a list is free text."""
    return isinstance(value, str) and "@" in value


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _no_file(meaning: str, *, detail: str = "") -> SettingsError:
    return SettingsError(
        marked("This is no set-up file that can be used"),
        meaning=meaning,
        next_step=marked("Ask whoever gave it to you for a new one. Nothing was changed."),
        detail=detail,
        code="no_setup_file",
    )


def _bad_item(key: str, meaning: str) -> SettingsError:
    title = marked("“{key}” in the set-up file is not valid").format(key=key[:_KEY_SHOWN])
    if key in SETTINGS:
        title = marked("“{key}” ({label}) in the set-up file is not valid").format(
            key=key, label=SETTINGS[key].label
        )
    return SettingsError(
        title,
        meaning=meaning,
        next_step=marked("Nothing was changed: correct the file, or ask whoever gave it to you."),
        code="bad_setup_item",
    )
