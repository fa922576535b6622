"""Which list a name means, and what a new one may be called."""

from __future__ import annotations

from typing import cast

import pytest

from ccdesk.core.errors import SettingsError
from ccdesk.core.models import ContactList
from ccdesk.core.ports.mail import Mail
from ccdesk.service.lists import find_by_name, find_or_create


class Account:
    """An account with two lists; the name of one ends with a blank that has no width."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def lists(self) -> list[ContactList]:
        return [ContactList("list-1", "Odd\u200b"), ContactList("list-3", "Spring news")]

    def create_list(self, name: str) -> ContactList:
        self.made.append(name)
        return ContactList("list-2", name)


@pytest.mark.parametrize("name", ["Kibo customers\u200b", "Kibo\u202e customers", "Kibo\x07", "Ki\xadbo"])
def test_no_list_is_made_whose_name_only_looks_like_another(name: str) -> None:
    account = Account()
    with pytest.raises(SettingsError) as told:
        find_or_create(cast("Mail", account), name)
    assert told.value.code == "list_name_unseen"
    assert account.made == []


def test_a_list_that_is_called_so_is_found_and_any_other_name_is_taken() -> None:
    account = Account()
    assert find_or_create(cast("Mail", account), "Odd\u200b") == (ContactList("list-1", "Odd\u200b"), False)
    for name in ("Kibo customers", "Клиенты 😀", "لائحة"):
        assert find_or_create(cast("Mail", account), name)[1]


@pytest.mark.parametrize("space", ["\xa0", "\u2007", "\u2009", "\u202f", "\u205f", "\u3000", "\t"])
def test_a_space_of_another_kind_makes_no_other_list(space: str) -> None:
    account = Account()
    found, made = find_or_create(cast("Mail", account), f"spring{space}news ")
    assert (found.id, made) == ("list-3", False)
    if space != "\t":
        assert find_or_create(cast("Mail", account), f"Autumn{space}news")[0].name == "Autumn news"


def test_of_two_lists_that_only_their_spaces_tell_apart_the_exact_one_is_meant() -> None:
    lists = [ContactList("1", "Spring news"), ContactList("2", "Spring\xa0news")]
    assert find_by_name(lists, "Spring\xa0news") == lists[1]
    assert find_by_name(lists, "Spring news") == lists[0]
    assert find_by_name(lists, "Spring\u2009news") == lists[0]
