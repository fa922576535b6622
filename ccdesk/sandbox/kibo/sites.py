"""The tenant and its sites, and the settings a site carries of its own (kibo.md §8, §11)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccdesk.sandbox.kibo.model import Json

MAIL_GROUPS = ("supressedEmailTransactions", "emailTransactionsOnlyOnRequest")  # spelling as in the API
_MAILS = ("shopperLoginCreated", "accountCreated", "orderChanged", "orderShipped", "shopperPasswordReset")


@dataclass(frozen=True)
class Site:
    """One shop of the tenant."""

    id: int
    name: str
    catalog_id: int
    locale: str
    country: str
    currency: str
    time_zone: str  # Windows names here (§11)

    def as_json(self, tenant_id: int, domain: str) -> Json:
        """Return the site as the tenant reply lists it."""
        return {
            "id": self.id,
            "name": self.name,
            "tenantId": tenant_id,
            "catalogId": self.catalog_id,
            "localeCode": self.locale,
            "countryCode": self.country,
            "currencyCode": self.currency,
            "domain": domain,
            "primaryCustomDomain": None,
            "attributes": [],
        }


SITES = (
    Site(20001, "Mystic US", 1, "en-US", "US", "USD", "Central Standard Time"),
    Site(20002, "Mystic UK", 2, "en-GB", "GB", "GBP", "GMT Standard Time"),
)


@dataclass
class SiteSettings:
    """The general settings of a site: a stock sandbox has every mail flag false (§11)."""

    site: Site
    mails: dict[str, dict[str, bool | None]] = field(
        default_factory=lambda: {group: dict.fromkeys(_MAILS, False) for group in MAIL_GROUPS}
    )

    def as_json(self) -> Json:
        """Return the general settings as the service shows them."""
        return {
            "websiteName": self.site.name,
            "siteTimeZone": self.site.time_zone,
            "siteTimeFormat": "12hr",
            "senderEmailAddress": "no-reply@example.com",
            "senderEmailAlias": self.site.name,
            "replyToEmailAddress": "service@example.com",
            "isAddressValidationEnabled": False,
            **{group: dict(flags) for group, flags in self.mails.items()},
            "emailTypes": [{"id": mail[0].upper() + mail[1:]} for mail in _MAILS],
            "auditInfo": {
                "createDate": "2024-01-08T16:20:00.000Z",
                "updateDate": "2026-01-06T21:05:19.842Z",
                "createBy": None,
                "updateBy": None,
            },
        }


def tenant_json(tenant_id: int, domain: str) -> Json:
    """Return the tenant as the home pod shows it; `domain` is a bare host, without a scheme (§1)."""
    return {
        "id": tenant_id,
        "name": "Mystic Outdoors",
        "isDevTenant": True,
        "domain": domain,
        "sites": [site.as_json(tenant_id, domain) for site in SITES],
        "masterCatalogs": [],
        "attributes": [],
        "lastLoginDate": None,
        "expiry": None,
        "isUnified": True,
    }
