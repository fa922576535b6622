"""Draws the program's icon in every size and form the systems want, from `resources/icons/ccdesk.svg`.

python -m tools.pack.icons FOLDER
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

SVG = Path(__file__).resolve().parents[2] / "resources" / "icons" / "ccdesk.svg"
SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
_ICO = (16, 24, 32, 48, 64, 128, 256)
_ICNS = {b"icp4": 16, b"icp5": 32, b"icp6": 64, b"ic07": 128, b"ic08": 256, b"ic09": 512}


def draw(svg: Path, size: int) -> bytes:
    """Return the drawing as a PNG of `size` pixels each way."""
    from PySide6.QtCore import QBuffer, QByteArray
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(str(svg)).render(painter)
    painter.end()
    data = QByteArray()
    image.save(QBuffer(data), "PNG")
    return bytes(data.data())


def ico(pictures: Mapping[int, bytes]) -> bytes:
    """Return a Windows icon of PNG pictures by their size (256 is written as 0)."""
    head = struct.pack("<HHH", 0, 1, len(pictures))
    at, entries = len(head) + 16 * len(pictures), b""
    for size, picture in sorted(pictures.items()):
        entries += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(picture), at)
        at += len(picture)
    return head + entries + b"".join(picture for _, picture in sorted(pictures.items()))


def icns(pictures: Mapping[bytes, bytes]) -> bytes:
    """Return a macOS icon of PNG pictures by their type."""
    body = b"".join(kind + struct.pack(">I", 8 + len(one)) + one for kind, one in pictures.items())
    return b"icns" + struct.pack(">I", 8 + len(body)) + body


def write(folder: Path) -> None:
    """Write `ccdesk-SIZE.png`, `ccdesk.ico` and `ccdesk.icns`."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtGui import QGuiApplication

    application = QGuiApplication.instance() or QGuiApplication([])
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {size: draw(SVG, size) for size in SIZES}
    for size, picture in drawn.items():
        (folder / f"ccdesk-{size}.png").write_bytes(picture)
    (folder / "ccdesk.ico").write_bytes(ico({size: drawn[size] for size in _ICO}))
    (folder / "ccdesk.icns").write_bytes(icns({kind: drawn[size] for kind, size in _ICNS.items()}))
    del application


if __name__ == "__main__":
    write(Path(sys.argv[1]))
