"""Asks where ccdesk is published for its latest release. No login, no cookie, nothing about whoever asks."""

from __future__ import annotations

from ccdesk.clients.http.transport import Answer, Request, Transport
from ccdesk.core.errors import ServiceError
from ccdesk.core.updates import LARGEST, Release, ReleasePlace, Strange, UpdatesUnknown, read_release
from ccdesk.core.words import marked

CONNECT_SECONDS, READ_SECONDS = 5.0, 10.0  # nobody waits for it but who has just asked
_NOT_FOUND, _SLOW_DOWN = 404, (403, 429)  # GitHub answers either once an address has asked too often


def latest_release(place: ReleasePlace) -> Release:
    """Return the latest release; one call, never repeated.

    Raises:
        UpdatesUnknown: no usable answer came back; says why.

    """
    transport = Transport(place.host, connect=CONNECT_SECONDS, read=READ_SECONDS, most=LARGEST)
    try:
        answer = transport.send(Request("GET", place.latest))
        if answer.status != 200:
            raise _refused(answer, place.host)
        return read_release(answer.json(), place)
    except UpdatesUnknown:
        raise
    except Strange as error:
        meaning = marked("{host} answered with something that is no release of ccdesk.")
        raise UpdatesUnknown(meaning=meaning.format(host=place.host), detail=str(error)) from None
    except ServiceError as error:
        meaning = marked("{problem}.").format(problem=error.title)
        raise UpdatesUnknown(meaning=meaning, detail=error.detail) from None


def _refused(answer: Answer, host: str) -> UpdatesUnknown:
    if answer.status == _NOT_FOUND:
        meaning = marked("{host} has no release for everybody yet.")
    elif answer.status in _SLOW_DOWN:
        meaning = marked("{host} does not answer just now: it was asked too often from this network.")
    else:
        meaning = marked("{host} gave no usable answer.")
    return UpdatesUnknown(meaning=meaning.format(host=host), detail=answer.detail)
