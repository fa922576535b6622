"""ccdesk keeps marketing consent the same in Kibo eCommerce and Constant Contact."""

__version__ = "0.1.0"
