import concurrent.futures
import contextlib
import json
import multiprocessing
import os
import stat
import threading
from collections.abc import Sequence
from pathlib import Path

import keyring.backends.fail
import keyring.backends.null
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from keyring.errors import KeyringLocked, PasswordDeleteError, PasswordSetError

from ccdesk.auth import keyring_vault
from ccdesk.auth import vault as vault_module
from ccdesk.auth.keyring_vault import ENTRY_CHARACTERS, KeyringVault, service_name
from ccdesk.auth.vault import FileVault, open_vault
from ccdesk.auth.windows_rights import make_private
from ccdesk.core import files
from ccdesk.core.errors import Remedy, SettingsError, VaultError
from tests.stand_ins import but


class Ring:
    """A keyring in memory that refuses long entries, and can fail after some writes."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.writes_left = 10**9
        self.refusal: Exception = KeyringLocked("locked")

    def get_password(self, service: str, name: str) -> str | None:
        return self.entries.get((service, name))

    def set_password(self, service: str, name: str, value: str) -> None:
        if self.writes_left <= 0:
            raise self.refusal
        assert len(value.encode("utf-16-le", "surrogatepass")) <= 2560  # what Windows' store takes
        self.writes_left -= 1
        self.entries[service, name] = value

    def delete_password(self, service: str, name: str) -> None:
        if (service, name) not in self.entries:
            raise PasswordDeleteError("none")
        del self.entries[service, name]


# ---------------------------------------------------------------- which one


def test_the_choice_is_open_and_nothing_else_is_taken(tmp_path: Path) -> None:
    assert isinstance(open_vault(tmp_path, {}), KeyringVault)
    assert isinstance(open_vault(tmp_path, {"CCDESK_VAULT": "keyring"}), KeyringVault)
    assert isinstance(open_vault(tmp_path, {"CCDESK_VAULT": "File"}), FileVault)
    with pytest.raises(SettingsError):
        open_vault(tmp_path, {"CCDESK_VAULT": "plain"})


@pytest.mark.parametrize("backend", [keyring.backends.fail.Keyring(), keyring.backends.null.Keyring()])
def test_no_keyring_is_said_and_nothing_takes_its_place(tmp_path: Path, backend: object) -> None:
    vault = KeyringVault("ccdesk:x", backend=backend)  # type: ignore[arg-type]
    for work in (lambda: vault.get("a"), lambda: vault.set("a", "b"), lambda: vault.delete("a")):
        with pytest.raises(VaultError, match="no keyring") as refused:
            work()
        assert refused.value.remedy is Remedy.SECRETS_IN_FILE
    assert list(tmp_path.iterdir()) == []


def test_base_dirs_do_not_mix(tmp_path: Path) -> None:
    assert service_name(tmp_path / "a") != service_name(tmp_path / "b")
    assert service_name(tmp_path / "a") == service_name(tmp_path / "b" / ".." / "a")


# ---------------------------------------------------------------- keyring


@given(st.lists(st.text(max_size=40).map(lambda t: t * 60) | st.text(max_size=30), min_size=1, max_size=4))
def test_values_of_any_length_come_back(values: list[str]) -> None:
    ring = Ring()
    vault = KeyringVault("s", backend=ring)
    for value in values:
        vault.set("a", value)
        assert vault.get("a") == value
    vault.delete("a")
    vault.delete("a")
    assert vault.get("a") == ""
    assert ring.entries == {}


@pytest.fixture
def _asked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask a keyring that refuses as often as ever, with hardly a pause between."""
    monkeypatch.setattr(keyring_vault, "_HICCUPS", tuple(one / 100 for one in keyring_vault._HICCUPS))


@pytest.mark.usefixtures("_asked_again_at_once")
@pytest.mark.parametrize("former", ["", "short", "x" * 2500])
@pytest.mark.parametrize("new", ["y" * 10, "y" * ENTRY_CHARACTERS, "y" * 3500])
@pytest.mark.parametrize("refusal", [KeyringLocked("locked"), PasswordSetError("full"), OSError(28, "full")])
def test_a_keyring_that_ends_halfway_never_mixes(former: str, new: str, refusal: Exception) -> None:
    for writes in range(6):
        ring = Ring()
        ring.refusal = refusal
        vault = KeyringVault("s", backend=ring)
        vault.set("a", former)
        ring.writes_left = writes
        try:
            vault.set("a", new)
            done = True
        except VaultError:
            done = False
        assert KeyringVault("s", backend=ring).get("a") == (new if done else former)


@pytest.mark.parametrize("writes", range(9))
@pytest.mark.parametrize("crash", [False, True])
def test_no_piece_of_a_secret_stays_behind(writes: int, crash: bool) -> None:
    ring = Ring()
    vault = KeyringVault("s", backend=ring)
    vault.set("a", "x" * 2500)
    ring.writes_left = writes
    if crash:  # nothing is tidied up: the power went
        vault._sweep = lambda *_: None  # type: ignore[method-assign]
    with contextlib.suppress(VaultError):
        vault.set("a", "y" * 6500)
    ring.writes_left = 10**9
    kept = KeyringVault("s", backend=ring).get("a")
    if not crash:
        assert len(ring.entries) == 1 + -(-len(kept) // ENTRY_CHARACTERS)
    again = KeyringVault("s", backend=ring)
    again.set("a", "z" * 1500)
    assert len(ring.entries) == 3
    assert again.get("a") == "z" * 1500
    again.delete("a")
    assert ring.entries == {}


def test_a_value_replaced_while_it_is_read_is_read_again() -> None:
    ring = Ring()
    writer = KeyringVault("s", backend=ring)
    writer.set("a", "x" * 2500)

    class Overtaken(Ring):
        """Has another process write between the first entry and its parts."""

        left = 1

        def get_password(self, service: str, name: str) -> str | None:
            found = ring.get_password(service, name)
            if self.left and name == "a":
                self.left -= 1
                writer.set("a", "y" * 2500)
            return found

    assert KeyringVault("s", backend=Overtaken()).get("a") == "y" * 2500


def test_a_part_not_seen_for_a_moment_is_read_again() -> None:
    class Blinking(Ring):
        hidden = 2

        def get_password(self, service: str, name: str) -> str | None:
            if self.hidden and name.endswith(".2"):
                self.hidden -= 1
                return None
            return super().get_password(service, name)

    vault = KeyringVault("s", backend=Blinking())
    vault.set("a", "x" * 2500)
    vault._given.hidden = 2  # type: ignore[union-attr]
    assert vault.get("a") == "x" * 2500


def test_a_value_that_looks_like_our_own_bookkeeping_survives() -> None:
    vault = KeyringVault("s", backend=Ring())
    vault.set("a", "ccdesk-parts:0:0:0")
    assert vault.get("a") == "ccdesk-parts:0:0:0"


def test_parts_that_went_missing_count_as_no_secret() -> None:
    ring = Ring()
    vault = KeyringVault("s", backend=ring)
    vault.set("a", "x" * 3000)
    part = next(key for key in ring.entries if key[1] != "a")
    del ring.entries[part]
    assert vault.get("a") == ""


def test_a_refusing_keyring_is_a_vault_error() -> None:
    ring = Ring()
    ring.writes_left = 0
    with pytest.raises(VaultError, match="refused"):
        KeyringVault("s", backend=ring).set("a", "b")


@pytest.mark.usefixtures("_asked_again_at_once")
@pytest.mark.parametrize(("refusals", "kept"), [(2, True), (9, False)])
def test_a_keyring_that_loses_sight_of_its_entries_is_asked_again(refusals: int, kept: bool) -> None:
    class Blinking(Ring):
        left = refusals

        def set_password(self, service: str, name: str, value: str) -> None:
            self.left -= 1
            if self.left >= 0:
                raise KeyError("the collection is not there")
            super().set_password(service, name, value)

    vault = KeyringVault("x", backend=Blinking())
    with contextlib.nullcontext() if kept else pytest.raises(VaultError):
        vault.set("a", "b")
    assert vault.get("a") == ("b" if kept else "")


class Busy(Ring):
    """Notices two who use it at once, as gnome-keyring does by ending itself."""

    def __init__(self) -> None:
        super().__init__()
        self.users, self.crowded = 0, False

    def get_password(self, service: str, name: str) -> str | None:
        self.users += 1
        self.crowded = self.crowded or self.users > 1
        threading.Event().wait(0.002)
        self.users -= 1
        return super().get_password(service, name)


@pytest.mark.parametrize("turns", [True, False])
def test_all_ccdesks_take_turns_with_the_keyring(tmp_path: Path, turns: bool) -> None:
    ring, start = Busy(), threading.Barrier(3)

    def use() -> None:
        vault = KeyringVault("s", backend=ring, turn=tmp_path / "turn" if turns else None)
        start.wait()
        for _ in range(5):
            vault.set("a", "x" * 1500)
            assert vault.get("a")

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(use) for _ in range(3)]:
            assert not turns or done.exception(60) is None
    assert ring.crowded is not turns


@pytest.mark.parametrize("why", ["taken for long", "no folder", "not a file"])
def test_without_its_turn_the_keyring_is_used_nevertheless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    monkeypatch.setattr(keyring_vault, "_TURN_SECONDS", 0.05)
    turn = tmp_path / "base" / "turn" if why == "no folder" else tmp_path / "turn"
    with contextlib.ExitStack() as others:
        if why == "taken for long":
            others.enter_context(FileLock(str(turn)))
        elif why == "not a file":
            turn.mkdir()
        vault = KeyringVault("s", backend=Ring(), turn=turn)
        vault.set("a", "b")
        assert vault.get("a") == "b"
        vault.delete("a")
    assert vault.get("a") == ""
    assert not (tmp_path / "base").exists(), "looking makes no folder"


def test_a_person_who_opted_out_is_not_asked_again() -> None:
    class Asking(Ring):
        asked = 0

        def get_password(self, service: str, name: str) -> str | None:
            self.asked += 1
            raise KeyringLocked("dismissed")

    asking = Asking()
    with pytest.raises(VaultError):
        KeyringVault("x", backend=asking).get("a")
    assert asking.asked == 1


def test_a_keyring_that_does_not_answer_is_not_waited_for_for_ever() -> None:
    release = threading.Event()

    class Locked(Ring):
        def get_password(self, service: str, name: str) -> str | None:
            release.wait(10)
            return "late"

    vault = KeyringVault("s", backend=Locked(), seconds=0.05)
    for _ in range(2):
        with pytest.raises(VaultError, match="does not answer"):
            vault.get("a")
    release.set()
    thread = vault._hanging
    assert thread is not None
    thread.join(5)
    assert vault.get("a") == "late"


# ---------------------------------------------------------------- file


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "vault.json"
    vault = FileVault(path)
    assert vault.get("a") == ""
    vault.delete("a")
    assert not path.exists()
    vault.set("a", "ü" * 5000)
    vault.set("b", "2")
    assert vault.get("a") == "ü" * 5000
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    vault.delete("a")
    assert json.loads(path.read_text()) == {"b": "2"}
    assert sorted(p.name for p in path.parent.iterdir()) in (
        ["vault.json"],
        ["vault.json", "vault.json.lock"],
    )


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX")
def test_a_file_others_can_read_is_tightened(tmp_path: Path) -> None:
    path = tmp_path / "vault.json"
    vault = FileVault(path)
    vault.set("a", "1")
    path.chmod(0o644)
    assert vault.get("a") == "1"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00"])
def test_a_damaged_file_is_said_and_not_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "vault.json"
    path.write_text(content)
    vault = FileVault(path)
    with pytest.raises(VaultError, match="delete the file"):
        vault.get("a")
    with pytest.raises(VaultError):
        vault.set("a", "1")
    assert path.read_text() == content


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = FileVault(tmp_path / "vault.json")
    vault.set("a", "1")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(vault_module, "os", but(os, fsync=fail))
    with pytest.raises(VaultError):
        vault.set("a", "2")
    assert vault.get("a") == "1"
    assert not list(tmp_path.glob(".vault-*"))


def test_a_copy_left_by_a_killed_program_goes_with_the_next_change(tmp_path):
    left = tmp_path / ".vault-abc"
    left.write_text('{"cc_refresh_token": "old"}')
    FileVault(tmp_path / "vault.json").set("a", "1")
    assert not left.exists()


def test_a_file_that_a_scanner_has_open_is_replaced_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows the first sharing violation was the end, and with it a rotated token was gone."""
    left, real = [2], os.replace

    def refusing(source: object, target: object) -> None:
        if left[0]:
            left[0] -= 1
            error = PermissionError(13, "used by another process")
            error.winerror = 32  # type: ignore[attr-defined]
            raise error
        real(source, target)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "os", but(os, replace=refusing))
    vault = FileVault(tmp_path / "vault.json")
    vault.set("a", "1")
    assert vault.get("a") == "1"


@pytest.mark.skipif(os.name != "posix", reason="links need a right on Windows")
def test_a_link_in_the_files_place_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text('{"a": "theirs"}')
    (tmp_path / "vault.json").symlink_to(victim)
    with pytest.raises(VaultError):
        FileVault(tmp_path / "vault.json").get("a")
    with pytest.raises(VaultError):
        FileVault(tmp_path / "vault.json").set("a", "ours")
    assert victim.read_text() == '{"a": "theirs"}'


class Icacls:
    """`whoami` and `icacls` of Windows, over a drive that keeps rights or does not."""

    ME = "S-1-5-21-1-2-3-1001"

    def __init__(self, entries: list[str], *, keeps: bool = True) -> None:
        self.entries, self.keeps = entries, keeps

    def __call__(self, words: Sequence[str]) -> str:
        program, *more = words
        if program.endswith("whoami.exe"):
            return f'"PC\\ann","{self.ME}"\n'
        assert "System32" in program
        if len(more) > 1 and self.keeps:
            assert more[1:] == ["/inheritance:r", "/grant:r", f"*{self.ME}:(OI)(CI)F"]
            own = [one for one in self.entries if "(I)" not in one and not one.startswith("PC\\ann")]
            self.entries = [*own, "PC\\ann:(OI)(CI)(F)"]
        return (
            f"{more[0]} " + f"\n{' ' * len(more[0])} ".join(self.entries) + "\n\nSuccessfully processed 1\n"
        )


INHERITED = ["BUILTIN\\Users:(I)(OI)(CI)(RX)", "NT AUTHORITY\\SYSTEM:(I)(OI)(CI)(F)"]


def test_on_windows_the_folder_is_left_to_its_user(tmp_path: Path) -> None:
    make_private(tmp_path, windows=True, run=Icacls(INHERITED))
    make_private(tmp_path, windows=True, run=Icacls(["PC\\ann:(OI)(CI)(F)"]))


@pytest.mark.parametrize(
    "run",
    [
        Icacls(["Everyone:(F)"], keeps=False),  # a stick with FAT says so of every folder
        Icacls([*INHERITED, "PC\\bob:(OI)(CI)(F)"]),
        Icacls([*INHERITED, "BUILTIN\\Administrators:(F)", "Everyone:(R)"]),
    ],
)
def test_where_windows_cannot_keep_others_out_no_secret_is_kept(tmp_path: Path, run: Icacls) -> None:
    with pytest.raises(VaultError, match="other users"):
        make_private(tmp_path, windows=True, run=run)


def test_a_program_of_windows_that_fails_is_a_refusal(tmp_path: Path) -> None:
    def failing(words: Sequence[str]) -> str:
        raise FileNotFoundError(words[0])

    with pytest.raises(VaultError):
        make_private(tmp_path, windows=True, run=failing)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX")
def test_nobody_else_can_hold_a_lock_of_ours(tmp_path: Path) -> None:
    """Who may read a lock file may lock it, and keep a login from being renewed."""
    FileVault(tmp_path / "vault.json").set("a", "1")
    KeyringVault("s", backend=Ring(), turn=tmp_path / "keyring.lock").set("a", "b")
    locks = list(tmp_path.glob("*.lock"))
    assert {one.name for one in locks} == {"vault.json.lock", "keyring.lock"}
    assert {stat.S_IMODE(one.stat().st_mode) for one in locks} == {0o600}


def _add(path: str, name: str) -> None:
    vault = FileVault(Path(path))
    for number in range(10):
        vault.set(f"{name}{number}", "x")


def test_processes_do_not_overwrite_each_other(tmp_path: Path) -> None:
    path = tmp_path / "vault.json"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_add, args=(str(path), name)) for name in "abc"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert len(json.loads(path.read_text())) == 30
