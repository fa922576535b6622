"""One table of routes for all applications of a kind: making one takes longer than all else of a start."""

from __future__ import annotations

import copy
from typing import Any

from flask import Config, Flask


def another(routes: Flask, **settings: Any) -> Flask:
    """Return an application with the routes and handlers of another one, and settings of its own.

    Neither may be given further routes: both have the same table.
    """
    app = copy.copy(routes)
    app.config = Config(routes.root_path, {**routes.config, **settings})
    return app
