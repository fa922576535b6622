"""Every setting: key, default, how it is checked, and what it is called on screen (design §6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from ccdesk.core.errors import Remedy, SettingsError
from ccdesk.core.words import marked

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off", ""})

# The part of an address that says who answers, in letters that all readers take alike. For requests a host
# ends at a backslash, for urllib.parse it does not: of `https://evil.example\.mozu.com` one would find it
# below mozu.com, and the other would call evil.example.
_AUTHORITY = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

SECRET_VARIABLE = "CCDESK_KIBO_SHARED_SECRET"  # the one setting that is a secret is kept in the vault


def _text(value: str) -> str:
    return value.strip()


def _flag(value: str) -> str:
    word = value.strip().lower()
    if word in TRUE_WORDS:
        return "true"
    if word in FALSE_WORDS:
        return "false"
    raise ValueError("give true or false")


def _url(value: str) -> str:
    url = value.strip().rstrip("/")
    if not url:
        return ""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not host or parts.query or parts.fragment:
        raise ValueError("give an address such as https://home.mozu.com")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("only https addresses are allowed, except on this computer itself")
    if parts.username or parts.password:
        raise ValueError("give the address without user name and password")
    if not is_plain_authority(parts.netloc) or "\\" in url or not url.isprintable() or " " in url:
        raise ValueError("give the host with plain letters, digits, dots and hyphens only")
    _ = parts.port  # raises ValueError for a malformed port
    return url


def is_plain_authority(netloc: str) -> bool:
    """Say whether a host, and its port if there is one, can be read in one way only."""
    return _AUTHORITY.fullmatch(netloc) is not None


def is_loopback(host: str) -> bool:
    """Say whether a host name means this computer itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _digits(value: str) -> str:
    text = value.strip()
    if text and not (text.isascii() and text.isdigit()):
        raise ValueError("give the tenant's number, digits only")
    return text


def _list_name(value: str) -> str:
    text = value.strip()
    if len(text) > 255:
        raise ValueError("a list name has at most 255 characters")
    return text


def _email(value: str) -> str:
    text = value.strip()
    if text and ("@" not in text or len(text) > 80 or any(c.isspace() for c in text)):
        raise ValueError("give one email address of at most 80 characters")
    return text


def _days(value: str) -> str:
    text = value.strip() or "90"
    if not text.isdigit() or not 1 <= int(text) <= 3650:
        raise ValueError("give a number of days from 1 to 3650")
    return str(int(text))


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `check` returns the value in its kept form or raises ValueError saying what to give."""

    key: str
    label: str
    default: str = ""
    check: Callable[[str], str] = _text


SETTINGS: dict[str, Setting] = {
    setting.key: setting
    for setting in (
        Setting("contact_list", marked("Contact List Name"), check=_list_name),
        Setting("welcome_email", marked("Send welcome email to customer on signup"), "false", _flag),
        Setting("from_email", marked("Specify From and ReplyTo email for Campaigns"), check=_email),
        Setting("enabled", marked("Enabled"), "false", _flag),
        Setting("kibo_home_url", marked("Kibo home address"), "https://home.mozu.com", _url),
        Setting("kibo_tenant_url", marked("Kibo tenant address"), "", _url),
        Setting("kibo_tenant_id", marked("Kibo tenant id"), "", _digits),
        Setting("kibo_app_key", marked("Kibo application key")),
        Setting("cc_client_id", marked("Constant Contact API key")),
        Setting("cc_api_url", marked("Constant Contact API address"), "https://api.cc.email/v3", _url),
        Setting(
            "cc_auth_url",
            marked("Constant Contact login address"),
            "https://authz.constantcontact.com/oauth2/default/v1",
            _url,
        ),
        Setting("export_guests", marked("Export guests who opted in"), "true", _flag),
        Setting("keep_days", marked("Days to keep runs and processed events"), "90", _days),
    )
}


NAMING = ("kibo_app_key", "cc_client_id", "from_email")
"""The settings that tell who the merchant is: none of them leaves this computer as it is."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force, already checked; see `SETTINGS` for what each means."""

    contact_list: str
    welcome_email: bool
    from_email: str
    enabled: bool
    kibo_home_url: str
    kibo_tenant_url: str
    kibo_tenant_id: str
    kibo_app_key: str
    cc_client_id: str
    cc_api_url: str
    cc_auth_url: str
    export_guests: bool
    keep_days: int

    @property
    def kibo_ready(self) -> bool:
        """True when everything but the secret is there to call Kibo."""
        return bool(self.kibo_home_url and self.kibo_tenant_id and self.kibo_app_key)


def check(key: str, value: str) -> str:
    """Return a value in its kept form.

    Raises:
        SettingsError: the key is unknown or the value not valid; names the key and says what to give.

    """
    setting = SETTINGS.get(key)
    if setting is None:
        raise SettingsError(
            marked("There is no setting “{key}”").format(key=key),
            next_step=marked("The settings are: {keys}.").format(keys=", ".join(SETTINGS)),
        )
    try:
        return setting.check(value)
    except ValueError as error:
        problem = SettingsError(
            marked("The value for “{label}” is not valid").format(label=setting.label),
            meaning=f"{str(error)[:1].upper()}{str(error)[1:]}.",
            next_step=marked("Nothing was changed."),
        )
        problem.setting = key
        raise problem from None


class StoredSettingsError(SettingsError):
    """Stored values are not valid: another version wrote them, or somebody did by hand.

    Nothing runs by them; saving valid ones in their place mends it (`service/save.py`). `wrong` are those
    values as they are stored, by key; `others` the settings in force, with a default in place of each.
    """

    def __init__(self, problem: SettingsError, wrong: Mapping[str, str], others: Settings) -> None:
        first = next(iter(wrong))
        super().__init__(
            marked("The stored value for “{label}” is not valid").format(label=SETTINGS[first].label),
            meaning=problem.meaning,
            remedy=Remedy.STORED_SETTING,
        )
        self.setting = ", ".join(wrong)
        self.wrong, self.others = wrong, others


def _check_outside(key: str, value: str) -> str:
    """Return a value from the environment in its kept form; what is wrong with it is not to be set here."""
    try:
        return check(key, value)
    except SettingsError as error:
        error.setting = f"CCDESK_{key.upper()}"
        error.next_step, error.remedy = "", Remedy.FIXED_OUTSIDE
        raise


def resolve(stored: Mapping[str, str], environment: Mapping[str, str]) -> Settings:
    """Return the settings in force: `CCDESK_<KEY>` before the stored value before the default.

    Raises:
        StoredSettingsError: stored values are not valid, and nothing overrides them.
        SettingsError: a value of the environment is not.

    """
    values: dict[str, str] = {}
    wrong: dict[str, str] = {}
    problem: SettingsError | None = None
    for key, setting in SETTINGS.items():
        from_environment = environment.get(f"CCDESK_{key.upper()}")
        if from_environment is not None:
            checked = _check_outside(key, from_environment)
        else:
            kept = stored.get(key, setting.default)
            try:
                checked = check(key, kept)
            except SettingsError as error:
                checked, wrong[key], problem = setting.default, kept, problem or error
        values[key] = checked or (setting.default if setting.check is _url else "")
    settings = _made_of(values)
    if problem is not None:
        raise StoredSettingsError(problem, wrong, settings)
    return settings


def _made_of(values: Mapping[str, str]) -> Settings:
    return Settings(
        contact_list=values["contact_list"],
        welcome_email=values["welcome_email"] == "true",
        from_email=values["from_email"],
        enabled=values["enabled"] == "true",
        kibo_home_url=values["kibo_home_url"],
        kibo_tenant_url=values["kibo_tenant_url"],
        kibo_tenant_id=values["kibo_tenant_id"],
        kibo_app_key=values["kibo_app_key"],
        cc_client_id=values["cc_client_id"],
        cc_api_url=values["cc_api_url"],
        cc_auth_url=values["cc_auth_url"],
        export_guests=values["export_guests"] == "true",
        keep_days=int(values["keep_days"]),
    )
