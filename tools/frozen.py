"""Entry of the packaged programs."""

import os
import sys
from collections.abc import MutableMapping

_OF_THE_PACKAGE = ("QT_PLUGIN_PATH", "QML2_IMPORT_PATH", "_PYI_")  # how names begin that PyInstaller sets
_SEARCHED = ("LD_LIBRARY_PATH", "LIBPATH")  # it keeps what these were under `…_ORIG`


def give_environment_back(environment: MutableMapping[str, str]) -> None:
    """Let what we start, a browser at login for example, find its own libraries and plugins again, not ours.

    The program itself needs none of it any more: the loader has read its path at the start, and PySide6 tells
    Qt where it lies (`qt.conf`). A QT_PLUGIN_PATH of the user's own is gone by now; it could only harm ours.
    """
    for name in _SEARCHED:
        if f"{name}_ORIG" in environment:
            environment[name] = environment.pop(f"{name}_ORIG")
        else:
            environment.pop(name, None)
    for name in [name for name in environment if name.startswith(_OF_THE_PACKAGE)]:
        del environment[name]


if __name__ == "__main__":
    if sys.platform.startswith("linux"):  # elsewhere nothing is changed that others could stumble over
        give_environment_back(os.environ)
    from ccdesk.__main__ import main

    sys.exit(main())
