"""What is true of several commands: exit codes and environment variables, and what is told of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ccdesk.core.errors import ExitCode
from ccdesk.core.settings import SECRET_VARIABLE

EXIT_CODES: Mapping[int, str] = {
    ExitCode.DONE: "done; errors of single people are in the answer",
    ExitCode.OUR_FAULT: "a fault of ccdesk itself",
    ExitCode.WRONG_USE: "wrong use or settings, or a place for data or secrets that cannot be used",
    ExitCode.LOGIN_NEEDED: "a login to Constant Contact is needed: “ccdesk login”",
    ExitCode.SERVICE: "a service is unreachable, refused, or its calls are used up; nothing is lost",
    ExitCode.BUSY: "another run is in progress",
    ExitCode.CONFIRM: "a person must confirm; the answer says how",
    ExitCode.NOT_REPRODUCED: "a replay ended otherwise than the run had",
    ExitCode.STOPPED: "stopped by Ctrl+C, by the system, or with its terminal",
}

ENVIRONMENT: Mapping[str, str] = {
    "CCDESK_BASE_DIR": "the folder for all data, where --base-dir is not given",
    "CCDESK_VAULT": "where secrets are kept: “keyring” (the system's, as when unset) or “file”",
    SECRET_VARIABLE: "the Kibo shared secret, instead of the one that is kept",
    "CCDESK_<KEY>": "any setting, before the one stored (CCDESK_CONTACT_LIST); “ccdesk settings show” lists "
    "the keys",
    "SSL_CERT_FILE, SSL_CERT_DIR": "on Linux, other certificates to believe instead of the system's",
    "REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE": "certificates to believe beside the system's",
    "HTTPS_PROXY, NO_PROXY": "the way out, as for other programs; never used for this computer itself",
    "BROWSER": "the browser that “ccdesk login” opens",
    "CCDESK_LANGUAGE": "the window's language, instead of the system's: “en” or “de”",
    "QT_QPA_PLATFORM": "how the window is drawn; “offscreen” needs no display",
}

PLAIN = (0, 1, 2)  # codes of any command


@dataclass(frozen=True, slots=True)
class Help:
    """What is told of one command; `codes` are those it may end with, `means` where one means more here."""

    examples: Mapping[str, str]
    codes: tuple[int, ...] = PLAIN
    environment: tuple[str, ...] = ("CCDESK_BASE_DIR", "CCDESK_VAULT", "CCDESK_<KEY>")
    means: Mapping[int, str] = field(default_factory=dict)
    orders: Mapping[str, str] = field(default_factory=dict)  # what is sent to its control address
