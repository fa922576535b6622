"""One request, one draft: names, what refuses before anything is made, and answers that get lost."""

from contextlib import closing
from datetime import UTC, datetime

import pytest

from ccdesk.core.clock import Clock
from ccdesk.core.errors import AnswerLost, ItemRefused, ListGone, Refused, SettingsError, Unreachable
from ccdesk.core.models import ContactList
from ccdesk.core.ports.campaigns import Campaign, Draft
from ccdesk.core.ports.mail import Account
from ccdesk.core.settings import resolve
from ccdesk.core.text import utf16_length
from ccdesk.service.drafts import BEGUN, names_for, new_draft
from ccdesk.store.store import SqliteStore
from ccdesk.sync.active_list import LIST_GONE_AT, LIST_ID, LIST_NAME

DAY = datetime(2026, 11, 27, 12, tzinfo=UTC)
NAME = "Kibo customers – November 27th, 2026"


class NoonClock(Clock):
    def now(self):
        return DAY


class FakeMail:
    """An account with drafts; `next_make` is what the next attempt to make one does."""

    def __init__(self):
        self.made, self.names = [], {}
        self.all_lists = [ContactList("l1", "Kibo customers", 3)]
        self.confirmed = ["News@example.com"]
        self.chosen, self.next_make, self.list_error = {}, [], None
        self.unreadable = 0

    def lists(self):
        return self.all_lists

    def senders(self):
        return self.confirmed

    def account(self):
        return Account("p1", "Mystic Outdoors")

    def campaigns(self):
        if self.unreadable:
            self.unreadable -= 1
            if not self.unreadable:
                raise Unreachable
        yield [Campaign(f"c-{name}", name, state == "draft") for name, state in self.names.items()]

    def _make(self, new):
        self.made.append(new)
        self.names[new.name] = "draft"
        return self.draft(f"c-{new.name}")

    def make_draft(self, new):
        what = self.next_make.pop(0) if self.next_make else "make"
        if what == "lose before":
            raise AnswerLost
        if what == "refuse":
            raise ItemRefused("no", meaning="Constant Contact says: address.", code="refused_400")
        if isinstance(what, Exception):
            raise what
        if new.name in self.names:
            raise ItemRefused("taken", code="conflict")
        made = self._make(new)
        if what == "lose after":
            raise AnswerLost
        return made

    def draft(self, campaign_id):
        return Draft(campaign_id, campaign_id[2:], f"a-{campaign_id}", f"https://web/{campaign_id}")

    def choose_list(self, draft, list_id):
        if self.list_error is not None:
            raise self.list_error
        self.chosen[draft.name] = list_id


@pytest.fixture
def store(tmp_path):
    store = SqliteStore(tmp_path / "ccdesk.sqlite3")
    store.state.set(LIST_ID, "l1")
    store.state.set(LIST_NAME, "Kibo customers")
    with closing(store) as open_store:
        yield open_store
    store.close_all()


@pytest.fixture
def account():
    return FakeMail()


def make(store, account, **changes):
    stored = {"contact_list": "Kibo customers", "from_email": "news@example.com", **changes}
    return new_draft(store, account, resolve(stored, {}), NoonClock())


def test_a_draft_has_the_chosen_address_twice_and_goes_to_the_active_list(store, account):
    made = make(store, account)
    [new] = account.made
    assert made.name == NAME
    assert (new.from_email, new.reply_to_email, new.from_name) == (
        "News@example.com", "News@example.com", "Mystic Outdoors"
    )  # fmt: skip
    assert "[[trackingImage]]" in new.html
    assert account.chosen == {NAME: "l1"}
    assert (made.problem, made.made_before, store.state.get(BEGUN)) == (None, False, "")


def test_another_one_of_the_day_gets_a_number(store, account):
    account.names["KIBO CUSTOMERS – november 27th, 2026"] = "done"
    assert make(store, account).name == f"{NAME} (2)"
    assert make(store, account).name == f"{NAME} (3)"
    assert len(account.made) == 2


def test_a_name_taken_meanwhile_or_by_what_is_not_shown_gives_way_to_the_next(store, account):
    account.next_make = [ItemRefused("taken", code="conflict")]
    assert make(store, account).name == f"{NAME} (2)"
    assert store.state.get(BEGUN) == ""


def test_when_all_names_are_taken_nothing_is_made(store, account):
    account.names = dict.fromkeys(names_for("Kibo customers", DAY), "done")
    with pytest.raises(SettingsError, match="no free name"):
        make(store, account)
    assert account.made == []


@pytest.mark.parametrize("list_name", ["x" * 255, "🦜" * 90, "Kibo", "  a\nb  "])
def test_names_fit(list_name):
    names = list(names_for(list_name, DAY))
    assert len(set(names)) == 99
    assert all(utf16_length(one) <= 80 and "November 27th, 2026" in one and "\n" not in one for one in names)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"contact_list": ""}, "No contact list"),
        ({"from_email": ""}, "No From and ReplyTo"),
        ({"from_email": "other@example.com"}, "not a confirmed address"),
    ],
)
def test_what_is_not_chosen_or_confirmed_is_said_before_anything_is_made(store, account, changes, error):
    with pytest.raises(SettingsError, match=error):
        make(store, account, **changes)
    assert (account.made, account.next_make) == ([], [])


def test_a_deleted_list_makes_no_draft_and_is_named_from_then_on(store, account):
    account.all_lists = [ContactList("l2", "Kibo customers", 3)]
    with pytest.raises(ListGone):
        make(store, account)
    assert account.made == []
    assert store.state.get_time(LIST_GONE_AT) == DAY


def test_a_list_not_looked_up_yet_is_found_by_its_name_and_never_made(store, account):
    store.state.set(LIST_NAME, "")
    assert make(store, account).contact_list == "Kibo customers"
    account.all_lists = []
    with pytest.raises(ListGone):
        make(store, account)


def test_a_renamed_list_gives_its_present_name(store, account):
    account.all_lists = [ContactList("l1", "Friends", 3)]
    assert make(store, account).name == "Friends – November 27th, 2026"


def test_a_lost_answer_of_a_draft_that_was_made_is_found_at_once(store, account):
    account.next_make = ["lose after"]
    made = make(store, account)
    assert (made.name, len(account.made), store.state.get(BEGUN)) == (NAME, 1, "")
    assert account.chosen == {NAME: "l1"}


def test_a_lost_answer_of_a_draft_not_to_be_seen_yet_is_found_by_the_next_try(store, account):
    account.next_make, account.unreadable = ["lose after"], 2
    with pytest.raises(AnswerLost, match="did not say whether"):
        make(store, account)
    assert len(account.made) == 1
    made = make(store, account)
    assert (made.name, made.made_before, len(account.made)) == (NAME, True, 1)
    assert make(store, account).name == f"{NAME} (2)"


def test_a_draft_that_appears_only_while_the_next_try_is_made_is_that_one(store, account):
    account.next_make = ["lose before"]
    with pytest.raises(AnswerLost):
        make(store, account)
    arriving = account.campaigns

    def late():
        yield from arriving()
        account.names[NAME] = "draft"

    account.campaigns = late
    made = make(store, account)
    assert (made.name, made.made_before, account.made) == (NAME, True, [])


def test_a_draft_that_was_never_made_is_made_by_the_next_try(store, account):
    account.next_make = ["lose before"]
    with pytest.raises(AnswerLost):
        make(store, account)
    made = make(store, account)
    assert (made.name, made.made_before, len(account.made)) == (NAME, False, 1)


@pytest.mark.parametrize("state", ["done", "removed"])
def test_what_was_lost_and_is_no_draft_any_more_is_left_alone(store, account, state):
    account.next_make, account.unreadable = ["lose after"], 2
    with pytest.raises(AnswerLost):
        make(store, account)
    account.names[NAME] = state
    assert make(store, account).name == f"{NAME} (2)"


def test_with_another_address_chosen_the_lost_one_is_not_taken(store, account):
    account.confirmed.append("owner@example.com")
    account.next_make, account.unreadable = ["lose after"], 2
    with pytest.raises(AnswerLost):
        make(store, account)
    made = make(store, account, from_email="owner@example.com")
    assert (made.name, made.from_email, made.made_before) == (f"{NAME} (2)", "owner@example.com", False)


@pytest.mark.parametrize("error", ["refuse", Refused("403"), Unreachable()])
def test_what_was_refused_or_not_sent_leaves_nothing_to_look_for(store, account, error):
    account.next_make = [error]
    with pytest.raises((Refused, Unreachable)):
        make(store, account)
    assert (account.made, store.state.get(BEGUN)) == ([], "")


def test_a_draft_without_its_list_is_told_with_the_reason(store, account):
    account.list_error = ItemRefused("Constant Contact did not accept it")
    made = make(store, account)
    assert made.problem is account.list_error
    assert store.state.get(BEGUN) == ""


def test_a_power_cut_while_it_is_made_makes_no_second_one(store, account):
    class Cut(BaseException):
        pass

    def made_and_cut(new):
        account._make(new)
        raise Cut

    account.make_draft = made_and_cut
    with pytest.raises(Cut):
        make(store, account)
    del account.make_draft
    made = make(store, account)
    assert (made.name, made.made_before, len(account.made)) == (NAME, True, 1)
