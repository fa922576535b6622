"""Sign-in, permissions, limits, headers, and the two kinds of 404."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.sandbox.kibo.testing import ACCOUNTS, OAUTH, Shop

GENERAL = "/api/commerce/settings/general"
APPLICATION = "/api/commerce/settings/applications"


@pytest.fixture
def shop() -> Shop:
    return Shop()


class TestSignIn:
    def test_gives_a_bearer_for_an_hour(self, shop: Shop) -> None:
        reply = shop.client.post(OAUTH, json=shop.credentials()).json
        assert (reply["token_type"], reply["expires_in"]) == ("Bearer", 3600)
        shop.clock.advance(timedelta(seconds=3599))
        assert shop.get(ACCOUNTS).status_code == 200
        shop.clock.advance(timedelta(seconds=1))
        answer = shop.get(ACCOUNTS)
        assert (answer.status_code, answer.json["errorCode"]) == (401, "UNAUTHORIZED")

    @pytest.mark.parametrize("wrong", [{"client_id": "x"}, {"client_secret": None}, {"refresh_token": "x"}])
    def test_refuses_what_it_does_not_know(self, shop: Shop, wrong: dict[str, object]) -> None:
        answer = shop.client.post(OAUTH, json=shop.credentials(**wrong))
        assert (answer.status_code, answer.json["errorCode"]) == (401, "UNAUTHORIZED")

    def test_wants_json_and_the_right_grant(self, shop: Shop) -> None:
        assert shop.client.post(OAUTH, data=shop.credentials()).status_code == 400
        assert shop.client.post(OAUTH, json=shop.credentials(grant_type="password")).status_code == 400
        assert shop.client.post(OAUTH).status_code == 409

    def test_refreshing_is_the_same_call(self, shop: Shop) -> None:
        first = shop.client.post(OAUTH, json=shop.credentials()).json
        again = shop.client.post(OAUTH, json=shop.credentials(refresh_token=first["refresh_token"]))
        assert again.json["access_token"] != first["access_token"]
        shop.state.switches.gives_refresh_token = False
        assert shop.client.post(OAUTH, json=shop.credentials()).json["refresh_token"] is None

    def test_tokens_can_end_early_or_be_short(self, shop: Shop) -> None:
        shop.state.expire_tokens()
        assert shop.get(ACCOUNTS).status_code == 401
        shop.state.switches.token_lifetime = 5
        shop.sign_in()
        shop.clock.advance(timedelta(seconds=5))
        assert shop.get(ACCOUNTS).status_code == 401

    @pytest.mark.parametrize("value", ["", "Bearer", "Bearer x", "Basic x"])
    def test_every_other_call_needs_it(self, shop: Shop, value: str) -> None:
        assert shop.call("GET", ACCOUNTS, headers={"Authorization": value}).status_code == 401


class TestPermissions:
    @pytest.mark.parametrize(
        ("behavior", "method", "path"),
        [
            ("Customer Read", "GET", ACCOUNTS),
            ("Customer Update", "PUT", f"{ACCOUNTS}/1001"),
            ("Customer Create", "POST", ACCOUNTS),
            ("Customer Delete", "DELETE", f"{ACCOUNTS}/1001"),
            ("Tenant Read", "GET", "/api/platform/tenants/12345"),
            ("General Settings Read", "GET", GENERAL),
            ("Application Status Read", "GET", APPLICATION),
        ],
    )
    def test_each_can_be_missing(self, shop: Shop, behavior: str, method: str, path: str) -> None:
        shop.state.switches.behaviors.discard(behavior)
        answer = shop.call(method, path)
        assert (answer.status_code, answer.json["errorCode"]) == (403, "FORBIDDEN")
        assert behavior in answer.json["message"]

    def test_one_granted_later_needs_a_new_token(self, shop: Shop) -> None:
        shop.state.switches.behaviors.discard("Customer Read")
        shop.sign_in()
        shop.state.switches.behaviors.add("Customer Read")
        assert shop.get(ACCOUNTS).status_code == 403
        shop.sign_in()
        assert shop.get(ACCOUNTS).status_code == 200

    def test_the_tenant_has_to_be_named(self, shop: Shop) -> None:
        for value, status in (("", 400), ("999", 403)):
            for path in (ACCOUNTS, "/api/event/pull"):
                assert shop.call("GET", path, headers={"x-vol-tenant": value}).status_code == status
        assert (
            shop.call("GET", "/api/platform/tenants/12345", headers={"x-vol-tenant": ""}).status_code == 200
        )


class TestAnswers:
    def test_over_the_limit_there_is_an_empty_429(self) -> None:
        shop = Shop(rate_per_second=2)
        assert [shop.get(ACCOUNTS).status_code for _ in range(3)] == [200, 200, 429]
        refused = shop.get(ACCOUNTS)
        assert (refused.data, refused.headers["Retry-After"]) == (b"", "60")
        assert refused.headers["x-vol-correlation"]
        shop.seconds += 1.0
        assert shop.get(ACCOUNTS).status_code == 200
        shop.state.set_switches(retry_after=None, rate_per_second=0)
        assert "Retry-After" not in shop.get(ACCOUNTS).headers
        assert shop.client.post(OAUTH, json=shop.credentials()).status_code == 200

    def test_a_missing_item_is_told_from_a_wrong_path(self, shop: Shop) -> None:
        item, path = shop.get(f"{ACCOUNTS}/5"), shop.get("/api/commerce/customers")
        assert (item.status_code, item.json["errorCode"]) == (404, "ITEM_NOT_FOUND")
        assert item.headers["x-vol-correlation"] == item.json["correlationId"]
        assert path.status_code == 404
        assert "x-vol-correlation" not in path.headers
        assert path.mimetype == "text/html"

    def test_the_callers_correlation_id_comes_back(self, shop: Shop) -> None:
        answer = shop.call("GET", ACCOUNTS, headers={"x-vol-correlation": "abc"})
        assert answer.headers["x-vol-correlation"] == "abc"

    def test_a_wrong_method_is_a_405(self, shop: Shop) -> None:
        answer = shop.call("PATCH", ACCOUNTS)
        assert answer.status_code == 405
        assert {"GET", "POST"} <= {one.strip() for one in answer.headers["Allow"].split(",")}

    @pytest.mark.parametrize(
        "path", ["/api/Commerce/Customer/ACCOUNTS", f"{ACCOUNTS}/", "/API/commerce/customer/accounts/"]
    )
    def test_paths_have_no_case_and_may_end_with_a_slash(self, shop: Shop, path: str) -> None:
        assert shop.ok("GET", path, pageSize=1)["totalCount"] == 0

    def test_the_date_is_the_sandboxes(self, shop: Shop) -> None:
        assert shop.get(ACCOUNTS).headers.get_all("Date") == ["Mon, 04 May 2026 10:00:00 GMT"]


class TestPlatform:
    def test_the_tenant_tells_its_bare_host_and_sites(self, shop: Shop) -> None:
        tenant = shop.ok("GET", "/api/platform/tenants/12345/")
        assert tenant["domain"] == "127.0.0.1:8123"
        assert [site["id"] for site in tenant["sites"]] == [20001, 20002]
        assert shop.get("/api/platform/tenants/1").status_code == 404

    def test_mail_flags_are_per_site(self, shop: Shop) -> None:
        def flags(site: str) -> tuple[bool, bool]:
            shown = shop.ok("GET", GENERAL, headers={"x-vol-site": site})
            return tuple(
                shown[group]["shopperLoginCreated"]
                for group in ("supressedEmailTransactions", "emailTransactionsOnlyOnRequest")
            )

        shop.state.set_mail_flag(20001, True)
        shop.state.set_mail_flag(20002, True, group="emailTransactionsOnlyOnRequest")
        assert (flags("20001"), flags("20002")) == ((True, False), (False, True))
        assert shop.get(GENERAL).status_code == 400
        assert shop.call("GET", GENERAL, headers={"x-vol-site": "1"}).status_code == 404
        for wrong in ((1, True), (20001, True, "x", "y")):
            with pytest.raises((LookupError, ValueError)):
                shop.state.set_mail_flag(*wrong)

    def test_the_applications_status_is_a_switch(self, shop: Shop) -> None:
        assert shop.ok("GET", APPLICATION)["enabled"] is True
        shop.state.switches.app_status = "off"
        assert shop.ok("GET", APPLICATION)["enabled"] is False
        assert shop.ok("PUT", APPLICATION, {"initialized": True, "enabled": True})["initialized"] is True
        assert shop.ok("GET", APPLICATION)["enabled"] is False
        shop.state.switches.app_status = "forbidden"
        assert shop.get(APPLICATION).status_code == 403
        shop.state.switches.app_status = "missing"
        assert shop.get(APPLICATION).status_code == 404

    def test_an_entitlement_proves_the_installation(self, shop: Shop) -> None:
        path = "/api/platform/appdev/appinstall/tenant/{}/entitlements"
        assert shop.ok("GET", path.format(12345))[0]["appKey"] == shop.state.app_key
        assert shop.ok("GET", path.format(1)) == []
