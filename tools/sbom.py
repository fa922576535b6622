"""The bill of materials of a release, as CycloneDX 1.5, from requirements.lock: `python tools/sbom.py FILE`.

It names what the program needs to run, on any system, with versions and hashes. Needs nothing but Python.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_PIN = re.compile(r"([\w.-]+)==([\w.!+-]+)(?: ; (.+?))? \\$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"^    #(?:  )? (?:via )?([\w.-]+)(?: \((.+)\))?$")


def document(lock: str, project: dict[str, Any]) -> dict[str, Any]:
    """Return the document; the same lock and version have the same."""
    name, version = project["name"], project["version"]
    components = [_component(*pin) for pin in needed(lock, project)]
    serial = uuid.uuid5(uuid.NAMESPACE_URL, f"{name}=={version}\n{lock}")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": f"pkg:pypi/{name}@{version}",
                "name": name,
                "version": version,
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": components,
    }


def needed(lock: str, project: dict[str, Any]) -> Iterator[tuple[str, str, str, list[str]]]:
    """Yield name, version, condition and hashes of what the program needs, or what that needs, in turn."""
    wanted = {_name(re.split(r"[^\w.-]", text)[0]) for text in project["dependencies"]}
    blocks = list(_blocks(lock))
    while True:
        more = {name for name, *_, via in blocks if via & wanted} - wanted
        if not more:
            break
        wanted |= more
    for name, version, condition, hashes, _ in blocks:
        if name in wanted:
            yield name, version, condition, hashes


def _blocks(lock: str) -> Iterator[tuple[str, str, str, list[str], set[str]]]:
    """Yield each pin of the lock, with the names of those that need it."""
    lines: list[str] = []
    for line in [*lock.splitlines(), "end"]:
        if lines and not line.startswith(" "):
            if pin := _PIN.match(lines[0]):
                via = {_name(found[1]) for one in lines if (found := _VIA.match(one))}
                yield _name(pin[1]), pin[2], pin[3] or "", _HASH.findall("\n".join(lines)), via
            lines = []
        lines.append(line)


def _component(name: str, version: str, condition: str, hashes: list[str]) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}@{version}",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
        "hashes": [{"alg": "SHA-256", "content": one} for one in hashes],
    }
    if condition:
        component["properties"] = [{"name": "ccdesk:only-where", "value": condition}]
    return component


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def main() -> None:
    """Write the document to the file named."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    Path(sys.argv[1]).write_text(json.dumps(document(lock, project), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
