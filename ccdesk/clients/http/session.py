"""How any of ccdesk's sessions is set up: certificates of the system, patience, a name, no cookies."""

from __future__ import annotations

import ssl
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import truststore
from requests.adapters import HTTPAdapter

from ccdesk import __version__
from ccdesk.clients.http.deadline import POOLS


class DeadlineAdapter(HTTPAdapter):
    """Hangs up on answers that do not come to an end, on direct connections and through a proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make direct connections such ones."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make connections through a proxy such ones."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = POOLS
        return manager


class TrustStoreAdapter(DeadlineAdapter):
    """Checks certificates against the operating system's store, so a company's own authority counts.

    A bundle named by REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE goes before it, as everywhere with requests.
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Give every direct connection the system's store."""
        kwargs["ssl_context"] = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        super().init_poolmanager(*args, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Give connections through a proxy the system's store as well."""
        kwargs["ssl_context"] = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return super().proxy_manager_for(proxy, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Keep requests from adding its own list of authorities to the system's."""
        super().cert_verify(conn, url, verify, cert)
        if verify is True:
            conn.ca_certs = None


def prepare_session(session: requests.Session) -> requests.Session:
    """Set up any session the way ccdesk talks to servers; `auth` uses it for the token endpoint too."""
    session.mount("https://", TrustStoreAdapter())
    session.mount("http://", DeadlineAdapter())
    session.headers["User-Agent"] = f"ccdesk/{__version__}"
    session.headers["Accept"] = "application/json"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session
