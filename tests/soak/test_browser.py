"""A real browser at the login: headless Chromium, driven over WebDriver, between real ccdesk processes."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.soak.tools import free_ports, need, only_soak, until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key WebDriver gives an element's reference under
OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)  # fmt: skip


class Browser:
    """A Chromium with a profile of its own; only what a person at the pages needs."""

    def __init__(self, folder: Path) -> None:
        port = free_ports(1)[0]
        self._log = (folder / "driver.log").open("w")
        self._driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"], stdout=self._log, stderr=subprocess.STDOUT
        )
        self._base = f"http://127.0.0.1:{port}"
        self._http = requests.Session()
        self._http.trust_env = False
        until(self._ready)
        wanted = {"browserName": "chrome", "goog:chromeOptions": {"args": [*OPTIONS]}}
        wanted["goog:chromeOptions"]["args"].append(f"--user-data-dir={folder / 'profile'}")
        session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._base += f"/session/{session['sessionId']}"
        self._ask("POST", "/timeouts", {"implicit": 15_000})

    def _ready(self) -> bool:
        try:
            return bool(self._ask("GET", "/status")["ready"])
        except requests.ConnectionError:
            return False

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        reply = self._http.request(method, self._base + path, json=body, timeout=60)
        value = reply.json()["value"]
        assert reply.status_code == 200, value
        return value

    def go(self, url: str) -> None:
        self._ask("POST", "/url", {"url": url})

    def _find(self, selector: str) -> str:
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        return str(found[ELEMENT])

    def type(self, selector: str, text: str) -> None:
        element = self._find(selector)
        self._ask("POST", f"/element/{element}/clear", {})
        self._ask("POST", f"/element/{element}/value", {"text": text})

    def click(self, selector: str) -> None:
        self._ask("POST", f"/element/{self._find(selector)}/click", {})

    def sees(self, text: str) -> None:
        """Wait until a person sees this on the page."""
        seen = "return document.body ? document.body.innerText : ''"
        until(lambda: text in self.run(seen), seconds=15)

    def run(self, script: str) -> Any:
        return self._ask("POST", "/execute/sync", {"script": script, "args": []})

    def run_later(self, script: str) -> Any:
        """Run a script that calls `arguments[0]` when it is done."""
        return self._ask("POST", "/execute/async", {"script": script, "args": []})

    def new_tab(self) -> None:
        handle = self._ask("POST", "/window/new", {"type": "tab"})["handle"]
        self._ask("POST", "/window", {"handle": handle})

    def close(self) -> None:
        try:
            if "/session/" in self._base:
                self._ask("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.wait(20)
            self._http.close()
            self._log.close()


class Real:
    """A real sandbox process, and real commands on it."""

    def __init__(self, base: Path, environment: dict[str, str]) -> None:
        self.base, self.environment = base, environment
        self._started: list[subprocess.Popen[str]] = []
        self._sandbox = self.start("sandbox", "--customers", "3")
        assert self._sandbox.stdout is not None
        self.at = json.loads(self._sandbox.stdout.readline())
        keys = (
            "kibo_home_url",
            "kibo_tenant_id",
            "kibo_app_key",
            "cc_api_url",
            "cc_auth_url",
            "cc_client_id",
        )
        self.environment.update({f"CCDESK_{key.upper()}": self.at[key] for key in keys})

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "ccdesk", "--base-dir", str(self.base), *words]
        process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._started.append(process)
        return process

    def log_in(self, *more: str) -> tuple[subprocess.Popen[str], str]:
        """Start a login; return its process and the address to open."""
        process = self.start("login", "--no-browser", "--json", "--timeout", "60", *more)
        assert process.stderr is not None
        found = re.match(r"Open: (\S+)", process.stderr.readline())
        assert found is not None
        return process, found[1]

    def close(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.terminate()
            process.wait(20)
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Real]:
    need("chromium", "chromedriver")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CCDESK_")}
    running = Real(tmp_path / "base", {**environment, "CCDESK_VAULT": "file"})
    yield running
    running.close()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    need("chromium", "chromedriver")
    opened = Browser(tmp_path)
    yield opened
    opened.close()


def ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any], str]:
    out, error = process.communicate(timeout=30)
    return process.returncode, json.loads(out), error


def password(browser: Browser, text: str = "sandbox", user: str = "owner") -> None:
    browser.type("#username", user)
    browser.type("#password", text)
    browser.click("button.main")


def test_a_person_logs_in_refuses_and_changes_their_mind(real: Real, browser: Browser, say: Any) -> None:
    process, address = real.log_in()
    browser.go(address)
    browser.sees("Log in")
    password(browser, "wrong")
    browser.sees("The user name or the password is not right.")
    password(browser)
    browser.sees("Allow access?")
    browser.click("button[value=deny]")
    browser.sees("Not logged in")
    browser.sees("You can close this window")
    code, document, _ = ended(process)
    assert (code, document["error"]["code"]) == (3, "login_refused")

    process, address = real.log_in()
    browser.go(address)
    browser.click("button[value=allow]")  # the browser remembers who logged in
    browser.sees("Thank you")
    browser.sees("You can close this window and go back to ccdesk.")
    assert browser.run("return document.body.scrollWidth <= window.innerWidth")
    code, document, _ = ended(process)
    assert (code, document["user"] != "") == (0, True)
    status = real.start("status", "--json")
    out, _ = status.communicate(timeout=30)
    assert json.loads(out)["constant_contact"]["state"] == "connected"
    say("Browser: refused, wrong password and allowed in a real Chromium")


@only_soak
def test_two_logins_in_two_tabs_of_one_browser(real: Real, browser: Browser) -> None:
    first, one = real.log_in()
    second, other = real.log_in()
    browser.go(one)
    browser.new_tab()
    browser.go(other)
    password(browser)
    browser.click("button[value=allow]")
    browser.sees("Thank you")
    assert ended(second)[0] == 0
    browser.new_tab()
    browser.go(one)
    browser.click("button[value=allow]")
    browser.sees("Thank you")
    assert ended(first)[0] == 0


@only_soak
def test_a_page_from_elsewhere_can_neither_read_nor_end_the_login(real: Real, browser: Browser) -> None:
    process, address = real.log_in()
    port = re.search(r"localhost%3A(\d+)", address)
    assert port is not None
    here = f"http://localhost:{port[1]}/callback?code=forged&state=forged"
    browser.go(real.at["kibo_home_url"])  # any page of another origin
    for mode in ("cors", "no-cors"):
        read = browser.run_later(
            f"const done = arguments[0]; fetch('{here}', {{mode: '{mode}'}})"
            ".then(r => r.text()).then(t => done('read:' + t), e => done('refused'));"
        )
        assert read in ("refused", "read:"), read
    assert process.poll() is None
    browser.go(here)
    browser.sees("Not this login")
    browser.go(address)
    password(browser)
    browser.click("button[value=allow]")
    browser.sees("Thank you")
    assert ended(process)[0] == 0
