"""What of a text is sent, and how it is measured (design §3a R2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdesk.core.text import cut, utf16_length, without_controls


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("An\x00n\x07", "Ann"),
        ("  Ann \t Lee\r\n", "Ann Lee"),
        ("1 Main St\nApt 2", "1 Main St Apt 2"),
        ("An\x7fn\x85Lee\x9b", "Ann Lee"),
        ("An\x1cn\x1f", "Ann"),
        ("half \ud83d of one", "half of one"),
        ("no\ufffechar\uffff", "nochar"),
        ("Zoë 👩\u200d🚀 नि\u200dक", "Zoë 👩\u200d🚀 नि\u200dक"),
        ("\x00", ""),
    ],
)
def test_control_characters_and_halves_are_dropped(text, sent):
    assert without_controls(text) == sent


@given(st.text())
def test_what_is_sent_can_be_encoded_and_is_clean_already(text):
    sent = without_controls(text)
    sent.encode("utf-8")
    assert without_controls(sent) == sent
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in sent)


@given(st.text(), st.integers(1, 60))
def test_a_cut_fits_in_utf16_and_never_halves_a_character(text, limit):
    text = without_controls(text)
    kept = cut(text, limit)
    assert len(kept.encode("utf-16-le")) // 2 == utf16_length(kept) <= limit
    assert text.startswith(kept)


def test_an_emoji_counts_twice():
    assert utf16_length("😀a") == 3
    assert cut("😀" * 30, 50) == "😀" * 25
    assert cut("a" + "😀" * 30, 50) == "a" + "😀" * 24
