import pytest

from ccdesk.core.errors import Refused, SettingsError, Unreachable
from ccdesk.core.settings import resolve
from ccdesk.service.api import Connection, ConnectionState
from ccdesk.service.setup import Step, in_words, missing, not_ready

ALL = {"contact_list": "News", "kibo_tenant_id": "1", "kibo_app_key": "k"}
WELL = Connection(ConnectionState.CONNECTED)
DOWN = Connection(ConnectionState.FAILED, error=Unreachable())


@pytest.mark.parametrize(
    ("lacking", "kibo", "mail", "found"),
    [
        ((), WELL, WELL, ()),
        ((), DOWN, DOWN, ()),
        ((), Connection(ConnectionState.UNKNOWN), WELL, ()),
        (("contact_list",), WELL, WELL, (Step.LIST,)),
        (("kibo_tenant_id",), WELL, WELL, (Step.KIBO,)),
        (("kibo_app_key",), WELL, WELL, (Step.KIBO,)),
        ((), WELL, Connection(ConnectionState.LOGIN_NEEDED), (Step.LOGIN,)),
        ((), Connection(ConnectionState.NOT_SET_UP), Connection(ConnectionState.NOT_SET_UP), tuple(Step)[:2]),
        (tuple(ALL), WELL, Connection(ConnectionState.NOT_SET_UP), tuple(Step)),
        ((), Connection(ConnectionState.FAILED, error=Refused()), WELL, ()),
    ],
)
def test_what_is_missing(lacking, kibo, mail, found):
    settings = resolve({key: value for key, value in ALL.items() if key not in lacking}, {})
    assert missing(settings, kibo, mail) == found


def test_what_is_missing_is_said_as_a_list():
    assert in_words(()) == ""
    assert in_words((Step.LIST,)) == "choose a contact list"
    assert in_words(tuple(Step)) == "connect Kibo, log in to Constant Contact and choose a contact list"


def test_it_is_a_matter_of_settings():
    error = not_ready((Step.KIBO,))
    assert isinstance(error, SettingsError)
    assert error.next_step == "First connect Kibo."
