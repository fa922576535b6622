"""The differences between the table and the engine that are known: each with a name, and what was decided.

What differs otherwise fails the shadow tests: it is either mended in `ccdesk/consent/`, with a case, or gets
a line here that says why it may stay until the engine is switched to the table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from tests.shadow.compare import Difference, Where


class Decided(StrEnum):
    """Who is right, by design §3 and §3a."""

    TABLE = "the table is right: the engine is mended by the switch"
    ENGINE = "the engine is right by a rule outside the table: the switch has to keep it"
    KEEP = "the store forgets it: the tables of persons have to keep it"
    UNKNOWN = "it cannot be known (docs/consent.md d)"


@dataclass(frozen=True)
class Named:
    """A difference with a name. Patterns are those of file names; `also` are further cells."""

    name: str
    decided: Decided
    sentence: str
    where: Where
    cells: tuple[str, ...] = ("*",)
    engine: tuple[str, ...] = ("*",)
    table: tuple[str, ...] = ("*",)

    def fits(self, one: Difference) -> bool:
        """Say whether a difference is of this kind."""
        return (
            one.where is self.where
            and any(fnmatchcase(one.cell, cell) for cell in self.cells)
            and any(fnmatchcase(one.engine, pattern) for pattern in self.engine)
            and any(fnmatchcase(one.table, pattern) for pattern in self.table)
        )


NAMED: tuple[Named, ...] = (
    Named(
        "a first export asks nobody",
        Decided.ENGINE,
        "Unsubscribed before ccdesk came, and provably opted in later: the table asks for the "
        "confirmation, the first export has them opted out in the shop (design R2). A round of the table "
        "has to hold that back.",
        Where.DID,
        ("UNSUBSCRIBED x YES_LATER", "UNSUBSCRIBED x SILENT"),
        ("opt_out [[]opted_out_there/on*",),
        ("ask*", "nothing (unsubscribed)*"),
    ),
    Named(
        "deleted after unsubscribing: the opt-out is lost",
        Decided.TABLE,
        "Unsubscribed and deleted before a look: the engine takes it for a tombstone and never tells the "
        "shop; an account opted in later is not asked either (design §3a R2).",
        Where.LEFT_UNDONE,
        ("UNSUBSCRIBED x *",),
        ("*deleted_there*",),
    ),
    Named(
        "deleted after unsubscribing: brought back unasked",
        Decided.TABLE,
        "A later opt-in revives the contact by a write or a sign-up, over an unsubscription of the "
        "person; design §3a R2 has them asked, with no write and no sign-up.",
        Where.DID,
        ("UNSUBSCRIBED x YES_LATER",),
        ("revive *",),
        ("ask*",),
    ),
    Named(
        "a sign-up that the engine does not believe",
        Decided.TABLE,
        "Signed up after the flag was first seen off, but before the first poll (design §3a R4 counts "
        "it), or before a write of our own to the account, which moved its update date: the engine says "
        "that it cannot tell the order.",
        Where.LEFT_UNDONE,
        ("ON_LIST x NEVER", "ON_LIST x NO_SIGNED_UP"),
        ("*/off*", "no link"),
        ("opt_in*",),
    ),
    Named(
        "taken off a list chosen again without having opted out",
        Decided.TABLE,
        "Signed up themselves, the flag never set: choosing the list again takes them off as if they had "
        "opted out. A flag that was never set is no statement (design §3a R1).",
        Where.DID,
        ("ON_LIST x NEVER",),
        ("remove *",),
        ("nothing (not_ours)*",),
    ),
    Named(
        "left after an add whose answer was lost",
        Decided.UNKNOWN,
        "The add had landed, nobody looked before they left, and the engine adds again. The witness knows "
        "that it landed; a look would know where the call leaves a trace (a sign-up, a new contact), else "
        "nobody can.",
        Where.DID,
        ("LEFT x YES_EARLIER",),
        ("add *begun*", "create *begun*"),
        ("opt_out (left)*",),
    ),
    Named(
        "added beside an account that cannot be read",
        Decided.TABLE,
        "One of the person's accounts cannot be read, and nobody knows what it says: the table waits, "
        "the engine goes on with an add that it had begun (docs/consent.md b, third guard).",
        Where.DID,
        ("* x YES_*",),
        ("add *", "create *"),
        ("nothing (unreadable)*",),
    ),
    Named(
        "a later opt-in that does not count is undone",
        Decided.TABLE,
        "A disabled or a newer account opted in after the person was out: the table leaves its flag, as that "
        "of any account that came later; the engine opts it out with the others while one of them still has "
        "the person on the list, or where a look that saw the leaving was stopped.",
        Where.DID,
        ("LEFT x *", "UNSUBSCRIBED x SILENT"),
        ("opt_out *left_list*", "opt_out *synced*"),
        ("opt_out (left)*", "nothing (left)*", "opt_out (newcomer*", "nothing (unsubscribed)*"),
    ),
    Named(
        "known before the opt-out, but the store cannot prove it",
        Decided.KEEP,
        "A second account was known before the first one's flag was cleared, so it keeps the person on "
        "the list. The engine forgets when it last read the flag as on, and dates the opt-out back to the "
        "last change.",
        Where.DID,
        ("ON_LIST x YES_*",),
        ("remove *",),
        ("nothing (in_step)*",),
    ),
    Named(
        "an opt-out that no link knew",
        Decided.KEEP,
        "An account was read as opted in, then it was opted out, or its person unsubscribed and it took "
        "another email, before any run had linked it: for the engine nothing has happened, and it puts "
        "the person on the list for another account, or under the new email.",
        Where.DID,
        ("NEVER_THERE x NO_*", "GOOD x NO_*"),
        ("create *", "add *"),
    ),
    Named(
        "an opt-out that no link knew, once they are on the list",
        Decided.KEEP,
        "The same afterwards: the account is still to be opted out, or its person taken off the list.",
        Where.LEFT_UNDONE,
        ("ON_LIST x NO_*", "HOLD x NO_*"),
        ("*synced/on/list*", "synced/off/list", "held/on/list*"),
    ),
    Named(
        "an opt-out that no link knew, not told",
        Decided.KEEP,
        "The same where another account of theirs is a newcomer to the opt-out.",
        Where.UNNAMED,
        ("ON_LIST x NO_*",),
        ("*synced/on/list*",),
        ("nothing (newcomer, named)",),
    ),
    Named(
        "left out of one list, and so of the next",
        Decided.TABLE,
        "Staff left them out at the first export of a list. That was about this list; the engine's state "
        "has no list, so the next one is kept from them as well (design §3a R2, R7).",
        Where.LEFT_UNDONE,
        ("GOOD x YES_*",),
        ("*left_out/*",),
    ),
    Named(
        "a guest signed up, though guests do not count",
        Decided.TABLE,
        "With the setting off a guest's flag is no agreement, so the table does not set it for a sign-up "
        "(docs/consent.md b1: each counting account); the engine does. Nothing depends on it.",
        Where.DID,
        ("ON_LIST x *",),
        ("opt_in *",),
        ("nothing (signed_up)*", "nothing (nobody_agrees*"),
    ),
    *(
        Named(
            f"a leaving that was taken back, carried again after a change of list: {how}",
            Decided.TABLE,
            "They left, were opted out, opted in anew with the same account and were put back. Another "
            "account's link still says that they left, so the next list is kept from them, and they are "
            "opted out a second time.",
            where,
            ("GOOD x YES_*", "ON_LIST x YES_*"),
            engine,
        )
        for how, where, engine in (
            ("opted out", Where.DID, ("opt_out [[]*left_list/off*",)),
            ("owed", Where.OWES, ("opt_out [[]*left_list/off*",)),
            ("not added", Where.LEFT_UNDONE, ("*left_list/off*",)),
        )
    ),
    *(
        Named(
            f"an opt-out under the former email, around the move{how}",
            Decided.TABLE,
            "Unsubscribed under the former email about when the account took another one. The table frees "
            "the account where the opt-out is provably the later of the two (docs/consent.md b4); the engine "
            "does not compare them and opts it out.",
            where,
            ("NEVER_THERE x YES_*", "GOOD x YES_*"),
            engine,
        )
        for how, where, engine in (
            ("", Where.DID, ("opt_out [[]no link*",)),
            (": owed", Where.OWES, ("opt_out [[]no link*",)),
            (": not added", Where.LEFT_UNDONE, ("no link",)),
        )
    ),
    Named(
        "an opt-out under a former email that was added for another account",
        Decided.ENGINE,
        "Two accounts had the email, one of them moved and opted out afterwards, the other has no email any "
        "more: the table takes the former email off the list. The engine takes off what it added for this "
        "very account (design §3a R3), and names that nobody agrees any more.",
        Where.LEFT_UNDONE,
        ("ON_LIST x NO_UNANSWERED",),
        ("no link",),
        ("remove (opted_out_in_shop)*",),
    ),
    *(
        Named(
            f"a first export asks nobody, where the shop does not take the opt-out yet: {how}",
            Decided.ENGINE,
            "As above: the engine owes the shop the opt-out, the table would ask; of a disabled account it "
            "would leave the flag.",
            where,
            ("UNSUBSCRIBED x YES_LATER", "UNSUBSCRIBED x SILENT"),
            engine,
        )
        for how, where, engine in (
            ("owed", Where.OWES, ("opt_out [[]opted_out_there/on*",)),
            ("not asked", Where.LEFT_UNDONE, ("opted_out_there/on*",)),
        )
    ),
    Named(
        "the flag of an account that was passed over stays on",
        Decided.TABLE,
        "They left or unsubscribed, and a disabled or guest account of theirs has its flag on: an opt-out "
        "is written to every account (design R1, §3a R1), the engine does not look at this one.",
        Where.LEFT_UNDONE,
        ("LEFT x SILENT", "UNSUBSCRIBED x SILENT", "LEFT x NO_*", "UNSUBSCRIBED x NO_*"),
        ("*synced/[?]*", "*synced/on*", "opted_out_there/off"),
        ("opt_out*",),
    ),
    Named(
        "a sign-up from when the list was in use before",
        Decided.ENGINE,
        "Signed up onto the list while it was in use, another was chosen before the shop was told, and then "
        "this one again: the table counts from the last choice only. It has to know when a list was in use.",
        Where.DID,
        ("ON_LIST x NEVER", "ON_LIST x NO_*"),
        ("opt_in *",),
        ("nothing (not_ours)*", "nothing (put_on_by_staff*"),
    ),
    Named(
        "staff added people who had been left out",
        Decided.KEEP,
        "A further first export asked about them again, and staff said *Add*. The witness is not told of "
        "that answer: it has to be a statement of staff that takes back the leaving out.",
        Where.DID,
        ("LEFT_UNWATCHED x *",),
        ("add [[]*left_out*",),
        ("nothing (left_out*",),
    ),
    Named(
        "a first export revives nobody",
        Decided.ENGINE,
        "Deleted before ccdesk came, and opted in after the deletion's date: the table revives the contact, "
        "a first export leaves the tombstone (design R2), as it asks nobody who had unsubscribed.",
        Where.LEFT_UNDONE,
        ("DELETED x YES_LATER",),
        ("*deleted_there/on*",),
        ("revive*",),
    ),
    Named(
        "the flag of an account that does not count is not kept",
        Decided.KEEP,
        "They unsubscribed, and a disabled or guest account is to be opted out: the store knows that this is "
        "owed, but not that its flag is on.",
        Where.STORE,
        ("UNSUBSCRIBED x * instead of UNSUBSCRIBED x SILENT",),
        ("opt_out [[]*[?]*", "opted_out_there/*"),
    ),
    Named(
        "staff's Add, and the leaving is carried afterwards",
        Decided.TABLE,
        "Staff added a newcomer before the shop was given the leaving: that lifts it (design §3a R1). The "
        "engine leaves the account that was added, and opts out the one that it still owes the leaving to.",
        Where.DID,
        ("ON_LIST x YES_*",),
        ("opt_out [[]left_list/on*synced/on/list*",),
        ("nothing (in_step)*",),
    ),
    Named(
        "opted out, and the account gone before its event",
        Decided.TABLE,
        "Another call than the look for events showed the flag cleared, an export's probe of one row say, "
        "and then the account was deleted: the engine takes nothing from such a row and closes the link. A "
        "cleared flag counts whatever became of the account (design §3a R1).",
        Where.LEFT_UNDONE,
        ("ON_LIST x NO_UNANSWERED", "HOLD x NO_UNANSWERED", "PENDING x NO_UNANSWERED"),
        ("closed/on/list*",),
        ("remove*",),
    ),
    Named(
        "when the flag of an account that does not count was set is not kept",
        Decided.KEEP,
        "They left, and a disabled account has its flag on: the store knows that it was seen on, but not "
        "that it was set after the leaving, so from the store alone it is to be cleared.",
        Where.STORE,
        ("LEFT x * instead of LEFT x *", "LEFT x NO_* instead of GOOD x NO_*"),
        ("*synced/[?]*", "left_list/off", "left_list/off + synced/off"),
        ("opt_out*",),
    ),
    Named(
        "the same, beside an account whose confirmation is waited for",
        Decided.KEEP,
        "They unsubscribed, one account opted in later and was asked, and so did a disabled one: the store "
        "does not know when.",
        Where.STORE,
        ("UNSUBSCRIBED x YES_LATER instead of UNSUBSCRIBED x YES_LATER",),
        ("*confirming/on*opted_out_there/[?]*",),
        ("opt_out (waiting_for_confirmation*",),
    ),
    Named(
        "a newcomer's opt-in is not compared with an unsubscription that came since",
        Decided.TABLE,
        "Somebody opted out in the shop, a newcomer opted in, the person unsubscribed, and flags were set "
        "later: the confirmation is asked for one account, and the engine opts the newcomer's out with the "
        "others. The link knows that the flag is later than the first opt-out only.",
        Where.DID,
        ("UNSUBSCRIBED x YES_LATER", "UNSUBSCRIBED x SILENT"),
        ("opt_out [[]confirming/on + *newcomer/on*",),
        ("nothing (waiting_for_confirmation*", "nothing (unsubscribed)*"),
    ),
    Named(
        "nobody is asked at an email that cannot be sent",
        Decided.TABLE,
        "The shop's email is malformed or too long, a contact has it all the same and unsubscribed before "
        "the opt-in: the table asks for the confirmation. The engine took the opt-in for acted on when it "
        "named the email (design R2), and opts it out.",
        Where.DID,
        ("UNSUBSCRIBED x YES_LATER",),
        ("opt_out [[]invalid/on]",),
        ("ask (asked)*",),
    ),
    Named(
        "the word of an account that took another email does not go along",
        Decided.KEEP,
        "Opted out under the former email, the account has another one now, and somebody who is still to "
        "confirm is on the list under that: the link keeps one email, the person needs both "
        "(docs/decisions/0008, step 2). Nobody is mailed before they confirm.",
        Where.UNNAMED,
        ("PENDING x NO_*",),
        ("no link",),
    ),
    Named(
        "a sign-up is not kept",
        Decided.KEEP,
        "From the store alone an opt-out in the shop stands, which the person took back by signing up.",
        Where.STORE,
        ("ON_LIST x NO_* instead of ON_LIST x NO_SIGNED_UP",),
    ),
    Named(
        "a sign-up beside an account that agrees already",
        Decided.ENGINE,
        "They left, one account was opted out, another agrees, and they signed up again: one opt-in is "
        "enough for the table, the engine sets the other flag as well (design R4), as where the account that "
        "agrees has only just taken this email. Nothing depends on it.",
        Where.DID,
        ("ON_LIST x YES_*",),
        ("opt_in *",),
        ("nothing (in_step)*",),
    ),
    Named(
        "left within the lag of the look before",
        Decided.ENGINE,
        "The witness takes a list for as old as its answer, the engine for minutes older: an account that "
        "came in these minutes is no newcomer to the one, and is to the other. Readings get windows with "
        "the switch.",
        Where.LEFT_UNDONE,
        ("LEFT x YES_LATER",),
        ("*newcomer/on*",),
        ("add (came_back)*",),
    ),
    Named(
        "that an account is a guest's is not kept",
        Decided.KEEP,
        "From the store alone a guest's opt-in lifts another account's opt-out: nothing tells that it is "
        "one.",
        Where.STORE,
        ("* instead of * x NO_*",),
        ("*newcomer/on*",),
    ),
)


def unnamed(differences: Iterable[Difference]) -> list[str]:
    """Return the kinds of differences that have no name, each with the person it was met with."""
    return [f"{one.kind} ({one.key})" for one in differences if not name_of(one)]


def name_of(difference: Difference) -> str:
    """Return the name of a difference, `""` if it has none."""
    return next((one.name for one in NAMED if one.fits(difference)), "")
