"""A module that is another one but for what a test changes in it."""

from __future__ import annotations

from types import ModuleType


def but(module: ModuleType, **changed: object) -> ModuleType:
    """Return a stand-in for a module, set in the one under test: `setattr(files, "os", but(os, replace=…))`.

    In the module itself, a change meets everybody: a sandbox's threads, or the loops of a test before.
    """
    stand_in = ModuleType(module.__name__)
    vars(stand_in).update({**vars(module), **changed})
    return stand_in
