"""Whom staff look for by name: Kibo is asked, and the name is kept nowhere."""

from __future__ import annotations

import logging
import zipfile

from ccdesk.core.bundles import Wanted
from tests.e2e.conftest import exported


def test_a_name_that_kibo_was_asked_for_is_in_no_bundle_and_no_log(world, tmp_path, caplog):
    caplog.set_level(logging.DEBUG, "ccdesk")
    world.kibo.add_customer("per@example.com", True, first_name="Per", last_name="Wuppertal")
    exported(world, "bob")
    for name in ("Wuppertal", "Per Wuppertal"):
        [found] = world.desk.find_by_name(name).people
        assert found.email == "per@example.com"
    packed = tmp_path / "bundle.zip"
    world.container.save_bundle(packed, Wanted())
    with zipfile.ZipFile(packed) as bundle:
        names = [one for one in bundle.namelist() if b"wuppertal" in bundle.read(one).lower()]
    assert names == []
    ours = [one for one in caplog.records if one.name.startswith("ccdesk")]
    assert ours
    assert not [one for one in ours if "wuppertal" in one.getMessage().lower()]
