import json

import pytest

from ccdesk.core.errors import SettingsError
from ccdesk.core.settings import SETTINGS, resolve
from ccdesk.service.setup_file import (
    CARRIED,
    LARGEST,
    ask_about_addresses,
    changes,
    parse_setup,
    read_setup_file,
    setup_document,
)


def held(settings, **more):
    return json.dumps({"ccdesk_setup": 1, "settings": settings, **more}).encode()


def full():
    return resolve(
        {
            "contact_list": "Kibo customers",
            "welcome_email": "true",
            "from_email": "ann@example.com",
            "enabled": "true",
            "kibo_tenant_id": "12345",
            "kibo_app_key": "mystic.ccdesk",
            "cc_client_id": "0a1b2c3d",
            "keep_days": "30",
        },
        {},
    )


def test_what_is_exported_comes_in_again_as_it_was():
    settings = full()
    read = parse_setup(json.dumps(setup_document(settings)).encode())
    assert read["contact_list"] == "Kibo customers"
    assert read["welcome_email"] == "true"
    assert read["keep_days"] == "30"
    assert changes(settings, read) == {}
    other = changes(resolve({}, {}), read)
    assert set(other) == {
        *("contact_list", "welcome_email", "kibo_tenant_id", "kibo_app_key", "cc_client_id", "keep_days"),
    }


def test_neither_the_sender_nor_the_switch_is_in_it_and_every_setting_was_thought_of():
    assert "ann@example.com" not in json.dumps(setup_document(full()))
    assert set(SETTINGS) - set(CARRIED) == {"from_email", "enabled"}


def test_a_list_named_after_somebody_s_email_stays_out():
    settings = resolve({"contact_list": "News of ann@example.com"}, {})
    assert "contact_list" not in setup_document(settings)["settings"]


@pytest.mark.parametrize(
    ("settings", "key", "said"),
    [
        ({"kibo_tenant_id": "abc"}, "kibo_tenant_id", "digits only"),
        ({"kibo_home_url": "http://home.mozu.com"}, "kibo_home_url", "only https"),
        ({"cc_api_url": "https://api.cc.email@evil.example"}, "cc_api_url", "user name"),
        ({"welcome_email": "perhaps"}, "welcome_email", "true or false"),
        ({"keep_days": 0}, "keep_days", "1 to 3650"),
        ({"contact_list": ["a"]}, "contact_list", "neither a text"),
        ({"contact_list": None}, "contact_list", "neither a text"),
        ({"kibo_shared_secret": "s3cret"}, "kibo_shared_secret", "never holds a secret"),
        ({"access_token": "x"}, "access_token", "never holds a secret"),
        ({"enabled": True}, "enabled", "decided on each computer"),
        ({"from_email": "ann@example.com"}, "from_email", "decided on each computer"),
        ({"colour": "blue"}, "colour", "no such setting"),
    ],
)
def test_an_item_that_is_not_valid_is_named(settings, key, said):
    with pytest.raises(SettingsError) as caught:
        parse_setup(held(settings))
    assert f"“{key}”" in caught.value.title
    assert said.lower() in caught.value.meaning.lower()
    assert "s3cret" not in caught.value.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"not json",
        b"[1]",
        b"{}",
        b"[" * 100_000,
        b'{"ccdesk_setup": 2, "settings": {}}',
        b'{"ccdesk_setup": true, "settings": {}}',
        b'{"ccdesk_setup": 1}',
        b'{"ccdesk_setup": 1, "settings": {"keep_days": 3, "keep_days": 4}}',
    ],
)
def test_what_is_no_set_up_file_is_refused(content):
    with pytest.raises(SettingsError) as caught:
        parse_setup(content)
    assert caught.value.code == "no_setup_file"


def test_a_part_that_does_not_belong_is_named():
    with pytest.raises(SettingsError) as caught:
        parse_setup(held({}, people=["ann@example.com"]))
    assert "“people”" in caught.value.title


def test_a_file_that_is_missing_or_huge_is_refused(tmp_path):
    with pytest.raises(SettingsError):
        read_setup_file(tmp_path / "none.json")
    huge = tmp_path / "huge.json"
    huge.write_bytes(b" " * (LARGEST + 1))
    with pytest.raises(SettingsError) as caught:
        read_setup_file(huge)
    assert "larger" in caught.value.meaning


@pytest.mark.parametrize(
    "address",
    ["https://home.mozu.com", "https://t1.sandbox.mozu.com", "http://127.0.0.1:5000", "http://localhost:1"],
)
def test_known_servers_and_this_computer_raise_no_question(address):
    assert ask_about_addresses({"kibo_home_url": address}) is None


@pytest.mark.parametrize("address", ["https://home.mozu.com.evil.example", "https://evilmozu.com"])
def test_other_servers_are_asked_about_by_name(address):
    question = ask_about_addresses({"cc_auth_url": address, "kibo_app_key": "k"})
    assert question is not None
    assert address in question.meaning
