"""Which addresses belong together."""

import pytest

from ccdesk.core.origins import LoginPlace, ShopPlace, origin, same_owner


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://home.mozu.com", "https://home.mozu.com:443"),
        ("https://HOME.mozu.com:443/api/", "https://home.mozu.com:443"),
        ("http://127.0.0.1:8080/v3", "http://127.0.0.1:8080"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("https://home.mozu.com./x", "https://home.mozu.com:443"),
        ("", ""),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, expected: str) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    ("home", "tenant", "same"),
    [
        ("https://home.mozu.com", "https://t1.sandbox.mozu.com", True),
        ("https://home.mozu.com", "https://t1.tp2.usc1.kibocommerce.com", True),
        ("https://home.euw1.kibocommerce.com", "https://t1.tp1.mozu.com", True),
        ("https://home.mozu.com", "https://mozu.com.evil.example", False),
        ("https://home.mozu.com", "https://evilmozu.com", False),
        ("https://home.mozu.com", "http://t1.sandbox.mozu.com", False),
        ("https://home.mozu.com", "https://t1.sandbox.mozu.com:8443", False),
        ("https://home.mozu.com", "https://home.mozu.com:8443", False),
        ("https://home.mozu.com", "https://127.0.0.1", False),
        ("https://home.mozu.com", "", False),
        ("https://home.shop.example", "https://t1.shop.example", True),
        ("https://home.shop.example", "https://t1.sandbox.mozu.com", False),
        ("https://home.shop.co.uk", "https://t1.shop.co.uk", True),
        ("https://home.shop.co.uk", "https://t1.evil.co.uk", False),
        ("https://shop.com.au", "https://evil.com.au", False),
        ("https://192.0.2.7", "https://198.51.100.7", False),
        ("https://192.0.2.7", "https://192.0.2.7", True),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", True),
        ("http://127.0.0.1:8080", "http://localhost:8080", True),
        ("http://127.0.0.1:8080", "http://127.0.0.1:9090", False),
        ("http://127.0.0.1:8080", "https://t1.sandbox.mozu.com", False),
    ],
)
def test_a_tenants_address_belongs_to_the_home_or_not(home: str, tenant: str, same: bool) -> None:
    assert same_owner(home, tenant) is same


def test_places_are_kept_as_text() -> None:
    login, shop = LoginPlace("https://a:443", "https://b:443", "key"), ShopPlace("https://c:443", "")
    assert LoginPlace.read(login.as_text()) == login
    assert ShopPlace.read(shop.as_text()) == shop
    for spoiled in ("", "[]", "{}", "no", None, 7, {"auth": "x"}):
        assert LoginPlace.read(spoiled) is None
    assert not ShopPlace().allows("https://t1.sandbox.mozu.com")
    assert not ShopPlace().allows("")
