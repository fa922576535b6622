"""A stored value that is not valid, from another version or edited by hand, gives way to a valid one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ccdesk.container import Container, open_container
from ccdesk.core.errors import SettingsError
from ccdesk.core.settings import StoredSettingsError
from ccdesk.paths import Paths


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    with open_container(Paths(tmp_path / "base"), environment={"CCDESK_VAULT": "file"}) as container:
        yield container


@pytest.mark.parametrize(
    ("key", "stored", "value"),
    [
        ("keep_days", "9999999", "30"),
        ("keep_days", "9999999", "90"),  # the default
        ("keep_days", "a year", ""),
        ("enabled", "perhaps", "false"),
        ("kibo_tenant_id", "12a", "12"),
        ("kibo_home_url", "http://home.mozu.com", "https://home.mozu.com"),
        ("contact_list", "x" * 300, "Kibo"),
        ("from_email", "nobody", ""),
    ],
)
def test_it_gives_way_to_a_valid_one(container: Container, key: str, stored: str, value: str) -> None:
    container.store.settings.save({key: stored})
    with pytest.raises(StoredSettingsError) as told:
        container.desk.settings()
    assert told.value.setting == key
    assert stored not in told.value.text
    result = container.desk.save_settings({key: value})
    assert result.changed[key][0] == stored
    assert container.desk.settings()


def test_another_setting_is_not_saved_beside_it(container: Container) -> None:
    container.store.settings.save({"keep_days": "0", "enabled": "perhaps"})
    for values in ({"kibo_app_key": "key"}, {"keep_days": "30"}, {"keep_days": "30", "kibo_app_key": "key"}):
        with pytest.raises(StoredSettingsError) as told:
            container.desk.save_settings(values)
        assert set(told.value.wrong) == {"keep_days", "enabled"} - set(values)
        assert told.value.next_step == "Nothing was changed."
    container.desk.save_settings({"keep_days": "30", "enabled": "false", "kibo_app_key": "key"})
    settings = container.desk.settings()
    assert (settings.keep_days, settings.enabled, settings.kibo_app_key) == (30, False, "key")


def test_a_value_that_is_not_valid_either_is_refused_as_ever(container: Container) -> None:
    container.store.settings.save({"keep_days": "0"})
    with pytest.raises(SettingsError) as told:
        container.desk.save_settings({"keep_days": "-1"})
    assert not isinstance(told.value, StoredSettingsError)
    assert container.store.settings.load() == {"keep_days": "0"}
