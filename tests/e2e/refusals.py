from math import ceil, log2

from ccdesk.core.runs import Outcome

PEOPLE = 121


def calls(world, path, since=0):
    return [one for one in world.sandbox.log.writes(since=since) if path in one.path]


def halvings(people=PEOPLE):
    """Calls that finding one among so many may cost: two for each halving, and the last one twice."""
    return 2 * ceil(log2(people)) + 3


def check_placed_plainly(world, run, who):
    found = world.entries(run)[who]
    assert found.outcome is Outcome.ADDED
    assert "email and list alone" in found.reason
    assert "first_name" not in (world.cc.contact(found.email) or {})


LONG = "a-very-long-name-indeed-for-any-mailbox-one-can-think-of@example.com"
