import json

import pytest

KEYS = ("kibo_home_url", "kibo_tenant_id", "kibo_app_key", "cc_api_url", "cc_auth_url", "cc_client_id")


@pytest.fixture
def other(shell, tmp_path):
    """The same command line on another base dir, without any secret."""
    fresh = type(shell)(shell.sandbox, tmp_path / "other")
    del fresh.environment["CCDESK_KIBO_SHARED_SECRET"]
    return fresh


def test_a_set_up_is_handed_on_without_any_secret(connected, other, tmp_path):
    file = tmp_path / "partner.json"
    written = connected.json("setup", "export", str(file))
    assert written["file"] == str(file)
    text = file.read_text("utf-8")
    assert connected.addresses["kibo_shared_secret"] not in text
    for secret in ("token", "secret", "@", "enabled", "from_email"):
        assert secret not in text, secret
    taken = other.json("setup", "import", str(file))
    assert set(taken["changed"]) == {*KEYS, "contact_list"}
    shown = other.json("settings", "show")
    for key in KEYS:
        assert shown[key] == connected.addresses[key]
    assert shown["kibo_shared_secret_set"] is False
    assert other.json("setup", "import", str(file))["changed"] == {}, "it is idempotent"
    assert "Nothing changed" in other("setup", "import", str(file)).stdout


def test_an_item_that_is_not_valid_is_named_and_nothing_is_changed(shell, tmp_path):
    file = tmp_path / "bad.json"
    items = {"kibo_app_key": "k", "kibo_tenant_id": "abc"}
    file.write_text(json.dumps({"ccdesk_setup": 1, "settings": items}))
    done = shell("setup", "import", str(file))
    assert done.returncode == 2
    assert "“kibo_tenant_id”" in done.stderr
    error = shell.json("setup", "import", str(file), code=2)["error"]
    assert "“kibo_tenant_id”" in error["title"]
    assert shell.json("settings", "show")["kibo_app_key"] == ""


def test_other_servers_are_taken_over_only_when_confirmed(shell, tmp_path):
    file = tmp_path / "strange.json"
    file.write_text(
        json.dumps({"ccdesk_setup": 1, "settings": {"kibo_home_url": "https://kibo.evil.example"}})
    )
    done = shell("setup", "import", str(file))
    assert done.returncode == 6
    assert "https://kibo.evil.example" in done.stderr
    assert shell.json("settings", "show")["kibo_home_url"] == "https://home.mozu.com"
    assert shell("setup", "import", str(file), "--confirm").returncode == 0
    assert shell("setup", "import", str(file)).returncode == 0, "what is there already is not asked about"


def test_a_file_that_cannot_be_read_or_written_is_wrong_use(shell, tmp_path):
    assert shell("setup", "import", str(tmp_path / "none.json")).returncode == 2
    assert shell("setup", "export", str(tmp_path / "no" / "folder.json")).returncode == 2
    assert shell("setup", "export").returncode == 2
