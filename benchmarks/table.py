"""The one table: rows of figures as plain aligned text and as JSON, with the machine named."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One measured case. Times are seconds, memory is MB; None: does not apply or was not measured.

    `cpu` and `peak_mb` are those of ccdesk's own process,
        `busy` is the sandbox's processor time as a share of
    the wall time. `target` says what was wanted and `met` whether it held; `by_path` counts the calls as the sandbox received them.
    """

    topic: str
    case: str
    limits: str = ""
    calls_cc: int | None = None
    calls_kibo: int | None = None
    wall: float | None = None
    cpu: float | None = None
    peak_mb: float | None = None
    busy: float | None = None
    result: str = ""
    target: str = ""
    met: bool | None = None
    by_path: dict[str, int] | None = None  # in the JSON only
    latency: str = ""


LEGEND = """\
limits on: the sandbox refuses more than 4 calls a second and 10,000 a day,
    and ccdesk keeps to 4 a second for each
  service; off: neither. latency: what every answer of Kibo and of Constant Contact takes on its way. cpu,
      peak: of ccdesk's
  process alone, told by the system when it ended.
waiting: share of the wall time in which ccdesk's process did not compute; sandbox busy: the sandbox's processor time
  as a share of the wall time, that is the most it can have held up."""

HEADS = (
    ("topic", "<"),
    ("case", "<"),
    ("limits", "<"),
    ("latency", "<"),
    ("CC", ">"),
    ("Kibo", ">"),
    ("calls", ">"),
    ("wall s", ">"),
    ("cpu s", ">"),
    ("peak MB", ">"),
    ("waiting", ">"),
    ("sandbox busy", ">"),
    ("result", "<"),
    ("target", "<"),
)


def render(rows: Sequence[Row]) -> str:
    """Return the machine and the table as aligned text."""
    cells = [[head for head, _ in HEADS], *(_cells(row) for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(HEADS))]
    lines = [
        "  ".join(
            f"{text:{side}{width}}" for text, width, (_, side) in zip(line, widths, HEADS, strict=True)
        ).rstrip()
        for line in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([machine(), "", *(line.rstrip() for line in lines), "", LEGEND])


def line(row: Row) -> str:
    """Return one row for who watches: head and figure, without the columns that say nothing."""
    named = zip((head for head, _ in HEADS), _cells(row), strict=True)
    return ", ".join(f"{head} {text}" for head, text in named if text != "-")


def save(path: Path, rows: Sequence[Row]) -> None:
    """Write machine and rows as JSON."""
    document = {"machine": machine(), "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def machine() -> str:
    """Return what it was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB of memory; {_system()}; "
        f"Python {platform.python_version()}"
    )


def say(text: str) -> None:
    """Tell how far it is, beside the table."""
    print(text, file=sys.stderr, flush=True)


def _cells(row: Row) -> list[str]:
    both = None if row.calls_cc is None or row.calls_kibo is None else row.calls_cc + row.calls_kibo
    verdict = "" if row.met is None else (" met" if row.met else " MISSED")
    return [
        row.topic,
        row.case,
        row.limits or "-",
        row.latency or "-",
        _number(row.calls_cc),
        _number(row.calls_kibo),
        _number(both),
        _number(row.wall, 1),
        _number(row.cpu, 1),
        _number(row.peak_mb),
        "-" if row.wall is None or row.cpu is None else f"{max(0.0, 1 - row.cpu / row.wall):.0%}",
        "-" if row.busy is None else f"{row.busy:.0%}",
        row.result or "-",
        f"{row.target}:{verdict}" if row.target and verdict else row.target or "-",
    ]


def _number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return f"{platform.system()} {platform.release()}"
