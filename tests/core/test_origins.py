"""Which addresses belong together."""

import pytest

from ccdesk.core.errors import SettingsError
from ccdesk.core.origins import LoginPlace, ShopPlace, origin, same_owner
from ccdesk.core.settings import check


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


# The first part is what requests would call, though the whole ends like a host of Kibo's; or the reverse.
ODD_HOSTS = [
    "evil.example\\.mozu.com",
    "evil.example\\@t1.mozu.com",
    "evil.example:443\\.mozu.com",
    "127.0.0.1\\.mozu.com",
    "evil.example%2f.mozu.com",
    "evil.example%5c.mozu.com",
    "evil.example;.mozu.com",
    "evil.example .mozu.com",
    "evil.example\u3002mozu.com",
    "m\u043ezu.com",
    "user@t1.mozu.com",
    "[::1",
    "t1.mozu.com:",
    "t1.mozu.com:x",
    "t1.mozu.com:99999",
]


@pytest.mark.parametrize("host", ODD_HOSTS)
def test_a_host_that_can_be_read_in_two_ways_is_nobodys(host: str) -> None:
    address = f"https://{host}"
    assert origin(address) == ""
    assert not same_owner("https://home.mozu.com", address)
    assert not ShopPlace("https://home.mozu.com:443", "").allows(address)
    with pytest.raises(SettingsError):
        check("kibo_tenant_url", address)


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
