"""Calling Kibo and Constant Contact: what goes over the wire, and core models on this side of it.

From below: `transport` sends one request, `policy` says how often and how fast, `caller` puts both together
with the log-in and turns answers into the errors of `core.errors`, `cc_…` and `kibo_…` know the services.
"""
