"""What `tools/package.py` is made of; what it builds is tested by itself (tests/packaged)."""

import os
import re
import shutil
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ccdesk import licences
from ccdesk.cli.help_layout import walk
from ccdesk.cli.parser import build_parser
from ccdesk.core.updates import read_place
from ccdesk.gui import translation
from ccdesk.gui.updates import FILE
from tools.frozen import give_environment_back
from tools.pack import (
    deb,
    glibc,
    icons,
    man_page,
    published,
    python,
    slim,
    third_party,
    version_resource,
    windows,
)

ROOT = Path(__file__).parents[2]


# ------------------------------------------------------------ the program


@pytest.mark.parametrize("users", [{}, {"LD_LIBRARY_PATH": "/opt/theirs"}])
def test_children_get_the_users_environment(users):
    own = {"HOME": "/home/ann", "LANG": "de_DE.UTF-8"}
    kept = {f"{name}_ORIG": value for name, value in users.items()}
    ours = {"LD_LIBRARY_PATH": "/usr/lib/ccdesk/_internal", "QT_PLUGIN_PATH": "/x", "QML2_IMPORT_PATH": "/y"}
    environment = {**own, **ours, **kept, "_PYI_ARCHIVE_FILE": "/usr/lib/ccdesk/ccdesk"}
    give_environment_back(environment)
    assert environment == {**own, **users}


PLUGINS = "PySide6/Qt/plugins"


@pytest.mark.parametrize(
    ("path", "stays"),
    [
        (f"{PLUGINS}/platforms/libqxcb.so", True),
        (f"{PLUGINS}/platforms/libqeglfs.so", False),
        ("PySide6\\plugins\\platforms\\qwindows.dll", True),
        (f"{PLUGINS}/platformthemes/libqgtk3.so", False),
        (f"{PLUGINS}/imageformats/libqpdf.so", False),
        (f"{PLUGINS}/sqldrivers/libqsqlite.so", False),
        ("PySide6/Qt/translations/qtbase_de.qm", True),
        ("PySide6/Qt/translations/qtbase_fr.qm", False),
        ("PySide6/Qt/qml/QtQuick/qmldir", False),
        ("libreadline.so.8", False),
        ("libssl.so.3", True),
        ("resources/languages/ccdesk_de.qm", True),
        ("resources/languages/ccdesk_de.ts", False),
    ],
)
def test_what_is_not_used_stays_out(path, stays):
    assert bool(slim.kept([(path, "/somewhere", "BINARY")])) is stays


FORGE = {
    published.LATEST: "https://api.forge.example/repos/us/ccdesk/releases/latest",
    published.PAGE: "https://forge.example/us/ccdesk/releases",
}


def test_a_package_is_told_where_it_is_published_or_nothing(tmp_path):
    file = tmp_path / "made" / "releases.json"
    assert not published.write(file, {})
    assert not file.exists()
    assert published.write(file, FORGE)
    place = read_place(file.read_text(encoding="utf-8"))
    assert (place.latest, place.page) == tuple(FORGE.values())
    assert not published.write(file, {}), "what an earlier build has written goes"
    assert not file.exists()


@pytest.mark.parametrize("change", [{published.PAGE: ""}, {published.LATEST: "http://forge.example/latest"}])
def test_a_package_is_not_built_with_an_address_that_may_not_be_asked(tmp_path, change):
    with pytest.raises(ValueError, match=r"CCDESK_RELEASES .* is no https address"):
        published.write(tmp_path / "releases.json", {**FORGE, **change})
    assert list(tmp_path.iterdir()) == []


def test_the_release_workflow_tells_it():
    text = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    step = text.split("run: python tools/package.py")[1].split("- uses:")[0]
    values = dict(re.findall(r"(CCDESK_\w+): (.+)", step))
    forge = {"api_url": "https://api.forge.example", "server_url": "https://forge.example"}
    for name, value in {**forge, "repository": "us/ccdesk"}.items():
        values = {key: one.replace(f"${{{{ github.{name} }}}}", value) for key, one in values.items()}
    assert values == FORGE


def test_a_checkout_is_told_nothing():
    assert not (ROOT / "resources" / FILE).exists()


def test_qt_speaks_the_languages_of_the_window():
    assert {translation.ENGLISH, *slim.LANGUAGES} == set(translation.LANGUAGES)


def test_libraries_that_only_something_left_out_needed_go_as_well():
    links = {"/m": ["libQt6Core.so.6"], "/core": ["libicu.so"], "/gtk": ["libgdk.so"]}
    entries = [
        ("PySide6/QtCore.abi3.so", "/m", "EXTENSION"),
        ("PySide6/Qt/lib/libQt6Core.so.6", "/core", "BINARY"),
        ("libQt6Core.so.6", "PySide6/Qt/lib/libQt6Core.so.6", "SYMLINK"),
        ("libicu.so", "/icu", "BINARY"),
        ("libgtk-3.so.0", "/gtk", "BINARY"),
        ("libgdk.so", "/gdk", "BINARY"),
        ("libpython3.12.so.1.0", "/python", "BINARY"),
    ]
    left = {entry[0] for entry in slim.reached(entries, lambda file: links.get(file, []))}
    assert left == {entry[0] for entry in entries} - {"libgtk-3.so.0", "libgdk.so"}


def test_nothing_the_program_imports_is_left_out():
    code = (
        "import sys, importlib; from tools.pack.slim import MODULES\n"
        "for name in MODULES: sys.modules.setdefault(name, None)\n"
        "import ccdesk.gui.app, ccdesk.gui.tour.play, ccdesk.sandbox.run, ccdesk.support.replay\n"
        "import ccdesk.cli.commands, ccdesk.container, ccdesk.connections, keyring.backends.SecretService\n"
        "from ccdesk.core.emails import *; import email_validator\n"
        "email_validator.validate_email('ann@example.org', check_deliverability=False)\n"
    )
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_c_library_that_is_needed(tmp_path):
    (tmp_path / "a.so").write_bytes(b"\x7fELF....\0GLIBC_2.4\0GLIBC_2.34\0GLIBC_2.9\0")
    (tmp_path / "b.so").write_bytes(b"\x7fELF....\0GLIBC_2.2.5\0")
    (tmp_path / "c.txt").write_bytes(b"\0GLIBC_2.99\0")
    assert glibc.needed(tmp_path) == ((2, 34), "a.so")


def test_the_python_it_is_made_with(monkeypatch):
    told = {"old": ((3, 11), True), "static": ((3, 13), False), "new": ((3, 12), True), "gone": None}
    monkeypatch.setattr(python, "candidates", lambda: iter(told))
    monkeypatch.setattr(python, "ask", told.__getitem__)
    assert python.choose() == ("new", (3, 12))
    del told["new"]
    assert python.choose() == ("old", (3, 11))
    del told["old"]
    with pytest.raises(SystemExit):
        python.choose()


# ------------------------------------------------------------ licences


def test_licences_are_written_and_read_again(tmp_path, monkeypatch):
    import requests
    import urllib3

    folder = tmp_path / "licences"
    third_party.write(folder, [requests.__file__, urllib3.__file__, os.__file__])
    names = {one.name for one in licences.from_folder(folder)}
    assert names == {"ccdesk", "requests", "urllib3", "Python", "pyinstaller"}
    assert all(len(one.text()) > 300 for one in licences.from_folder(folder))


def test_a_library_of_unknown_licence_stops_the_build(tmp_path):
    stray = tmp_path / "libstray.so.1"
    stray.write_bytes(b"\x7fELF")
    with pytest.raises(third_party.WithoutLicence, match="libstray"):
        third_party.write(tmp_path / "licences", [str(stray)])


# ------------------------------------------------------------ what the systems are told


@pytest.mark.parametrize("size", [16, 256])
def test_the_icon_is_drawn(qapp, size):
    picture = icons.draw(icons.SVG, size)
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">II", picture[16:24]) == (size, size)


def test_icons_of_windows_and_macos_hold_every_picture():
    made = icons.ico({16: b"small", 256: b"large!"})
    assert struct.unpack("<HHH", made[:6]) == (0, 1, 2)
    for number, expected in enumerate((b"small", b"large!")):
        entry = struct.unpack("<BBBBHHII", made[6 + 16 * number : 22 + 16 * number])
        assert made[entry[7] : entry[7] + entry[6]] == expected
    mac = icons.icns({b"ic07": b"picture"})
    assert (mac[:4], struct.unpack(">I", mac[4:8])[0]) == (b"icns", len(mac))


def test_the_version_that_windows_shows():
    text = version_resource.version_info("0.2.0rc1", "ccdesk-window", "ccdesk", "Copyright (c) us")
    assert "filevers=(0, 2, 0, 0)" in text
    assert "StringStruct('OriginalFilename', 'ccdesk-window.exe')" in text
    compile(text, "version", "eval")


def entry():
    lines = (deb.HERE / "ccdesk.desktop").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "[Desktop Entry]"
    return dict(line.split("=", 1) for line in lines[1:])


def test_the_desktop_entry():
    """The rules of the Desktop Entry Specification 1.5, where desktop-file-validate is not at hand."""
    keys = entry()
    assert (keys["Type"], keys["Exec"], keys["Icon"], keys["Terminal"]) == (
        *("Application", "ccdesk-window"),
        *("ccdesk", "false"),
    )
    assert all(keys[name].endswith(";") for name in ("Categories", "Keywords"))
    assert 'setDesktopFileName("ccdesk")' in (ROOT / "ccdesk/gui/app.py").read_text(encoding="utf-8")
    if shutil.which("desktop-file-validate"):
        done = subprocess.run(
            ["desktop-file-validate", deb.HERE / "ccdesk.desktop"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "")


def test_the_description_for_software_centres(tmp_path):
    """What AppStream 0.16 demands of a desktop application, where appstreamcli is not at hand."""
    text = deb.metainfo("0.2.0", datetime(2026, 11, 30, tzinfo=UTC))
    root = ElementTree.fromstring(text)
    for name in (
        "id",
        "metadata_license",
        "project_license",
        "name",
        "summary",
        "description",
        "content_rating",
    ):
        assert root.find(name) is not None, name
    assert root.findtext("id") == deb.ID
    assert root.findtext("launchable") == "ccdesk.desktop"
    release = root.find("releases/release")
    assert (release.get("version"), release.get("date")) == ("0.2.0", "2026-11-30")
    if shutil.which("appstreamcli"):
        file = tmp_path / f"{deb.ID}.metainfo.xml"
        file.write_text(text, encoding="utf-8")
        done = subprocess.run(
            ["appstreamcli", "validate", "--no-net", file], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_the_man_page_has_every_command_and_every_code():
    page = man_page.page(build_parser())
    for words, _ in walk(build_parser()):
        assert not words or f".SS {words.replace('-', chr(92) + '-')}\n" in page, words
    assert ".SH EXIT STATUS" in page
    assert ".B 130\n" in page
    if shutil.which("man"):
        done = subprocess.run(
            ["man", "--warnings", "-l", "-"], input=page, capture_output=True, text=True, check=False
        )
        assert done.stderr == ""


# ------------------------------------------------------------ Windows


def test_the_installer_needs_no_administrator_and_leaves_the_data():
    script = windows.SCRIPT.read_text(encoding="utf-8")
    assert "RequestExecutionLevel user" in script
    assert "HKLM" not in script
    for line in script.splitlines():
        if line.strip().startswith(("RMDir", "Delete ")):
            assert "$INSTDIR" in line or "$SMPROGRAMS" in line, f"this could be data: {line}"
    uninstall = script[script.index('Section "Uninstall"') :]
    assert "$(STAYS)" in uninstall
    assert "${DATA}" in script
    source = (ROOT / "ccdesk/__main__.py").read_text(encoding="utf-8")
    assert '"ccdesk.ccdesk"' in source
    assert '!define IDENTITY "ccdesk.ccdesk"' in script


@pytest.mark.skipif(not windows.makensis(), reason="makensis is not here")
def test_the_installer_compiles(tmp_path):
    icon = tmp_path / "ccdesk.ico"
    icon.write_bytes(icons.ico({size: icons.draw(icons.SVG, size) for size in (16, 32)}))
    made = windows.try_out(icon, tmp_path)
    assert made.read_bytes()[:2] == b"MZ"


def test_the_window_has_a_command_without_a_console():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["gui-scripts"] == {"ccdesk-window": "ccdesk.__main__:main"}


def test_signing_is_left_out_without_a_key(tmp_path, monkeypatch):
    monkeypatch.delenv("CCDESK_SIGN_CERTIFICATE", raising=False)
    assert windows.sign(tmp_path / "ccdesk.exe") is False
