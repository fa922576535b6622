"""The attack: an address is changed, by a setting or a variable; the next command must send it no secret."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import peewee
import pytest
from playhouse.migrate import SqliteMigrator

from ccdesk.auth.oauth import TokenReply
from ccdesk.container import Container, open_container
from ccdesk.core.errors import CcdeskError
from ccdesk.core.origins import LoginPlace
from ccdesk.core.runs import RunKind, RunStatus
from ccdesk.core.settings import SETTINGS, resolve
from ccdesk.paths import Paths
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.run import Sandbox
from ccdesk.sandbox.wire.kernel import Fault
from ccdesk.service.api import ConnectionState, Status
from ccdesk.store.schema import note_where_secrets_were_given
from tests.cli.inprocess import hurried

KIBO_SECRET = "a-shared-secret-that-nobody-else-has"


class Recorder:
    """Answers everything like a helpful fake of both services, and keeps every byte it was sent."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.heard.append(self.requestline.encode() + bytes(self.headers) + body)
                reply = {
                    "access_token": "stolen", "expires_in": 3600, "refresh_token": "r",
                    "id": 1, "name": "Evil", "domain": outer.host, "sites": [], "items": [], "totalCount": 0,
                    "encoded_account_id": "p1", "organization_name": "Evil", "contacts": [], "lists": [],
                }  # fmt: skip
                told = json.dumps(reply).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            do_GET = do_POST = do_PUT = _serve  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def evil() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    recorder.close()


class Shop:
    """A ccdesk that is set up, logged in and has asked both services once; each look is a new program."""

    def __init__(self, sandbox: Sandbox, base: Path, *, in_vault: bool) -> None:
        self.sandbox, self.paths = sandbox, Paths(base)
        sandbox.kibo.shared_secret = KIBO_SECRET
        self.environment = {"CCDESK_VAULT": "file"}
        if not in_vault:
            self.environment["CCDESK_KIBO_SHARED_SECRET"] = KIBO_SECRET
        values = {key: value for key, value in sandbox.addresses().items() if key in SETTINGS}
        values.pop("kibo_tenant_url")
        with self.open() as container:
            container.desk.save_settings(values, kibo_secret=KIBO_SECRET if in_vault else None)
            self.log_in(container)
            container.desk.save_settings({"contact_list": "Kibo customers"})
            assert self.states(container.desk.status(live=True)) == ["connected", "connected"]

    @contextmanager
    def open(self, **variables: str) -> Iterator[Container]:
        asked = {**self.environment, **variables}
        with hurried(), open_container(self.paths, environment=asked) as container:
            yield container

    def log_in(self, container: Container) -> None:
        told = self.sandbox.cc.issue_tokens()
        reply = TokenReply(told["access_token"], told["refresh_token"], int(told["expires_in"]))
        container.connections.tokens(container.desk.settings()).store(reply)

    @staticmethod
    def states(status: Status) -> list[str]:
        return [status.kibo.state.value, status.constant_contact.state.value]

    def secrets(self) -> list[bytes]:
        kept = json.loads((self.paths.base / "vault.json").read_text())
        return [KIBO_SECRET.encode(), kept["cc_access_token"].encode(), kept["cc_refresh_token"].encode()]

    def store(self, key: str, value: str) -> None:
        """Change a stored setting behind ccdesk's back."""
        with closing(sqlite3.connect(self.paths.database)) as database, database:
            database.execute("INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)", (key, value))

    def stored(self, key: str) -> str:
        """Return a stored setting as it is in the file, `""` for none."""
        with closing(sqlite3.connect(self.paths.database)) as database:
            found = database.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
        return str(found[0]) if found else ""


@pytest.fixture(params=["environment", "vault"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    switches = CcSwitches(limits_on=False, activity_seconds=0.0)
    with Sandbox(cc_switches=switches) as sandbox:
        yield Shop(sandbox, tmp_path / "base", in_vault=request.param == "vault")


ADDRESSES = ["cc_api_url", "cc_auth_url", "kibo_home_url", "kibo_tenant_url"]
PATHS = {"cc_api_url": "/v3", "cc_auth_url": "/oauth2/default/v1"}


@pytest.mark.parametrize("way", ["variable", "setting"])
@pytest.mark.parametrize("key", ADDRESSES)
def test_a_changed_address_gets_no_secret(shop: Shop, evil: Recorder, key: str, way: str) -> None:
    secrets, variables, address = shop.secrets(), {}, evil.url + PATHS.get(key, "")
    if way == "variable":
        variables = {f"CCDESK_{key.upper()}": address}
    else:
        shop.store(key, address)
    shop.sandbox.cc.expire_tokens()  # so that a refresh is due as well
    with shop.open(**variables) as container:
        status = container.desk.status(live=True)
        runs = [container.desk.run(kind).status for kind in (RunKind.INBOUND, RunKind.EVENTS)]
        assert RunStatus.FAILED in runs
        with suppress(CcdeskError):
            container.desk.test_kibo({}, "")
    everything = b"\n".join(evil.heard)
    assert not [secret for secret in secrets if secret in everything]
    assert b"authorization" not in everything.lower()
    connection = status.constant_contact if key.startswith("cc_") else status.kibo
    assert connection.error is not None
    assert "Nothing was sent there" in connection.error.meaning
    if way == "variable":  # put right, everything is as it was
        with shop.open() as container:
            assert shop.states(container.desk.status(live=True)) == ["connected", "connected"]


def test_the_command_line_sends_none_either(shop: Shop, evil: Recorder) -> None:
    variables = {f"CCDESK_{key.upper()}": evil.url + PATHS.get(key, "") for key in ADDRESSES}
    command = [sys.executable, "-m", "ccdesk", "--base-dir", str(shop.paths.base), "status", "--json"]
    outside = {key: value for key, value in os.environ.items() if not key.startswith("CCDESK_")}
    environment = {**outside, **shop.environment, **variables}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode in (2, 3, 4)
    assert evil.heard == []


def test_another_api_key_is_sent_no_token(shop: Shop) -> None:
    mark = shop.sandbox.log.mark()
    with shop.open(CCDESK_CC_CLIENT_ID="somebody-elses-application") as container:
        assert container.desk.status(live=True).constant_contact.state is ConnectionState.LOGIN_NEEDED
    assert [one.path for one in shop.sandbox.log.all(since=mark) if one.service in ("cc", "auth")] == []


def test_a_home_that_names_a_foreign_host_gets_no_bearer_there(shop: Shop, evil: Recorder) -> None:
    """The home's answer is read with a good sign-in; what it says of the tenant's host is not believed."""
    body = json.dumps({"id": 1, "name": "Mystic", "domain": evil.host, "sites": []})
    shop.sandbox.faults.add(
        Fault("status", service="kibo", path="platform/tenants", times=9, status=200, body=body)
    )
    with shop.open() as container:
        error = container.desk.status(live=True).kibo.error
    assert evil.heard == []
    assert error is not None
    assert error.code == "kibo_other_host"


def test_entering_the_secret_and_logging_in_again_moves_them(shop: Shop, evil: Recorder) -> None:
    with shop.open() as container:
        told = container.desk.save_settings({"kibo_tenant_url": evil.url, "cc_api_url": evil.url})
        assert len(told.notes) == 2
        assert shop.states(container.desk.status(live=False)) == ["failed", "log-in needed"]
        again = container.desk.save_settings({}, kibo_secret=KIBO_SECRET)
        assert len(again.notes) == 1
        shop.log_in(container)
        container.desk.status(live=True)
    assert b"customer/accounts" in b"\n".join(evil.heard)
    assert b"account/summary" in b"\n".join(evil.heard)


def test_a_secret_typed_with_new_values_is_meant_for_them(shop: Shop) -> None:
    with shop.open() as container:
        here = container.desk.settings().kibo_home_url.replace("127.0.0.1", "localhost")
        with pytest.raises(CcdeskError) as refused:
            container.desk.test_kibo({"kibo_home_url": here}, "")
        assert refused.value.code == "kibo_other_address"
        assert container.desk.test_kibo({"kibo_home_url": here}, KIBO_SECRET).customers == 0


@pytest.mark.parametrize("way", ["variable", "setting"])
def test_a_login_and_a_secret_of_0_1_0_belong_to_what_was_stored_then(
    shop: Shop, evil: Recorder, way: str
) -> None:
    vault = shop.paths.base / "vault.json"
    kept = json.loads(vault.read_text())
    kept.pop("kibo_shared_secret_for", None)
    kept["cc_token_info"] = json.dumps({**json.loads(kept["cc_token_info"]), "for": None})
    vault.write_text(json.dumps(kept))
    with closing(sqlite3.connect(shop.paths.database)) as database, database:
        places = dict(database.execute("SELECT name, value FROM state WHERE name LIKE 'secrets.%'"))
        login = LoginPlace.of(resolve(dict(database.execute("SELECT key, value FROM setting")), {}))
        database.execute("DELETE FROM state WHERE name LIKE 'secrets.%'")
    assert LoginPlace.read(places["secrets.login_place"]) != login  # made anew, with nothing set
    with closing(peewee.SqliteDatabase(shop.paths.database)) as database:  # the update
        note_where_secrets_were_given(SqliteMigrator(database))
    stored = {key: shop.stored(key) for key in ADDRESSES}
    variables = {f"CCDESK_{key.upper()}": evil.url + PATHS.get(key, "") for key in ADDRESSES}
    if way == "setting":
        variables = {}
        for key in ADDRESSES:
            shop.store(key, evil.url + PATHS.get(key, ""))
    with shop.open(**variables) as container:
        assert shop.states(container.desk.status(live=True)) == ["failed", "log-in needed"]
    assert evil.heard == []
    for key, value in stored.items():
        shop.store(key, value)
    with shop.open() as container:
        assert shop.states(container.desk.status(live=True)) == ["connected", "connected"]


def test_a_logout_withdraws_no_token_elsewhere(shop: Shop, evil: Recorder) -> None:
    with shop.open(CCDESK_CC_AUTH_URL=evil.url) as container:
        container.desk.log_out()
    assert evil.heard == []
