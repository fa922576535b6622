from __future__ import annotations

from io import BytesIO

import pytest

from ccdesk.clients.constant_contact.members import NoEmails, members


def read(text: str) -> list[str]:
    return [email for batch in members(BytesIO(text.encode())) for email in batch]


@pytest.mark.parametrize(
    "heading",
    [
        "Email address",
        "email_address",
        "E-Mail Address",
        "Email",
        "\ufeffEmail address",
        "Email address - home",
    ],
)
def test_the_column_of_emails_is_found_by_its_loose_name(heading: str) -> None:
    assert read(f'First name,"{heading}"\r\nAda,ada@example.com\r\n"B, ob",bob@example.com\r\n') == [
        "ada@example.com",
        "bob@example.com",
    ]


def test_only_active_people_where_the_file_tells() -> None:
    text = "Email address,Email status\na@x.com,Active\nb@x.com,Unsubscribed\nc@x.com,\nd@x.com,ACTIVE \n"
    assert read(text) == ["a@x.com", "d@x.com"]


@pytest.mark.parametrize("text", ["", "First name,Phone\nAda,1\n", "1,2\n", "<html>\n"])
def test_a_file_without_emails_is_no_file(text: str) -> None:
    with pytest.raises(NoEmails):
        read(text)


def test_rows_cut_short_and_odd_bytes_harm_nobody() -> None:
    assert read("Phone,Email\n1\n2,ada@example.com\n\n") == ["ada@example.com"]
    assert len(next(members(BytesIO(b"Email\n\xff\xfe@x.com\nok@x.com\n")))) == 2
