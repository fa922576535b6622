import json
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import requests
import responses

from ccdesk.auth.oauth import TokenReply
from ccdesk.auth.token_store import ACCESS, INFO, REFRESH
from ccdesk.core.errors import LoginNeeded, Unreachable, VaultError
from tests.auth.helpers import NOON, TOKEN, MemoryVault, StillClock, reply, tokens


@pytest.fixture
def vault() -> MemoryVault:
    return MemoryVault()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


def log_in(folder: Path, vault: MemoryVault, clock: StillClock, lifetime: int = 86400) -> None:
    tokens(folder, vault, clock).store(TokenReply("access-0", "refresh-0", lifetime))


def test_nobody_is_logged_in_at_first(tmp_path: Path, vault: MemoryVault, clock: StillClock) -> None:
    source = tokens(tmp_path, vault, clock)
    assert not source.logged_in()
    assert source.expires_at is source.obtained_at is source.ends_at is source.logged_in_at is None
    with pytest.raises(LoginNeeded):
        source.bearer()
    with pytest.raises(LoginNeeded):
        source.renew("x")


def test_a_login_is_kept_for_others(tmp_path: Path, vault: MemoryVault, clock: StillClock) -> None:
    log_in(tmp_path, vault, clock)
    source = tokens(tmp_path, vault, clock)
    assert source.logged_in()
    assert source.bearer() == "access-0"
    assert source.expires_at == NOON + timedelta(days=1)
    assert source.ends_at == NOON + timedelta(days=180)
    assert source.logged_in_at == source.obtained_at == NOON
    reads = vault.reads
    for _ in range(5):
        source.bearer()
    assert vault.reads == reads


@pytest.mark.parametrize(
    ("lifetime", "fresh_for"), [(86400, 86400 - 300), (600, 300), (599, 299), (10, 5), (1, 0)]
)
@responses.activate
def test_renewed_five_minutes_early_or_at_half_of_a_short_life(
    tmp_path: Path, vault: MemoryVault, clock: StillClock, lifetime: int, fresh_for: int
) -> None:
    responses.post(TOKEN, json=reply(1))
    log_in(tmp_path, vault, clock, lifetime)
    source = tokens(tmp_path, vault, clock)
    clock.advance(seconds=fresh_for - 1)
    if fresh_for:
        assert source.bearer() == "access-0"
    clock.advance(seconds=2)
    assert source.bearer() == "access-1"
    assert vault.values[REFRESH] == "refresh-1"
    assert len(responses.calls) == 1


@responses.activate
def test_the_new_refresh_token_is_saved_before_anything_else(
    tmp_path: Path, vault: MemoryVault, clock: StillClock
) -> None:
    responses.post(TOKEN, json=reply(1))
    log_in(tmp_path, vault, clock)
    vault.log.clear()
    assert tokens(tmp_path, vault, clock).renew("access-0") == "access-1"
    assert vault.log == [REFRESH, ACCESS, INFO]


@responses.activate
def test_a_crash_after_saving_the_refresh_token_loses_nothing(
    tmp_path: Path, vault: MemoryVault, clock: StillClock
) -> None:
    responses.post(TOKEN, json=reply(1))
    responses.post(TOKEN, json=reply(2))
    log_in(tmp_path, vault, clock)
    vault.full_at = ACCESS
    clock.advance(days=2)
    with pytest.raises(VaultError):
        tokens(tmp_path, vault, clock).bearer()
    vault.full_at = ""
    assert tokens(tmp_path, vault, clock).bearer() == "access-2"
    assert "refresh_token=refresh-1" in str(responses.calls[1].request.body)


@responses.activate
def test_a_reply_without_a_refresh_token_keeps_the_old_one(
    tmp_path: Path, vault: MemoryVault, clock: StillClock
) -> None:
    body = reply(1)
    del body["refresh_token"]
    responses.post(TOKEN, json=body)
    log_in(tmp_path, vault, clock)
    assert tokens(tmp_path, vault, clock).renew("access-0") == "access-1"
    assert vault.values[REFRESH] == "refresh-0"
    assert tokens(tmp_path, vault, clock).logged_in_at == NOON


@responses.activate
def test_a_token_is_not_renewed_for_two(tmp_path: Path, vault: MemoryVault, clock: StillClock) -> None:
    responses.post(TOKEN, json=reply(1))
    log_in(tmp_path, vault, clock)
    one, other = tokens(tmp_path, vault, clock), tokens(tmp_path, vault, clock)
    assert one.bearer() == other.bearer() == "access-0"
    assert one.renew("access-0") == "access-1"
    assert other.renew("access-0") == "access-1"
    assert other.bearer() == "access-1"
    assert len(responses.calls) == 1


@responses.activate
def test_many_threads_renew_once(tmp_path: Path, vault: MemoryVault, clock: StillClock) -> None:
    responses.post(TOKEN, json=reply(1))
    log_in(tmp_path, vault, clock)
    clock.advance(days=1)
    sources = [tokens(tmp_path, vault, clock) for _ in range(2)]
    got: list[str] = []
    threads = [threading.Thread(target=lambda n=n: got.append(sources[n % 2].bearer())) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == ["access-1"] * 8
    assert len(responses.calls) == 1


@responses.activate
def test_a_dead_refresh_token_asks_for_a_login_once_and_for_all(
    tmp_path: Path, vault: MemoryVault, clock: StillClock
) -> None:
    responses.post(TOKEN, status=400, json={"error": "invalid_grant"})
    log_in(tmp_path, vault, clock)
    source, other = tokens(tmp_path, vault, clock), tokens(tmp_path, vault, clock)
    assert other.bearer() == "access-0"
    for _ in range(3):
        with pytest.raises(LoginNeeded):
            source.renew("access-0")
    with pytest.raises(LoginNeeded):
        other.bearer()
    assert len(responses.calls) == 1
    assert not source.logged_in()
    log_in(tmp_path, vault, clock)
    assert source.bearer() == other.bearer() == "access-0"


@responses.activate
def test_on_invalid_grant_the_vault_is_read_once_more(
    tmp_path: Path, vault: MemoryVault, clock: StillClock
) -> None:
    log_in(tmp_path, vault, clock)

    def refuse(request: object) -> tuple[int, dict[str, str], str]:
        vault.values[REFRESH] = "refresh-from-elsewhere"
        return 400, {}, '{"error":"invalid_grant"}'

    responses.add_callback("POST", TOKEN, callback=refuse)
    source = tokens(tmp_path, vault, clock)
    with pytest.raises(LoginNeeded):
        source.renew("access-0")
    assert [c.request.body.split("refresh_token=")[1].split("&")[0] for c in responses.calls] == [
        "refresh-0",
        "refresh-from-elsewhere",
    ]


@responses.activate
def test_passing_trouble_keeps_the_old_tokens(tmp_path: Path, vault: MemoryVault, clock: StillClock) -> None:
    responses.post(TOKEN, status=503)
    log_in(tmp_path, vault, clock)
    source = tokens(tmp_path, vault, clock)
    clock.advance(seconds=86400 - 200)
    assert source.bearer() == "access-0"  # early by five minutes, and still good
    clock.advance(seconds=300)
    with pytest.raises(Unreachable):
        source.bearer()
    assert source.logged_in()
    assert vault.values[REFRESH] == "refresh-0"


@responses.activate
def test_a_clock_set_back_does_not_make_a_token_young(
    tmp_path: Path, vault: MemoryVault, clock: StillClock
) -> None:
    responses.post(TOKEN, json=reply(1))
    log_in(tmp_path, vault, clock)
    clock.advance(days=-3)
    assert tokens(tmp_path, vault, clock).bearer() == "access-1"


@pytest.mark.parametrize("info", ["", "{", "[]", '{"lifetime":"x"}', '{"lifetime":1e300}', "7"])
@responses.activate
def test_unreadable_times_lead_to_a_refresh(
    tmp_path: Path, vault: MemoryVault, clock: StillClock, info: str
) -> None:
    responses.post(TOKEN, json=reply(1))
    log_in(tmp_path, vault, clock)
    vault.values[INFO] = info
    (tmp_path / "login.stamp").unlink()
    assert tokens(tmp_path, vault, clock).bearer() == "access-1"


@pytest.mark.parametrize("lifetime", [10**12, 10**30])
def test_an_absurd_lifetime_is_no_crash(
    tmp_path: Path, vault: MemoryVault, clock: StillClock, lifetime: int
) -> None:
    log_in(tmp_path, vault, clock)
    info = json.loads(vault.values[INFO])
    vault.values[INFO] = json.dumps({**info, "lifetime": lifetime})
    source = tokens(tmp_path, vault, clock)
    assert source.bearer() == "access-0"
    assert source.expires_at is not None


@responses.activate
def test_a_refresh_token_is_not_spent_while_the_keyring_is_locked(
    tmp_path: Path, vault: MemoryVault, clock: StillClock
) -> None:
    responses.post(TOKEN, json=reply(1))
    log_in(tmp_path, vault, clock)
    source = tokens(tmp_path, vault, clock)
    assert source.bearer() == "access-0"
    vault.broken = True
    clock.advance(seconds=86400 - 200)
    assert source.bearer() == "access-0"  # early by five minutes, and still good
    clock.advance(seconds=300)
    with pytest.raises(VaultError):
        source.bearer()
    assert len(responses.calls) == 0
    vault.broken = False
    assert source.bearer() == "access-1"


@pytest.mark.parametrize("full_at", [REFRESH, ACCESS, INFO])
@responses.activate
def test_a_new_token_that_could_not_be_kept_is_kept_as_soon_as_it_can_be(
    tmp_path: Path, vault: MemoryVault, clock: StillClock, full_at: str
) -> None:
    responses.post(TOKEN, json=reply(1))
    log_in(tmp_path, vault, clock)
    source = tokens(tmp_path, vault, clock)
    vault.full_at = full_at
    for _ in range(2):
        with pytest.raises(VaultError):
            source.renew("access-0")
    vault.full_at = ""
    clock.advance(seconds=60)
    assert source.renew("access-0") == "access-1"
    assert len(responses.calls) == 1
    assert vault.values[REFRESH] == "refresh-1"
    assert source.obtained_at == NOON
    assert tokens(tmp_path, vault, clock).bearer() == "access-1"


@responses.activate
def test_what_could_not_be_kept_does_not_come_back_after_a_logout_or_a_new_login(
    tmp_path: Path, vault: MemoryVault, clock: StillClock
) -> None:
    responses.post(TOKEN, json=reply(1))
    for after in (lambda: tokens(tmp_path, vault, clock).forget(), lambda: log_in(tmp_path, vault, clock)):
        log_in(tmp_path, vault, clock)
        source = tokens(tmp_path, vault, clock)
        vault.full_at = REFRESH
        with pytest.raises(VaultError):
            source.renew("access-0")
        vault.full_at = ""
        after()
        try:
            assert source.renew("other") == "access-0"
        except LoginNeeded:
            assert vault.values == {}


@responses.activate
def test_what_is_forgotten_can_be_taken_back_by_the_service(
    tmp_path: Path, vault: MemoryVault, clock: StillClock
) -> None:
    log_in(tmp_path, vault, clock)
    assert tokens(tmp_path, vault, clock).forget().tokens == ("refresh-0", "access-0")
    assert tokens(tmp_path, vault, clock).forget().tokens == ()

    log_in(tmp_path, vault, clock)
    source = tokens(tmp_path, vault, clock)
    source.bearer()
    vault.broken = True
    assert source.forget().tokens == ("refresh-0", "access-0")  # from memory
    vault.broken = False

    responses.post(TOKEN, json=reply(1))
    log_in(tmp_path, vault, clock)
    source = tokens(tmp_path, vault, clock)
    vault.full_at = REFRESH
    with pytest.raises(VaultError):
        source.renew("access-0")
    assert source.forget().tokens == ("refresh-1", "access-1")  # newer than what is kept
    assert "refresh" not in repr(source.forget())


@responses.activate
def test_a_renewal_uses_the_token_that_is_kept_not_the_one_remembered(
    tmp_path: Path, vault: MemoryVault, clock: StillClock
) -> None:
    """Another process died after keeping a new refresh token: the old one sent again would end the login."""
    responses.post(TOKEN, json=reply(2))
    log_in(tmp_path, vault, clock)
    source = tokens(tmp_path, vault, clock)
    source.bearer()
    vault.values[REFRESH] = "refresh-1"
    assert source.renew("access-0") == "access-2"
    assert "refresh_token=refresh-1" in str(responses.calls[0].request.body)


@responses.activate
def test_an_answer_lost_leads_to_one_clear_login_and_no_loop(
    tmp_path: Path, vault: MemoryVault, clock: StillClock
) -> None:
    responses.post(TOKEN, body=requests.ConnectionError("cut after the effect"))
    responses.post(TOKEN, status=400, json={"error": "invalid_grant"})
    log_in(tmp_path, vault, clock)
    source = tokens(tmp_path, vault, clock)
    with pytest.raises(Unreachable):
        source.renew("access-0")
    for _ in range(5):
        with pytest.raises(LoginNeeded, match="Log in"):
            source.renew("access-0")
        with pytest.raises(LoginNeeded):
            tokens(tmp_path, vault, clock).bearer()
    assert len(responses.calls) == 2


def test_logging_out_forgets_everything_everywhere(
    tmp_path: Path, vault: MemoryVault, clock: StillClock
) -> None:
    log_in(tmp_path, vault, clock)
    source, other = tokens(tmp_path, vault, clock), tokens(tmp_path, vault, clock)
    other.bearer()
    assert source.forget().problems == []
    assert vault.values == {}
    for one in (source, other):
        assert not one.logged_in()
        with pytest.raises(LoginNeeded):
            one.bearer()


def test_logging_out_holds_even_if_the_keyring_does_not(
    tmp_path: Path, vault: MemoryVault, clock: StillClock
) -> None:
    log_in(tmp_path, vault, clock)
    vault.broken = True
    problems = tokens(tmp_path, vault, clock).forget().problems
    assert len(problems) == 3
    assert "broken" in problems[0]
    vault.broken = False
    assert vault.values[ACCESS] == "access-0"
    assert not tokens(tmp_path, vault, clock).logged_in()


def test_a_new_login_leaves_nothing_of_the_old_account(
    tmp_path: Path, vault: MemoryVault, clock: StillClock
) -> None:
    log_in(tmp_path, vault, clock)
    vault.full_at = ACCESS
    with pytest.raises(VaultError):
        tokens(tmp_path, vault, clock).store(TokenReply("access-9", "refresh-9", 60))
    assert vault.values.get(ACCESS, "") == ""
    assert vault.values[REFRESH] == "refresh-9"
    assert not tokens(tmp_path, vault, clock).logged_in()  # as its failure said


def test_no_secret_is_in_what_is_kept_in_the_open(
    tmp_path: Path, vault: MemoryVault, clock: StillClock
) -> None:
    log_in(tmp_path, vault, clock)
    open_text = "".join(path.read_text() for path in tmp_path.iterdir())
    assert "access-0" not in open_text
    assert "refresh-0" not in open_text
    assert set(json.loads(vault.values[INFO])) == {"for", "obtained_at", "lifetime", "logged_in_at"}


HOLDER = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_another_process_that_renews_is_waited_for_but_not_for_ever(
    tmp_path: Path, vault: MemoryVault, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccdesk.auth.tokens._LOCK_SECONDS", 0.05)
    log_in(tmp_path, vault, clock)
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "login.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        source = tokens(tmp_path, vault, clock)
        with pytest.raises(Unreachable, match="Another ccdesk"):
            source.renew("access-0")
        assert source.forget().problems == []
        holder.stdin.write("\n")
