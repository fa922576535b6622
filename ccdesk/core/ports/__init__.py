"""What the engine and the services need of the outside world, as Protocols; `container.py` fills them in."""
