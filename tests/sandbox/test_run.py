"""The sandbox as a whole, over real HTTP: servers, connections, faults, and orders from outside."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import requests

from ccdesk.sandbox.kibo.state import KiboSwitches
from ccdesk.sandbox.run import Sandbox
from ccdesk.sandbox.wire.kernel import Fault, SandboxClock
from tests.sandbox.kibo.testing import ACCOUNTS, OAUTH

PATIENCE = 10


class Remote:
    """A running sandbox as another program sees it."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.sandbox, self.session = sandbox, session
        self.at = sandbox.addresses()
        session.headers.update(
            {"Authorization": f"Bearer {self.sign_in()}", "x-vol-tenant": self.at["kibo_tenant_id"]}
        )

    def sign_in(self) -> str:
        body = {
            "client_id": self.at["kibo_app_key"],
            "client_secret": self.at["kibo_shared_secret"],
            "grant_type": "client_credentials",
        }
        answer = self.session.post(self.at["kibo_home_url"] + OAUTH, json=body, timeout=PATIENCE)
        return str(answer.json()["access_token"])

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(self.at["kibo_tenant_url"] + path, params=query, timeout=PATIENCE)

    def order(self, path: str, method: str = "POST", /, **body: Any) -> Any:
        answer = self.ask(path, method, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask(self, path: str, method: str = "POST", /, **body: Any) -> requests.Response:
        url = f"{self.at['control_url']}/{path}"
        return self.session.request(method, url, json=body if method == "POST" else None, timeout=PATIENCE)


@pytest.fixture
def remote() -> Iterator[Remote]:
    with Sandbox() as sandbox, requests.Session() as session:
        yield Remote(sandbox, session)


class TestServing:
    def test_both_services_answer_at_their_addresses(self, remote: Remote) -> None:
        domain = remote.get(f"/api/platform/tenants/{remote.at['kibo_tenant_id']}").json()["domain"]
        assert f"http://{domain}" == remote.at["kibo_tenant_url"]
        assert remote.session.get(f"{remote.at['cc_api_url']}/contacts", timeout=PATIENCE).status_code == 401
        assert json.loads(json.dumps(remote.at)) == remote.at

    def test_connections_stay_open_and_carry_one_date(self, remote: Remote) -> None:
        remote.sandbox.clock.advance(timedelta(days=-400))
        connection = HTTPConnection(remote.at["kibo_home_url"].removeprefix("http://"), timeout=PATIENCE)
        try:
            connection.connect()
            socket = connection.sock
            for path in ("/api/nowhere", ACCOUNTS, "/_sandbox/state"):
                connection.request("POST", path, body=b"unread" * 1000)
                answer = connection.getresponse()
                answer.read()
                assert connection.sock is socket
                assert len(answer.headers.get_all("Date") or []) == 1
                shown = parsedate_to_datetime(answer.headers["Date"])
                assert abs(shown - remote.sandbox.clock.now()) < timedelta(seconds=30)
        finally:
            connection.close()

    def test_a_deletion_and_a_head_have_no_body(self, remote: Remote) -> None:
        number = remote.sandbox.kibo.add_customer("a@example.com")
        url = f"{remote.at['kibo_tenant_url']}{ACCOUNTS}/{number}"
        head = remote.session.head(url, timeout=PATIENCE)
        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["Content-Length"]) > 100
        gone = remote.session.delete(url, timeout=PATIENCE)
        assert (gone.status_code, gone.content) == (204, b"")
        assert remote.get(f"{ACCOUNTS}/{number}").status_code == 404

    def test_answers_to_many_at_once(self, remote: Remote) -> None:
        from concurrent.futures import ThreadPoolExecutor

        remote.order("seed", customers=300)

        def read(start: int) -> list[int]:
            url, headers = remote.at["kibo_tenant_url"] + ACCOUNTS, dict(remote.session.headers)
            query: dict[str, Any] = {"startIndex": start, "pageSize": 30, "sortBy": "id asc"}
            answer = requests.get(url, params=query, headers=headers, timeout=PATIENCE)
            return [one["id"] for one in answer.json()["items"]]

        with ThreadPoolExecutor(5) as pool:
            pages = list(pool.map(read, range(0, 300, 30)))
        assert [one for page in pages for one in page] == list(range(1001, 1301))

    def test_stops_and_comes_back_on_the_same_ports(self) -> None:
        sandbox = Sandbox()
        with pytest.raises(RuntimeError):
            sandbox.addresses()
        sandbox.start()
        before = sandbox.addresses()
        with pytest.raises(RuntimeError):
            sandbox.start()
        sandbox.stop()
        with pytest.raises(requests.ConnectionError):
            requests.get(before["control_url"], timeout=PATIENCE)
        with sandbox:
            assert sandbox.addresses() == before
            assert requests.get(f"{before['control_url']}/state", timeout=PATIENCE).ok
        sandbox.stop()

    def test_a_port_in_use_is_named_and_leaves_nothing_running(self, remote: Remote) -> None:
        port = int(remote.at["kibo_home_url"].rpartition(":")[2])
        second = Sandbox(port=port)
        with pytest.raises(OSError, match=str(port)):
            second.start()
        with pytest.raises(RuntimeError):
            second.addresses()

    def test_takes_clock_and_switches(self) -> None:
        clock = SandboxClock()
        sandbox = Sandbox(clock=clock, kibo_switches=KiboSwitches(put_mode="merge"))
        assert sandbox.kibo.clock is sandbox.cc.clock is clock
        assert sandbox.kibo.switches.put_mode == "merge"


class TestFaults:
    def test_a_cut_before_and_after_the_act(self, remote: Remote) -> None:
        kibo, faults = remote.sandbox.kibo, remote.sandbox.faults
        url = remote.at["kibo_tenant_url"] + ACCOUNTS
        for kind, made in (("drop_before", 0), ("drop_after", 1)):
            faults.add(Fault(kind, service="kibo", method="POST"))  # type: ignore[arg-type]
            with pytest.raises(requests.ConnectionError):
                remote.session.post(url, json={"emailAddress": "a@example.com"}, timeout=PATIENCE)
            assert kibo.count() == made
        assert [row.status for row in remote.sandbox.log.all(path="accounts", method="POST")] == [0, 0]
        assert remote.get(ACCOUNTS).status_code == 200

    def test_a_page_of_html_instead_of_an_answer(self, remote: Remote) -> None:
        remote.order(
            "fault", kind="status", status=502, body="<html>Bad gateway</html>", content_type="text/html"
        )
        answer = remote.get(ACCOUNTS)
        assert (answer.status_code, answer.text) == (502, "<html>Bad gateway</html>")
        assert remote.get(ACCOUNTS).status_code == 200

    def test_each_service_can_be_far_away(self, remote: Remote) -> None:
        remote.order("switches/kibo", answer_seconds=0.3)
        began = time.monotonic()
        assert remote.get(ACCOUNTS).status_code == 200
        assert time.monotonic() - began >= 0.3
        began = time.monotonic()
        remote.session.get(f"{remote.at['cc_api_url']}/contact_lists", timeout=PATIENCE)
        assert remote.order("state", "GET")["received"] >= 2
        assert time.monotonic() - began < 0.3

    def test_waiting_faults_can_be_forgotten(self, remote: Remote) -> None:
        remote.order("fault", kind="garbage", body="{", times=99)
        assert remote.get(ACCOUNTS).text == "{"
        remote.order("fault", "DELETE")
        assert remote.get(ACCOUNTS).json()["items"] == []


class TestOrders:
    def test_people_act_on_both_sides(self, remote: Remote) -> None:
        number = remote.order("kibo/add_customer", email="a@example.com", accepts_marketing=False)
        assert remote.order("kibo/opt_in", id=number) is None
        assert remote.order("kibo/customer", customer_id=number)["acceptsMarketing"] is True
        remote.order("kibo/change_address", id=number, address1="1 Main St")
        assert remote.order("kibo/count") == 1
        lists = remote.order("cc/add_list", name="Newsletter")
        remote.order("cc/add_contact", email="a@example.com", lists=[lists])
        assert remote.order("cc/members", list_id=lists) == ["a@example.com"]
        remote.order("cc/unsubscribe", email="a@example.com")
        assert remote.order("cc/contact", email_or_id="a@example.com")["email_address"][
            "permission_to_send"
        ] == ("unsubscribed")
        assert remote.order("outbox", "GET") == []

    def test_many_act_in_turn_until_one_cannot(self, remote: Remote) -> None:
        ids = [remote.order("kibo/add_customer", email=f"{n}@example.com") for n in range(3)]
        acts = [{"service": "kibo", "act": "opt_out", "id": one} for one in ids]
        assert remote.order("acts", acts=acts) == {"done": 3}
        wrong = [
            {"service": "kibo", "act": "opt_in", "id": ids[0]},
            {"service": "cc", "act": "unsubscribe", "email": "nobody@example.com"},
            {"service": "kibo", "act": "opt_in", "id": ids[1]},
        ]
        answer = remote.ask("acts", acts=wrong)
        assert answer.status_code == 400
        assert answer.json()["error"].startswith("act 2: No contact nobody@example.com")
        shown = [remote.order("kibo/customer", customer_id=one)["acceptsMarketing"] for one in ids]
        assert shown == [True, False, False]

    def test_what_was_received_is_told_without_the_orders(self, remote: Remote) -> None:
        mark = remote.order("state", "GET")["received"]
        remote.get(ACCOUNTS, pageSize=7)
        remote.order("kibo/count")
        (row,) = remote.order(f"received?since={mark}", "GET")
        assert (row["service"], row["path"], row["query"], row["status"]) == (
            "kibo",
            ACCOUNTS,
            {"pageSize": ["7"]},
            200,
        )

    def test_calls_are_counted_whatever_their_ids(self, remote: Remote) -> None:
        mark = remote.order("state", "GET")["received"]
        for number in (1001, 1002):
            remote.get(f"{ACCOUNTS}/{number}")
        remote.get(ACCOUNTS)
        assert remote.order(f"calls?since={mark}", "GET") == {
            f"kibo GET {ACCOUNTS}/…": 2,
            f"kibo GET {ACCOUNTS}": 1,
        }

    def test_a_large_body_is_shown_as_it_came(self, remote: Remote) -> None:
        mark = remote.order("state", "GET")["received"]
        sent = {"import_data": [{"email": f"zoë{n}@example.com"} for n in range(5000)], "list_ids": []}
        url = f"{remote.at['cc_api_url']}/activities/contacts_json_import"
        remote.session.post(url, json=sent, timeout=PATIENCE)
        (row,) = remote.sandbox.log.all(since=mark)
        assert row.body == sent
        assert len(row.raw) < len(row.sent) / 4
        assert remote.order(f"received?since={mark}", "GET")[0]["body"] == sent

    def test_the_state_counts(self, remote: Remote) -> None:
        report = remote.order("seed", customers=100, seed=3)
        state = remote.order("state", "GET")
        assert state["kibo"] == {"customers": 100, "opted_in": report["opted_in"], "events": 0}
        assert set(state["cc"]["lists"]) == {"General Interest", "Newsletter"}

    def test_switches_and_clock(self, remote: Remote) -> None:
        assert remote.order("switches/kibo", app_status="off")["app_status"] == "off"
        assert remote.order("switches/cc", token_lifetime=60)["token_lifetime"] == 60
        before = remote.sandbox.clock.now()
        told = remote.order("clock", advance_seconds=3600.5)["now"]
        assert datetime.fromisoformat(told) - before >= timedelta(seconds=3600)

    @pytest.mark.parametrize(("path", "body", "named"), [
        ("kibo/dance", {}, "dance"),
        ("shopify/opt_in", {}, "shopify"),
        ("kibo/opt_in", {}, "customer_id"),
        ("kibo/opt_in", {"id": 5}, "No customer 5"),
        ("kibo/opt_in", {"id": "5"}, "customer_id"),
        ("kibo/add_customer", {"email": 5}, "email"),
        ("kibo/add_customer", {"email": "a@example.com", "shoe_size": 44}, "shoe_size"),
        ("kibo/add_customer", {"email": None, "contacts": [{"address": 1}]}, "address"),
        ("cc/unsubscribe", {"email": "nobody@example.com"}, "nobody@example.com"),
        ("switches/kibo", {"shoe_size": 44}, "shoe_size"),
        ("switches/cc", {"shoe_size": 44}, "shoe_size (there are list_change_moves_updated_at, "),
        ("switches/cc", {"shuffle": "perhaps"}, "switch shuffle cannot be 'perhaps': it is true or false"),
        ("switches/cc", {"revoke": "maybe"}, 'it is one of "works", "refuses", "missing", "hangs"'),
        ("switches/kibo", {"retry_after": 60}, "it is a text or null"),
        ("switches/shopify", {}, "shopify"),
        ("fault", {"kind": "html"}, "'kind' cannot be 'html': it is one of \"status\", \"drop_before\""),
        ("fault", {}, "kind: one of \"status\""),
        ("fault", {"kind": "status", "status": "503"}, "'status' cannot be '503': it is a whole number"),
        ("fault", {"kind": "status", "path": "("}, "path"),
        ("fault", {"kind": "status", "colour": "red"}, "times: a whole number; skip: a whole number"),
        ("clock", {"advance_seconds": "soon"}, "advance_seconds"),
        ("clock", {"advance_seconds": 1e300}, "advance_seconds"),
        ("clock", {"advance_seconds": 1e12}, "advance_seconds"),
        ("seed", {}, "customers"),
        ("seed", {"customers": -1}, "-1"),
        ("nonsense", {}, "nonsense"),
    ])  # fmt: skip
    def test_what_is_wrong_is_named(
        self, remote: Remote, path: str, body: dict[str, Any], named: str
    ) -> None:
        answer = remote.ask(path, **body)
        assert answer.status_code == 400
        assert named in answer.json()["error"]

    def test_so_is_what_is_no_order_at_all(self, remote: Remote) -> None:
        for method, path, data in (
            ("GET", "received?since=x", b""),
            ("GET", "fault", b""),
            ("POST", "seed", b"{"),
            ("POST", "seed", b"[]"),
        ):
            url = f"{remote.at['control_url']}/{path}"
            headers = {"Content-Type": "application/json"}
            answer = remote.session.request(method, url, data=data, headers=headers, timeout=PATIENCE)
            assert answer.status_code == 400
            assert answer.json()["error"]


class TestWebPages:
    """A page open in the browser of whoever runs the sandbox must not act in it, nor read it."""

    @pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
    @pytest.mark.parametrize(("headers", "status"), [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:8080"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "localhost.evil.example"}, 403),
        ({"Host": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=application/json"}, 415),
        ({"Content-Type": "text/plain; application/json"}, 415),
        ({"Content-Type": ""}, 415),
    ])  # fmt: skip
    def test_gives_no_orders(self, remote: Remote, method: str, headers: dict[str, str], status: int) -> None:
        if method != "POST" and "Content-Type" in headers:
            pytest.skip("nothing is sent with it")
        number = remote.sandbox.kibo.add_customer("a@example.com", True)
        remote.sandbox.faults.add(Fault("delay", path="nothing"))
        path = {"POST": "kibo/opt_out", "GET": "outbox", "DELETE": "fault"}[method]
        body = json.dumps({"id": number}) if method == "POST" else None
        answer = requests.request(
            method,
            f"{remote.at['control_url']}/{path}",
            data=body,
            headers={"Content-Type": "application/json", **headers},
            timeout=PATIENCE,
        )
        assert answer.status_code == status
        assert answer.json()["error"]
        assert remote.sandbox.kibo.customer(number)["acceptsMarketing"] is True
        assert remote.sandbox.faults.take("kibo", "GET", "/nothing") is not None

    @pytest.mark.parametrize("headers", [
        {"Content-Type": "application/json"},
        {"Content-Type": "application/json; charset=utf-8"},
        {"Content-Type": "Application/JSON"},
        {"Content-Type": "application/json", "Host": "localhost"},
        {"Content-Type": "application/json", "Host": "[::1]:80"},
        {"Content-Type": "application/json", "Sec-Fetch-Site": "none"},
    ])  # fmt: skip
    def test_programs_still_do(self, remote: Remote, headers: dict[str, str]) -> None:
        number = remote.sandbox.kibo.add_customer("a@example.com", True)
        url = f"{remote.at['control_url']}/kibo/opt_out"
        answer = requests.post(url, data=json.dumps({"id": number}), headers=headers, timeout=PATIENCE)
        assert answer.status_code == 200
        assert remote.sandbox.kibo.customer(number)["acceptsMarketing"] is False


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without a signal it could hear")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_told_to_stop(number: signal.Signals) -> None:
    code = "from ccdesk.sandbox.run import serve_forever; serve_forever(0, 30, 1)"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        addresses = json.loads(process.stdout.readline())
        state = requests.get(f"{addresses['control_url']}/state", timeout=PATIENCE).json()
        assert state["kibo"]["customers"] == 30
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
        assert (process.stdout.read(), process.stderr.read()) == ("", "")


def test_the_two_services_clocks_may_differ() -> None:
    with Sandbox(kibo_ahead=timedelta(minutes=10)) as sandbox:
        sandbox.clock.freeze(datetime(2026, 3, 1, 12, tzinfo=UTC))
        dates = []
        for name in ("kibo_home_url", "cc_api_url"):
            answer = requests.get(sandbox.addresses()[name] + "/nowhere", timeout=PATIENCE)
            dates.append(parsedate_to_datetime(answer.headers["Date"]))
        assert dates[0] - dates[1] == timedelta(minutes=10)
        sandbox.clock.advance(timedelta(hours=1))
        assert sandbox.kibo.clock.now() == datetime(2026, 3, 1, 13, 10, tzinfo=UTC)
