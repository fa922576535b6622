import pytest

from ccdesk.core.errors import Remedy, SettingsError
from ccdesk.core.settings import SETTINGS, StoredSettingsError, check, resolve


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("enabled", "Yes", "true"),
        ("enabled", "0", "false"),
        ("cc_api_url", "https://api.example.com/v3/", "https://api.example.com/v3"),
        ("kibo_home_url", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("kibo_home_url", "http://[::1]:8080", "http://[::1]:8080"),
        ("kibo_home_url", "http://localhost", "http://localhost"),
        ("contact_list", "  Kibo ", "Kibo"),
        ("keep_days", "030", "30"),
    ],
)
def test_values_are_kept_in_one_form(key, value, kept):
    assert check(key, value) == kept


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("enabled", "perhaps"),
        ("cc_api_url", "http://api.example.com"),
        ("cc_api_url", "http://127.0.0.1.example.com"),
        ("cc_api_url", "ftp://api.example.com"),
        ("cc_api_url", "https://user:word@api.example.com"),
        ("cc_api_url", "https://api.example.com:port"),
        ("cc_api_url", "https://"),
        ("kibo_tenant_id", "12a"),
        ("kibo_tenant_id", "١٢"),
        ("contact_list", "x" * 256),
        ("from_email", "nobody"),
        ("keep_days", "0"),
        ("no_such_key", "1"),
    ],
)
def test_bad_values_are_refused_and_name_the_setting(key, value):
    with pytest.raises(SettingsError) as refused:
        check(key, value)
    assert key in refused.value.text


def test_a_wrong_value_of_the_environment_is_told_by_its_variable():
    with pytest.raises(SettingsError) as told:
        resolve({"enabled": "true"}, {"CCDESK_ENABLED": "perhaps"})
    assert told.value.setting == "CCDESK_ENABLED"
    assert told.value.meaning == "Give true or false."
    assert (told.value.next_step, told.value.remedy) == ("", Remedy.FIXED_OUTSIDE)


def test_environment_beats_the_store_beats_the_default():
    stored = {"contact_list": "stored", "welcome_email": "true"}
    settings = resolve(stored, {"CCDESK_CONTACT_LIST": "outside"})
    assert (settings.contact_list, settings.welcome_email) == ("outside", True)
    assert settings.cc_api_url == "https://api.cc.email/v3"
    assert set(SETTINGS) == set(settings.__dataclass_fields__)


def test_an_empty_address_means_the_default():
    assert resolve({"kibo_home_url": ""}, {}).kibo_home_url == "https://home.mozu.com"


def test_all_stored_values_that_are_not_valid_are_named_and_the_environment_overrides_them():
    stored = {"keep_days": "0", "enabled": "perhaps", "contact_list": "Kibo"}
    with pytest.raises(StoredSettingsError) as told:
        resolve(stored, {})
    assert told.value.setting == "enabled, keep_days"
    assert told.value.wrong == {"enabled": "perhaps", "keep_days": "0"}
    assert told.value.meaning == "Give true or false."
    assert (told.value.others.contact_list, told.value.others.enabled) == ("Kibo", False)
    assert told.value.others.keep_days == 90
    assert resolve(stored, {"CCDESK_KEEP_DAYS": "30", "CCDESK_ENABLED": "on"}).keep_days == 30
