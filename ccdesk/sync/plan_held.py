"""What is observed about people whose loss is held: putting them back on the list answers it (design R8)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from ccdesk.core.models import Contact, Link, WriteBack
from ccdesk.sync.plan_inbound import Observation, in_step

PUT_BACK = "put back on the list: the opt-out that was held is answered"
OPTED_OUT_MEANWHILE = "put back on the list, but opted out in Kibo meanwhile: to be taken off the list"


def observe_held(
    observing: Callable[[Contact | None, Link], Observation],
    held: Collection[int],
    list_id: str,
    contact: Contact | None,
    link: Link,
) -> Observation:
    """Observe as ever, but somebody whose loss is held and who is on the list again was put back (R8).

    Where the customer opted out in the shop as well, while they were not on the list, nothing was to be done
    about it then; now it is. An opt-out there that a person has called a mistake (`agreed` None) is none.
    """
    back = (
        link.customer_id in held
        and link.pending is WriteBack.OPT_OUT
        and contact is not None
        and contact.is_mailed(list_id)
        and link.contact_id in ("", contact.id)
    )
    if not back:
        return observing(contact, link)
    if link.kibo_opted_in is not False:
        return Observation(in_step(link), PUT_BACK)
    known = replace(in_step(link), agreed=link.agreed)
    if link.agreed is False:
        return Observation(known, OPTED_OUT_MEANWHILE, off=True)
    return Observation(known, PUT_BACK)
