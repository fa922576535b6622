"""The windows that open from the tabs."""
