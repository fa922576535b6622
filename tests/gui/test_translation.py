"""The window's language: English from the code, the others through Qt's translators."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTranslator

from ccdesk.core.words import Text, counted, marked
from ccdesk.gui.translation import plural, say, speak, wanted


@pytest.fixture(autouse=True)
def _english_again(qapp) -> Iterator[None]:
    yield
    speak(qapp, "en")


def test_english_is_what_stands_in_the_code():
    assert say("Log in") == "Log in"
    assert say(marked("{x} left").format(x=3)) == "3 left"
    assert [plural("{n} people", "{n} person", n) for n in (0, 1, 1234)] == [
        "0 people",
        "1 person",
        "1,234 people",
    ]
    assert say(counted("{n} people", "{n} person", 1)) == "1 person"


def test_a_text_keeps_what_it_was_made_of(shouting):
    assert say(marked("{what} is late").format(what=marked("The export"))) == "⟦The export⟧⟦ is late⟧"
    assert say(counted("{n} of {all} people", "{n} of {all} person", 2).format(all=5)) == "2⟦ of ⟧5⟦ people⟧"
    assert say(str(marked("a stored text"))) == "⟦a stored text⟧"


def test_a_text_is_english_wherever_it_is_stored():
    text = marked("{x} left").format(x=3)
    assert (text, f"{text}!", type(f"{text}")) == ("3 left", "3 left!", str)
    with pytest.raises(TypeError, match="need names"):
        marked("{} left").format(3)
    assert isinstance(text, Text)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"CCDESK_LANGUAGE": "de"}, "de"),
        ({"CCDESK_LANGUAGE": "de_AT"}, "de"),
        ({"CCDESK_LANGUAGE": "tlh"}, "en"),
    ],
)
def test_the_environment_may_name_the_language(environment, language):
    assert wanted(environment) == language


class Phrasebook(QTranslator):
    def translate(self, context, text, comment=None, n=-1):
        known = {"Log in": "Anmelden", "Nothing was lost. All is well.": "Alles gut."}
        return known.get(text, text)


@pytest.fixture
def phrasebook(qapp):
    speak(qapp, "de")
    book = Phrasebook()
    qapp.installTranslator(book)
    yield
    qapp.removeTranslator(book)


@pytest.mark.usefixtures("phrasebook")
def test_a_stored_message_is_said_sentence_by_sentence():
    assert say("Log in. Nothing was lost. All is well.") == "Anmelden. Alles gut."
    assert say("something; Log in; 7") == "something; Anmelden; 7"
    assert say("Customer 7 waits. Log in. 93% did.") == "Customer 7 waits. Anmelden. 93% did."
