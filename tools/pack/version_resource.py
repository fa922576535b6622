"""The version that Windows shows of a program file, in the form PyInstaller reads."""

from __future__ import annotations

import re

_FORM = """\
VSVersionInfo(
  ffi=FixedFileInfo(filevers={four}, prodvers={four}, mask=0x3F, flags=0, OS=0x40004, fileType=1, subtype=0),
  kids=[
    StringFileInfo([StringTable('040904B0', [
{strings}
    ])]),
    VarFileInfo([VarStruct('Translation', [1033, 1200])]),
  ],
)
"""


def version_info(version: str, name: str, description: str, copyright_line: str) -> str:
    """Return the resource of the program file `name`; a version such as 0.2.0rc1 counts as 0.2.0.0."""
    numbers = [int(part) for part in re.findall(r"\d+", version.split("rc")[0])][:4]
    four = tuple([*numbers, 0, 0, 0, 0][:4])
    strings = {
        "CompanyName": "ccdesk",
        "FileDescription": description,
        "FileVersion": version,
        "InternalName": name,
        "LegalCopyright": copyright_line,
        "OriginalFilename": f"{name}.exe",
        "ProductName": "ccdesk",
        "ProductVersion": version,
    }
    lines = (f"      StringStruct({key!r}, {value!r})," for key, value in strings.items())
    return _FORM.format(four=four, strings="\n".join(lines))
