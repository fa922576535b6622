"""Linux: a unit of the user's own systemd (`man systemd.service`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "%": "%%"})


def unit_file(config: Path, name: str) -> Path:
    """Return where a unit of the user is written down."""
    return config / "systemd" / "user" / f"{name}.service"


def unit(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return a unit that runs a command from login on, and again if it fails."""
    settings = "".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in environment.items())
    return (
        "[Unit]\n"
        "Description=ccdesk: keeps marketing consent the same in Kibo eCommerce and Constant Contact\n"
        "\n"
        "[Service]\n"
        f"{settings}"
        f"ExecStart={' '.join(_quoted(word).replace('$', '$$') for word in command)}\n"
        "Restart=on-failure\n"
        "RestartSec=60\n"
        "\n"
        "[Install]\n"
        "WantedBy=default.target\n"
    )


def _quoted(word: str) -> str:
    return f'"{word.translate(_ESCAPES)}"'
