"""Differences between the table and the engine: what was done, what is owed, what staff are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ccdesk.consent.decide import Decision
from ccdesk.consent.model import Act
from tests.shadow.stance import Stance
from tests.shadow.witness import Wrote


class Where(StrEnum):
    """How a difference shows."""

    DID = "the engine did what the table does not ask for"
    LEFT_UNDONE = "the table asks for what the engine neither did nor owes"
    OWES = "the engine owes the shop what the table does not ask for"
    UNNAMED = "the table names what the engine does not tell"
    STORE = "the store has forgotten it: from what it keeps, the table decides otherwise"


@dataclass(frozen=True)
class Difference:
    """One person about whom the table and the engine differ; `kind` is what it has in common with others."""

    where: Where
    cell: str
    engine: str
    table: str
    key: str
    detail: str = ""

    @property
    def kind(self) -> str:
        """Row by column, the engine's state and the decision, without the person."""
        return f"{self.where.name} | {self.cell} | engine: {self.engine} | table: {self.table}"


def cell(decision: Decision) -> str:
    """Return row by column in short."""
    row = decision.row.name if decision.row else "-"
    return f"{row} x {decision.column.name if decision.column else '-'}"


def says(decision: Decision) -> str:
    """Return what a decision comes to in short."""
    acts = ",".join(sorted({one.act.value for one in decision.commands})) or "nothing"
    return f"{acts} ({decision.reason.value}{', named' if decision.named else ''})"


def done(wrote: Wrote, states: str) -> Difference | None:
    """Compare one write of the engine's with what the table said just before it, or as the run began."""
    if wrote.agreed:
        return None
    one = wrote.decision
    return Difference(Where.DID, cell(one), f"{wrote.act.value} [{states}]", says(one), wrote.key)


def pending(key: str, decision: Decision, stance: Stance | None) -> Iterator[Difference]:
    """Compare what the table asks for with what the engine owes about somebody it is done with for now."""
    states = stance.states if stance is not None else "no link"
    owes = stance.owes if stance is not None else frozenset[Act]()
    told = cell(decision), states, says(decision), key
    missing = {one.act for one in decision.commands} - owes
    if stance is not None and stance.unsendable:  # the table knows nothing of addresses: the way to them does
        missing = {act for act in missing if act.writes_flag}
    if missing:
        yield Difference(Where.LEFT_UNDONE, *told)
    if owes - {one.act for one in decision.commands}:
        cell_, _, table, _ = told
        yield Difference(Where.OWES, cell_, f"{','.join(sorted(owes))} [{states}]", table, key)


def untold(key: str, decision: Decision, stance: Stance | None) -> Iterator[Difference]:
    """Yield somebody whom the table names, and of whom no link and no list of disagreements tells."""
    if decision.named and not decision.commands and not (stance is not None and stance.tells):
        states = stance.states if stance is not None else "no link"
        yield Difference(Where.UNNAMED, cell(decision), states, says(decision), key)
