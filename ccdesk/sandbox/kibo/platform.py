"""What is not about customers: sign-in, tenant, settings, application, events (kibo.md §2, §9, §11)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

from flask import Blueprint, Response, abort, current_app, request

from ccdesk.sandbox.kibo.events import event_fields
from ccdesk.sandbox.kibo.filter import parse_filter, parse_sort, unmet
from ccdesk.sandbox.kibo.gateway import guarded, json_body, reply, state
from ccdesk.sandbox.kibo.model import Json, Refusal, invalid, not_found, stamp
from ccdesk.sandbox.kibo.paging import paging
from ccdesk.sandbox.kibo.sites import tenant_json

blueprint = Blueprint("platform", __name__, url_prefix="/api")

HOST_KEY = "ccdesk_kibo_host"

_EVENT_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@blueprint.post("/platform/applications/authtickets/oauth")
@guarded(signed_in=False, tenant=False)
def sign_in() -> Response:
    """Sign the application in; refreshing is the same call with one key more (§2)."""
    kibo, body = state(), json_body()
    if body.get("grant_type") != "client_credentials":
        raise invalid("grant_type must be client_credentials")
    if (body.get("client_id"), body.get("client_secret")) != (kibo.app_key, kibo.shared_secret):
        raise Refusal(401, "UNAUTHORIZED", "Unknown application key or wrong shared secret")
    refresh = body.get("refresh_token")
    if refresh is not None and not kibo.tokens.is_refresh(str(refresh)):
        raise Refusal(401, "UNAUTHORIZED", "Unknown refresh token")
    return reply(kibo.tokens.issue(kibo.switches, kibo.now_ms()))


@blueprint.get("/platform/tenants/<int:tenant_id>")
@guarded("Tenant Read", tenant=False)
def get_tenant(tenant_id: int) -> Response:
    """Return the tenant with its sites and its host (§1)."""
    kibo = state()
    if tenant_id != kibo.tenant_id:
        raise not_found(f"tenant {tenant_id}")
    host = cast(Callable[[], str], current_app.config[HOST_KEY])
    return reply(tenant_json(tenant_id, host()))


@blueprint.get("/platform/appdev/appinstall/tenant/<int:tenant_id>/entitlements")
@guarded(tenant=False)
def list_entitlements(tenant_id: int) -> Response:
    """Return what proves that the application is installed in a tenant (§11)."""
    return reply([_entitlement()] if tenant_id == state().tenant_id else [])


@blueprint.get("/platform/appdev/appinstall/application/entitlement")
@guarded(tenant=False)
def list_own_entitlements() -> Response:
    """Return all tenants the application is installed in."""
    return reply([_entitlement()])


@blueprint.get("/commerce/settings/general")
@guarded("General Settings Read")
def get_general_settings() -> Response:
    """Return the general settings of the site named in `x-vol-site` (§11)."""
    raw = request.headers.get("x-vol-site", "").strip()
    if not raw.isdecimal():
        raise invalid("Header x-vol-site is missing or no number")
    settings = state().sites.get(int(raw))
    if settings is None:
        raise not_found(f"site {raw}")
    return reply(settings.as_json())


@blueprint.get("/commerce/settings/applications")
@guarded("Application Status Read")
def get_application() -> Response:
    """Return the status of the calling application (§11)."""
    return reply(_application())


@blueprint.put("/commerce/settings/applications")
@guarded("Application Status Update")
def put_application() -> Response:
    """Mark the application as initialized; enabling it is for staff (§11)."""
    kibo, body = state(), json_body()
    _application()
    kibo.app_initialized = body.get("initialized") is True
    return reply(_application())


@blueprint.get("/event/pull")
@guarded()
def list_events() -> Response:
    """Return events of the topics the application is subscribed to (§9)."""
    kibo = state()
    known = event_fields(kibo.switches)
    conditions = parse_filter(request.args.get("filter", ""), known)
    order = parse_sort(request.args.get("sortBy", ""), known)
    found = kibo.events.find(kibo.now_ms(), (*conditions, *unmet(order)), order)
    page = paging(kibo.switches.start_index_limit)
    shown = found[page.start : page.start + page.size]
    return reply(page.collection(len(found), [event.as_json(kibo.tenant_id) for event in shown]))


@blueprint.get("/event/pull/<event_id>")
@guarded()
def get_event(event_id: str) -> Response:
    """Return one event; an id that cannot be one is a 400 (§8)."""
    if _EVENT_ID.fullmatch(event_id) is None:
        raise invalid(f"'{event_id}' is no event id")
    kibo = state()
    event = kibo.events.get(event_id, kibo.now_ms())
    if event is None:
        raise not_found(f"event {event_id}")
    return reply(event.as_json(kibo.tenant_id))


@blueprint.get("/event/push/subscriptions")
@guarded()
def list_subscriptions() -> Response:
    """Return the application's subscription; it has an endpoint, which a desktop does not serve (§9)."""
    kibo = state()
    installed = stamp(0)
    subscription = {
        "id": "1f2e3d4c5b6a79880102030405060708",
        "appId": kibo.app_key,
        "apiVersion": "1",
        "topics": sorted(kibo.switches.subscribed_topics),
        "subscribingTenants": [{"tenantId": kibo.tenant_id, "isActive": True, "subscribingSites": []}],
        "notificationDeliveryType": "HTTP",
        "contentType": "application/json",
        "endpoint": "https://hooks.example.com/kibo",
        "confirmed": True,
        "isActive": True,
        "noCallback": kibo.switches.no_callback,
        "createDate": installed,
        "updateDate": installed,
        "createBy": None,
        "updateBy": None,
    }
    return reply(paging().cut([subscription]))


def _application() -> Json:
    kibo = state()
    if kibo.switches.app_status == "missing":
        abort(404)  # as a path that is not there: the endpoint is absent from the published contract (§11)
    if kibo.switches.app_status == "forbidden":
        raise Refusal(403, "FORBIDDEN", "The application lacks the behavior 'Application Status Read'")
    return {
        "appId": kibo.app_key.split(".")[1],
        "appKey": kibo.app_key,
        "enabled": kibo.switches.app_status == "on",
        "initialized": kibo.app_initialized,
        "isExtension": False,
        "isExtensionCertified": False,
        "uiConfigurationUrl": None,
        "capabilities": [],
    }


def _entitlement() -> Json:
    kibo = state()
    return {
        "appKey": kibo.app_key,
        "applicationEntitlementId": 1,
        "entitlementStatus": "Active",
        "tenantId": kibo.tenant_id,
        "siteId": None,
        "applicationName": "Constant Contact sync",
        "applicationVersion": "1.0.0",
        "installedDate": stamp(0),
        "packageName": "Release",
        "tenantName": "Mystic Outdoors",
    }
