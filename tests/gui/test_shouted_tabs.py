"""Every text of the tabs goes through the window's language (`shouted.unsaid` finds those that do not)."""

import pytest

from tests.gui.shouted import unsaid

# What the desk of the fakes and its services say of themselves
DATA = ("Mystic Outdoors DEV", "Mystic Outdoors")


@pytest.mark.parametrize("card", ["enabled_card", "calls_card"])
def test_the_cards_of_info(shouting, window, card):
    assert unsaid(getattr(window.info, card), DATA) == {}
