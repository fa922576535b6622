"""Stories: things about the same person that random acts alone seldom bring together, in every variant.

Each is one of the ways in which somebody was mailed against their will, or opted out falsely: an add whose
answer is lost, an export cut off, rows that an import loses, a list that staff delete, a stranger or a guest
with the email of somebody who opted out, a fresh installation. Who it happens to, what else they do, which
runs come between and what goes wrong meanwhile is drawn anew each time.
"""

from __future__ import annotations

from random import Random

from tests.soak.schedule import Thing, Writer, in_order

_LOST = ("drop_after", "timeout_after", "html", "empty", "502_html")
_LEAVING = ("leave", "leave", "leave", "staff_remove", "unsubscribe")


class Stories:
    """Draws stories about people the writer makes up."""

    def __init__(self, chance: Random, writer: Writer) -> None:
        self.chance, self._writer = chance, writer
        self.sizes: dict[str, int] = {}  # what a story needs of `Schedule.sizes`

    def one(self) -> list[Thing]:
        """Return the things of one story."""
        known = [self.lost_answer, self.cut_export, self.lost_rows, self.deleted_list]
        return self.chance.choice([*known, self.stranger, self.owed, self.fresh_installation, self.burst])()

    # ------------------------------------------------------------ parts

    def _person(self, *, accepts: bool, how: str = "") -> tuple[int, str, Thing]:
        """Make an account with an email of its own: its ordinal, the email, and the act."""
        writer = self._writer
        writer.accounts += 1
        email = f"pzq{len(writer.emails)}@people.example"
        writer.emails.append(email)
        return writer.accounts, email, ("act", "customer", writer.accounts, email, accepts, how)

    def _how(self) -> str:
        return self.chance.choice(["", "address", "address"])

    def _perhaps(self, *things: Thing, share: float = 0.5) -> list[Thing]:
        return list(things) if self.chance.random() < share else []

    def _gap(self) -> Thing:
        return ("wait", self.chance.choice([1, 5, 12, 31, 31, 90]))

    def _run(self, *kinds: str) -> Thing:
        return (
            "run",
            self.chance.choice(kinds or ("events", "events", "inbound", "export", "full-compare")),
            (),
        )

    def _edit(self, account: int) -> Thing:
        """Something the person does in the shop that says nothing about consent."""
        return self.chance.choice([("act", "order", account), ("act", "change_name", account, "Later")])

    def _leaves(self, email: str) -> Thing:
        return ("act", self.chance.choice(_LEAVING), email)

    def _settled(self) -> list[Thing]:
        """Everything before is done: whoever is to be on the list is on it, or known not to be."""
        return [
            ("wait", 1),
            ("run", "export", ()),
            ("wait", 1),
            ("run", "events", ()),
            ("run", "inbound", ()),
        ]

    # ------------------------------------------------------------ stories

    def lost_answer(self) -> list[Thing]:
        """Somebody opts in, the add is done, its answer lost; they are seen, leave, and it is tried again."""
        account, email, made = self._person(accepts=False, how=self._how())
        lost = ("trouble", self.chance.choice(_LOST), self.chance.choice([1, 1, 2, 3]), "cc", "POST")
        return [
            made,
            *self._perhaps(("act", "contact", email, "implicit", "other", ""), share=0.3),
            ("wait", 1),
            *self._perhaps(*self._settled(), share=0.7),
            ("act", "opt_in", account),
            ("wait", 1),
            ("run", "events", ((0, lost),)),
            *self._perhaps(self._gap(), self._run("inbound", "inbound", "full-compare", "export"), share=0.8),
            self._leaves(email),
            self._gap(),
            *self._perhaps(self._edit(account), share=0.4),
            self._run(),
            self._gap(),
            self._run("events"),
        ]

    def cut_export(self) -> list[Thing]:
        """An export is cut off when its job has landed; people leave, and do something in the shop."""
        chance = self.chance
        people = [self._person(accepts=True, how=self._how()) for _ in range(chance.choice([1, 2, 3]))]
        cut = (0, ("cut", chance.choice(["after", "after", "before"]), "POST"))
        things = [*(made for _, _, made in people), ("wait", 1), ("run", "export", (cut,))]
        things += self._perhaps(("wait", 1), self._run("inbound", "full-compare"))
        for account, email, _ in people:
            things += self._perhaps(self._leaves(email), share=0.8)
            things += [self._gap(), *self._perhaps(self._run("inbound"), share=0.6)]
            things += self._perhaps(self._edit(account), share=0.7)
        return [*things, ("wait", 1), self._run(), self._gap(), self._run("events", "export")]

    def lost_rows(self) -> list[Thing]:
        """Staff choose another list; its export is cut off, and the job completes with rows missing."""
        chance = self.chance
        people = [self._person(accepts=True, how=self._how()) for _ in range(chance.choice([2, 4, 6]))]
        cut = (0, ("cut", chance.choice(["after", "after", "before"]), "POST"))
        return [
            *(made for _, _, made in people),
            *self._settled(),
            *self._perhaps(("list",), share=0.9),
            ("turn", "cc", "import_loses_every", chance.choice([2, 2, 3])),
            ("run", "export", in_order([cut] if chance.random() < 0.8 else [])),
            ("turn", "cc", "import_loses_every", 0),
            *self._perhaps(self._gap(), self._run("inbound", "events")),
            *self._perhaps(self._edit(people[0][0])),
            ("wait", 1),
            self._run("export", "export", "events"),
            ("run", "inbound", ()),
        ]

    def deleted_list(self) -> list[Thing]:
        """Staff delete the active list; known people do something, or others come with their emails."""
        chance, writer = self.chance, self._writer
        account, email, made = self._person(accepts=True, how=self._how())
        things = [made, *self._settled(), ("act", "delete_list"), self._gap()]
        for _ in range(chance.choice([1, 2])):
            writer.accounts += 1
            stranger = (
                "act",
                "customer",
                writer.accounts,
                email,
                True,
                chance.choice(["guest", "guest", ""]),
            )
            things.append(chance.choice([stranger, stranger, self._edit(account)]))
        things += [("wait", 1), self._run(), self._gap(), self._run("events"), ("run", "inbound", ())]
        return [*things, ("list",), ("wait", 1), self._run()]

    def stranger(self) -> list[Thing]:
        """Somebody opts out; a stranger registers, or a guest checks out, with their email."""
        chance, writer = self.chance, self._writer
        account, email, made = self._person(accepts=True, how=self._how())
        out = chance.choice([("act", "opt_out", account), self._leaves(email), ("act", "leave", email)])
        things = [
            made,
            *self._settled(),
            self._gap(),
            out,
            *self._perhaps(self._gap(), self._run(), share=0.8),
        ]
        for _ in range(chance.choice([1, 1, 2])):
            writer.accounts += 1
            how = chance.choice(["guest", "guest", "", "inactive"])
            things += [
                ("act", "customer", writer.accounts, email, True, how),
                self._gap(),
                self._run("events"),
            ]
            things += self._perhaps(self._run())
            things += self._perhaps(
                ("act", chance.choice(["deactivate", "activate"]), writer.accounts), share=0.3
            )
        things += self._perhaps(("answer", chance.choice(["add", "leave"])), share=0.4)
        things += self._perhaps(("act", "opt_in", account), share=0.3)
        things += self._perhaps(*self._added_beside(writer.accounts), share=0.2)
        return [*things, ("wait", 1), self._run("events"), self._run(), ("run", "inbound", ())]

    def _added_beside(self, account: int) -> list[Thing]:
        """Staff add a newcomer; then an account of the same person counts no more, and again."""
        things: list[Thing] = [("answer", "add")]
        for act in ("deactivate", "activate", "deactivate"):
            things += [("wait", 31), ("run", "events", ()), ("act", act, account)]
        return things

    def owed(self) -> list[Thing]:
        """Kibo takes no write while somebody opts out there; then a second account of theirs opts in anew."""
        chance, writer = self.chance, self._writer
        account, email, made = self._person(accepts=True, how=self._how())
        writer.accounts += 1
        second = writer.accounts
        refused = ("trouble", chance.choice(["bad_request", "500"]), chance.choice([1, 2, 9]), "kibo", "PUT")
        return [
            made,
            ("act", "customer", second, email, chance.choice([True, False, False]), self._how()),
            *self._settled(),
            ("wait", 31),
            ("run", "inbound", ()),  # the second account was known while the person was on the list
            self._gap(),
            self._leaves(email),
            *self._perhaps(("act", "deactivate", account), share=0.3),
            ("wait", 1),
            ("run", chance.choice(["inbound", "inbound", "export"]), ((0, refused),)),
            self._gap(),
            ("act", "opt_in", second),
            ("wait", 1),
            self._run("events", "events", "export", "full-compare"),
            self._gap(),
            *self._perhaps(self._edit(chance.choice([account, second])), share=0.4),
            self._run("inbound", "events"),
        ]

    def fresh_installation(self) -> list[Thing]:
        """People leave; the installation is replaced by one that knows nothing, on a list with members."""
        people = [self._person(accepts=True, how=self._how()) for _ in range(self.chance.choice([2, 3, 5]))]
        things = [*(made for _, _, made in people), *self._settled(), self._gap()]
        for _, email, _ in people[1:]:
            things += self._perhaps(self._leaves(email), share=0.8)
        things += [("reinstall",), *self._perhaps(self._run("events"), self._run("inbound"), share=0.4)]
        things += self._perhaps(self._edit(people[-1][0]), ("wait", 1), self._run("events"), share=0.6)
        return [*things, ("run", "export", ()), self._gap(), self._run(), self._run("events")]

    def burst(self) -> list[Thing]:
        """Accounts made up for it opt out all at once, customers of long standing among them (design R8)."""
        chance = self.chance
        self.sizes["consent.guard.PEOPLE"] = chance.choice([1, 2])
        true = [self._person(accepts=True, how=self._how()) for _ in range(chance.choice([1, 1, 2]))]
        fakes = [self._person(accepts=True) for _ in range(chance.choice([3, 4, 6]))]
        outs: list[Thing] = [("act", "opt_out", account) for account, _, _ in (*true, *fakes)]
        chance.shuffle(outs)
        things = [*(made for _, _, made in true), *self._settled()]
        things += self._perhaps(("wait", 60 * 24 * 8), share=0.8)
        things += [*(made for _, _, made in fakes), ("wait", 1), ("run", "events", ()), *outs, ("wait", 1)]
        things += [self._run("events", "events", "events", "full-compare"), self._gap()]
        things += self._perhaps(self._weighed_again([*true, *fakes]), share=0.4)
        things += self._perhaps(("held", chance.choice(["do", "later", "mistake"])), share=0.5)
        things += [self._gap(), self._run("events"), *self._perhaps(("wait", 60 * 25)), self._run()]
        return things

    def _weighed_again(self, people: list[tuple[int, str, Thing]]) -> Thing:
        """Something that one of those held does meanwhile."""
        account, email, _ = self.chance.choice(people)
        return self.chance.choice([("act", "opt_in", account), self._edit(account), self._leaves(email)])
