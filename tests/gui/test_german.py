"""German is complete: every text of the window is in its file, with its values, keys and plural."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QCoreApplication

from ccdesk.clients.http.transport import Request, Transport
from ccdesk.core.errors import Unreachable
from ccdesk.core.runs import Entry, Outcome
from ccdesk.core.statements import BY_STAFF, UNSUBSCRIBED
from ccdesk.core.words import marked
from ccdesk.gui import formats
from ccdesk.gui.translation import number, plural, say, speak
from ccdesk.sync.drift_kinds import on_day
from ccdesk.sync.standing_opt_outs import ALREADY_RIGHT, BEFORE_MOVE, DELETED, OVERRULES, STANDS
from tools import languages

PLACE = re.compile(r"\{[^{}]*\}")


@pytest.fixture
def german(qapp) -> Iterator[None]:
    speak(qapp, "de")
    yield
    speak(qapp, "en")


def messages(file):
    """Return source, comment, translated forms and state of each text of a .ts file."""
    for message in ET.parse(file).getroot().iter("message"):
        translation = message.find("translation")
        forms = [form.text or "" for form in translation] or [translation.text or ""]
        yield message.findtext("source"), message.findtext("comment") or "", forms, translation.get("type")


@pytest.mark.usefixtures("german")
def test_german_is_spoken_with_its_plurals_and_numbers():
    assert number(1234) == "1.234"
    assert say("&Resume") == "&Fortsetzen"
    assert [plural("{n} errors.", "{n} error.", n) for n in (1, 1234)] == ["1 Fehler.", "1.234 Fehler."]
    assert plural("{n} days ago", "{n} day ago", 2) == "vor 2 Tagen"
    assert (
        say(marked("{first} and {last}").format(first=marked("connect Kibo"), last=7))
        == "Kibo verbinden und 7"
    )


@pytest.mark.usefixtures("german")
def test_what_a_service_could_not_do_is_german():
    """`ccdesk/clients` was taken for `ccdesk/cli`, whose words are English."""
    with pytest.raises(Unreachable) as raised:
        Transport("Kibo").send(Request("GET", "http://127.0.0.1:1/"))
    assert say(raised.value.title) == "Kibo ist nicht erreichbar"
    assert all((languages.ROOT / folder).is_dir() and folder.endswith("/") for folder in languages.NOT_SHOWN)


@pytest.mark.usefixtures("german")
def test_a_reason_with_its_day_is_german_as_a_whole():
    reason = on_day(datetime(2026, 5, 1, tzinfo=UTC), UNSUBSCRIBED)
    assert reason == "unsubscribed in Constant Contact on 2026-05-01"
    assert "1. Mai 2026" in say(reason)
    assert "unsubscribed" not in say(reason)


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (UNSUBSCRIBED, "am 3. Mai 2024 in Constant Contact abbestellt"),
        (BY_STAFF, "am 3. Mai 2024 in Constant Contact abbestellt, durch dortige Mitarbeiter"),
        (STANDS, "hat am 3. Mai 2024 in Constant Contact widerrufen; der Widerruf gilt"),
        (DELETED, "am 3. Mai 2024 in Constant Contact gelöscht"),
        (
            ALREADY_RIGHT.format(reason=UNSUBSCRIBED),
            "stand in Kibo schon richtig: am 3. Mai 2024 in Constant Contact abbestellt",
        ),
        (
            OVERRULES.format(reason=UNSUBSCRIBED),
            "beide Seiten haben sich geändert, der Widerruf ist später oder nicht nachweislich früher: "
            "am 3. Mai 2024 in Constant Contact abbestellt",
        ),
        (
            BEFORE_MOVE.format(reason=UNSUBSCRIBED),
            "am 3. Mai 2024 in Constant Contact abbestellt, bevor sich die E-Mail-Adresse änderte; "
            "der Widerruf gilt",
        ),
    ],
)
def test_every_reason_that_has_a_day_reads_well_with_it(reason, words):
    entry = Entry(
        1, "ann@example.com", Outcome.SKIPPED, str(reason), acted_at=datetime(2024, 5, 3, 12, tzinfo=UTC)
    )
    assert formats.entry_reason(entry) == words
    undated = formats.entry_reason(replace(entry, acted_at=None))
    assert undated != reason
    assert "2024" not in undated


@pytest.mark.usefixtures("german")
def test_what_is_in_no_file_stays_english():
    assert [plural("{n} sheep", "{n} lamb", n) for n in (1, 2000)] == ["1 lamb", "2.000 sheep"]
    assert say("Of no language") == "Of no language"


@pytest.mark.usefixtures("german")
def test_the_window_opens_in_german_with_qts_own_words(open_window):
    window = open_window().window
    heads = [window.tabs.tabText(place) for place in range(window.tabs.count())]
    assert heads == ["Info", "Einstellungen", "Abgleich", "Protokoll", "Ereignisse"]
    assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "Abbrechen"


def test_the_files_hold_every_text_of_the_code(tmp_path):
    """If this fails: run `python -m tools.languages`, and translate what is unfinished in the .ts file."""
    for language in languages.LANGUAGES:
        name = f"ccdesk_{language}.ts"
        (tmp_path / name).write_bytes((languages.FOLDER / name).read_bytes())
    languages.update(tmp_path)
    languages.release(languages.FOLDER, tmp_path)
    for made in tmp_path.iterdir():
        kept = languages.FOLDER / made.name
        assert made.read_bytes() == kept.read_bytes(), f"{made.name}: run python -m tools.languages"


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_every_text_is_translated_with_its_values_and_its_key(language):
    wrong = []
    for source, comment, forms, state in messages(languages.FOLDER / f"ccdesk_{language}.ts"):
        for place, form in enumerate(forms):
            values, wanted = set(PLACE.findall(form)), set(PLACE.findall(source))
            if len(forms) > 1 and place == 0:  # one may be written out
                wanted, values = wanted - {"{n}"}, values - {"{n}"}
            if state or not form or values != wanted or ("&" in source) != ("&" in form):
                wrong.append((source, comment, form, state))
    assert wrong == []
