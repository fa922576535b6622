"""The one form of an email, for comparing and for sending."""

import pytest

from ccdesk.core.emails import email_key, is_undeliverable, sent_email, spellings

PLAIN = "info@kältetechnik-xyz.de"
ASCII = "info@xn--kltetechnik-xyz-0kb.de"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PLAIN, ASCII),
        (" INFO@KÄLTETECHNIK-XYZ.DE ", ASCII),
        (PLAIN, ASCII.upper()),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@bu\u0308cher.example", "a@bücher.example"),  # the same letter in two pieces
        ("a@bücher。example", "a@bücher.example"),
        ("a@straße.de", "a@xn--strae-oqa.de"),
        ("jörg@bücher.example", "JÖRG@xn--bcher-kva.example"),
        ("a@пример.рф", "A@xn--e1afmkfd.xn--p1ai"),
    ],
)
def test_both_forms_of_a_domain_are_one(one: str, other: str) -> None:
    assert email_key(one) == email_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a@straße.de", "a@strasse.de"),
        ("jörg@example.com", "joerg@example.com"),
        ("jörg@example.com", "xn--jrg-sna@example.com"),
        ("info@kaltetechnik-xyz.de", PLAIN),
    ],
)
def test_what_names_somebody_else_stays_apart(one: str, other: str) -> None:
    assert email_key(one) != email_key(other)


def test_a_name_keeps_its_script_and_its_case_where_it_is_sent() -> None:
    assert sent_email(" Jörg@Kältetechnik-xyz.de ") == "Jörg@xn--kltetechnik-xyz-0kb.de"
    assert sent_email("Ada@Example.com") == "Ada@Example.com"


@pytest.mark.parametrize(
    "email", ["a@☃☃☃-.de", "a@-ä.de", "ä", "@ä", "a@", "", "a@xn--a", "a@ä..de", "ä@b@ü.de"]
)
def test_what_is_no_domain_is_compared_all_the_same(email: str) -> None:
    assert email_key(email) == email_key(email.upper().lower())
    assert email_key(email_key(email)) == email_key(email)
    assert sent_email(email) in spellings(email)


def test_every_spelling_is_asked_for() -> None:
    assert set(spellings("Info@Kältetechnik-xyz.de")) >= {PLAIN, ASCII}
    assert set(spellings(ASCII)) >= {PLAIN, ASCII}
    assert spellings("Ada@Example.com") == ["Ada@Example.com", "ada@example.com"]
    assert spellings("ada@example.com") == ["ada@example.com"]


def test_what_ends_in_invalid_is_nobodys() -> None:
    assert all(map(is_undeliverable, ("a@b.invalid", "a@b.INVALID ", "a@invalid", "a@b.invalid.")))
    assert not any(map(is_undeliverable, ("a@invalid.com", "invalid@example.com", "a@b.invalide", "")))
