"""Calling Kibo and Constant Contact: what goes over the wire, and core models on this side of it.

From below: in `http/`, `transport` sends one request, `policy` says how often and how fast, `caller` puts
both together with the login and turns answers into the errors of `core.errors`; `kibo/` and
`constant_contact/` know the services.
"""
