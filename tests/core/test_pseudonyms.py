"""Pseudonyms keep shapes and tell people apart, and nobody can be told from one."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdesk.core.emails import email_key, sent_email
from ccdesk.core.pseudonyms import Pseudonyms
from ccdesk.core.text import utf16_length
from ccdesk.sync.mapping import check_email

NAMES = Pseudonyms(b"one key")
TEXTS = st.text(max_size=40)
EMAILS = st.from_regex(r"[A-Za-z0-9.+_'-]{1,20}@([a-z0-9äöü]{1,10}\.){1,3}(com|de|invalid)", fullmatch=True)


@given(TEXTS)
def test_a_pseudonym_has_the_shape_of_its_text(text: str) -> None:
    other = NAMES.text(text)
    assert len(other) == len(text)
    assert utf16_length(other) == utf16_length(text)
    for before, after in zip(text, other, strict=True):
        assert before.isdigit() == after.isdigit() or not before.isascii()
        if not before.isalnum():
            assert after == before
        if before.isascii():
            assert (before.isupper(), before.islower()) == (after.isupper(), after.islower())


@given(TEXTS, TEXTS)
def test_two_texts_never_share_one(first: str, second: str) -> None:
    assert (NAMES.text(first) == NAMES.text(second)) == (first == second)


def test_short_ones_are_exchanged_among_each_other() -> None:
    pairs = [first + second for first in string.ascii_lowercase for second in string.ascii_lowercase]
    assert sorted(map(NAMES.text, pairs)) == pairs


@given(EMAILS)
def test_the_pseudonym_of_an_email_is_as_good_an_email(email: str) -> None:
    before, after = check_email(email), check_email(NAMES.email(email))
    assert (before and before.code) == (after and after.code)


@given(EMAILS)
def test_emails_that_are_compared_as_one_stay_one(email: str) -> None:
    assert email_key(NAMES.email(email)) == email_key(NAMES.email(email_key(email)))
    assert NAMES.email(email.upper()).lower() == NAMES.email(email.lower()).lower()


def test_a_domain_is_the_same_in_both_of_its_spellings() -> None:
    plain = "info@kältetechnik.de"
    ascii_form = sent_email(plain)
    assert "@xn--" in ascii_form
    assert email_key(NAMES.email(plain)) == email_key(NAMES.email(ascii_form))


def test_the_key_decides() -> None:
    assert NAMES.text("Smith") == Pseudonyms(b"one key").text("Smith")
    assert NAMES.text("Smith") != Pseudonyms(b"another").text("Smith")


def test_what_is_said_of_people_names_none() -> None:
    personal = {NAMES.text("Smith"), NAMES.text("T.J.")}
    said = NAMES.inside(
        "Smith, T.J. (smith@example.com) is not on “Kibo customers”: the field 'firstName' is “Anna B.”.",
        personal,
        {"Kibo customers"},
    )
    assert "“Kibo customers”" in said
    assert "'firstName'" in said
    for one in ("Smith", "T.J.", "smith@", "Anna"):
        assert one not in said
    assert re.search(r"is not on .* the field", said)


@pytest.mark.parametrize("kept", ["", "~" + "ab" * 32])
def test_nothing_and_seals_stay(kept: str) -> None:
    assert NAMES.email(kept) == kept
