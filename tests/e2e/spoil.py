"""Services that answer nonsense about some accounts or contacts, for as long as a test wants it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ccdesk.clients.http.transport import Transport


class Spoiler:
    """What the answers say instead: fields by account id, and by a contact's email."""

    def __init__(self, monkeypatch: Any) -> None:
        self.accounts: dict[int, dict[str, Any]] = {}
        self.contacts: dict[str, dict[str, Any]] = {}
        real = Transport.send

        def send(transport, request):
            answer = real(transport, request)
            value = answer.parsed()
            if value is None or not (self.accounts or self.contacts):
                return answer
            return replace(answer, body=json.dumps(self._spoiled(value)).encode())

        monkeypatch.setattr(Transport, "send", send)

    def _spoiled(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._spoiled(one) for one in value]
        if not isinstance(value, dict):
            return value
        if "acceptsMarketing" in value:
            return value | self.accounts.get(value["id"], {})
        address = value.get("email_address")
        if "contact_id" in value and isinstance(address, dict):
            return value | self.contacts.get(address["address"].lower(), {})
        return {key: self._spoiled(one) for key, one in value.items()}
