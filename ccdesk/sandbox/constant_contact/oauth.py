"""The authorize and token endpoints, with a real login and consent page (constant-contact.md §2)."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from ccdesk.sandbox.constant_contact.gateway import gateway_error, state
from ccdesk.sandbox.constant_contact.limits import THROTTLED
from ccdesk.sandbox.constant_contact.oauth_texts import SCOPES, OAuthRefusal, scopes_of
from ccdesk.sandbox.constant_contact.pages import consent_page, error_page, login_page
from ccdesk.sandbox.constant_contact.tokens import Asked, OAuthClient, User

BASE = "/oauth2/default/v1"
COOKIE = "sandbox_login"
_HANG_SECONDS = 60

blueprint = Blueprint("cc_oauth", __name__)


@blueprint.get(f"{BASE}/authorize")
def authorize() -> BaseResponse:
    """Check the request, then show the login page, or consent to whom the browser remembers."""
    asked = request.args
    with state().lock:
        client = state().oauth.clients.get(asked.get("client_id", ""))
        redirect_uri = asked.get("redirect_uri", "")
        if client is None or redirect_uri not in client.redirect_uris:
            # Never returns to the application: it has to stop waiting by itself (§2).
            problem = (
                "This application is not known."
                if client is None
                else "This redirect address is not registered."
            )
            return Response(error_page(problem), status=400)
        try:
            wanted = _checked(client, redirect_uri, asked)
        except OAuthRefusal as refusal:
            return _refused(redirect_uri, refusal.error, refusal.description, asked.get("state", ""))
        ticket = secrets.token_urlsafe(16)
        state().oauth.asked[ticket] = wanted
        user = state().oauth.logins.get(request.cookies.get(COOKIE, ""))
        if user is None or asked.get("prompt") == "login":
            return Response(login_page(ticket, client.name))
        return _consent(ticket, wanted, user)


def _checked(client: OAuthClient, redirect_uri: str, asked: Mapping[str, str]) -> Asked:
    if asked.get("response_type") != "code":
        raise OAuthRefusal("unsupported_response_type", "The response type is not supported.")
    if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
        raise OAuthRefusal("invalid_request", "PKCE code challenge is required.")
    if not asked.get("state"):
        raise OAuthRefusal("invalid_request", "The 'state' parameter is required.")
    scopes = scopes_of(asked.get("scope", ""))
    return Asked(client, redirect_uri, asked["code_challenge"], scopes, asked["state"], asked.get("nonce"))


@blueprint.post(f"{BASE}/login")
def login() -> BaseResponse:
    """Take user name and password from the login page."""
    ticket = request.form.get("ticket", "")
    with state().lock:
        wanted = state().oauth.asked.get(ticket)
        if wanted is None:
            return Response(error_page("This sign-in is no longer valid. Start again."), status=400)
        name = request.form.get("username", "")
        user = state().oauth.check_password(name, request.form.get("password", ""))
        if user is None:
            page = login_page(ticket, wanted.client.name, name, "The user name or the password is not right.")
            return Response(page, status=401)
        session = secrets.token_urlsafe(24)
        state().oauth.logins[session] = user
        response = _consent(ticket, wanted, user)
        response.set_cookie(COOKIE, session, path=BASE, httponly=True, samesite="Lax")
        return response


def _consent(ticket: str, wanted: Asked, user: User) -> Response:
    organization = str(state().accounts[user.account_id].summary["organization_name"])
    texts = [SCOPES[one] for one in wanted.scopes if one in SCOPES]
    return Response(consent_page(ticket, wanted.client.name, user.name, organization, texts))


@blueprint.post(f"{BASE}/consent")
def consent() -> BaseResponse:
    """Take the person's decision and send the browser back to the application."""
    with state().lock:
        user = state().oauth.logins.get(request.cookies.get(COOKIE, ""))
        wanted = state().oauth.asked.pop(request.form.get("ticket", ""), None)
        if wanted is None or user is None:
            return Response(error_page("This sign-in is no longer valid. Start again."), status=400)
        if request.form.get("decision") != "allow":
            text = "The resource owner or authorization server denied the request."
            return _refused(wanted.redirect_uri, "access_denied", text, wanted.state)
        code = state().oauth.new_code(
            wanted.client.client_id, user, wanted.redirect_uri, wanted.challenge, wanted.scopes, wanted.nonce
        )
    return _back(wanted.redirect_uri, {"code": code, "state": wanted.state})


def _refused(redirect_uri: str, error: str, description: str, echoed: str) -> BaseResponse:
    back = {"error": error, "error_description": description, "state": echoed}
    return _back(redirect_uri, {name: value for name, value in back.items() if value})


def _back(redirect_uri: str, values: Mapping[str, str]) -> BaseResponse:
    parts = urlsplit(redirect_uri)
    query = urlencode([*parse_qsl(parts.query), *values.items()])
    return redirect(urlunsplit(parts._replace(query=query)))


@blueprint.post(f"{BASE}/token")
def token() -> Response:
    """Exchange a code or a refresh token; the values come in a form body, or in the query string (§2)."""
    values = {**request.args.to_dict(), **request.form.to_dict()}
    with state().lock:
        if state().limits.refuse_token(values.get("client_id", "")):
            return gateway_error(429, *THROTTLED)
        try:
            if "Authorization" in request.headers:
                raise OAuthRefusal(
                    "invalid_client", "This public client has no secret to authenticate with.", 401
                )
            body = _granted(values)
        except OAuthRefusal as refusal:
            error = {"error": refusal.error, "error_description": refusal.description}
            return Response(json.dumps(error), status=refusal.status, content_type="application/json")
    response = Response(json.dumps(body), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post(f"{BASE}/revoke")
def revoke() -> Response:
    """Take a token back; one that is not known, or dead already, is no error (RFC 7009 §2.2)."""
    values = {**request.args.to_dict(), **request.form.to_dict()}
    mode = state().switches.revoke
    if mode == "hangs":
        time.sleep(_HANG_SECONDS)  # without the lock: nobody else waits
    if mode == "missing":
        return gateway_error(404, "not_found", "Not Found")
    with state().lock:
        try:
            if mode == "refuses":
                raise OAuthRefusal("unauthorized_client", "The client is not authorized to revoke tokens.")
            state().oauth.revoke_token(values)
        except OAuthRefusal as refusal:
            error = {"error": refusal.error, "error_description": refusal.description}
            return Response(json.dumps(error), status=refusal.status, content_type="application/json")
    return Response(b"", status=200)


def _granted(values: Mapping[str, str]) -> dict[str, object]:
    kind = values.get("grant_type")
    if kind == "authorization_code":
        return state().oauth.exchange(values)
    if kind == "refresh_token":
        return state().oauth.refresh(values)
    raise OAuthRefusal("unsupported_grant_type", "The grant type is missing or not supported.")
