"""Questions to people by mail, and the mails that answer them (`via: mail`)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rouage.sdk import (
    JSON,
    Channel,
    Context,
    Letter,
    Receipt,
    Said,
    Take,
    TriggerContext,
)
from rouage_connectors.mail.arrivals import Arrivals
from rouage_connectors.mail.declaration import connector
from rouage_connectors.mail.kinds import KINDS

if TYPE_CHECKING:
    from datetime import datetime

    from rouage_connectors.mail.account import Account

_MAX_SIZE = "2MB"
"""An answer is a sentence; of a mail with more than that, its beginning is read."""


class MailChannel(Channel):
    """Letters leave from an account of type mail; answers come into its inbox."""

    def reach(self, person: str) -> str | None:
        """Return the mail address in *person*, None if there is none."""
        from rouage_connectors.mail.headers import mailbox

        found = mailbox(person)
        return None if found is None or "@" not in found[0] else found[0]

    def own_address(self, account: str | None, context: Context) -> str:
        """Return the address of the account."""
        return _account(account, context).address

    async def send(self, letter: Letter, account: str | None, context: Context) -> None:
        """Send *letter*; a server that gets it twice sees that it is the same."""
        from rouage_connectors.mail.compose import check_recipients, compose_letter
        from rouage_connectors.mail.sending import send_letter

        found = _account(account, context)
        check_recipients(found, [letter.to])
        now: datetime = context.clock.now().astimezone(context.timezone)
        await send_letter(found, compose_letter(letter, found, now), letter.to)

    async def listen(self, account: str | None, context: TriggerContext, take: Take) -> None:
        """Watch the inbox as `mail.received` does, for answers alone."""
        from rouage_connectors.mail.watching import Watch

        async def emit(
            data: JSON,
            *,
            key: str,
            time: "datetime | None" = None,
            items: Mapping[bytes, JSON] | None = None,
            trail: tuple[str, ...] = (),
        ) -> Receipt:
            del time, trail
            await take(_said(data, key))
            await context.items.put(items or {})
            # Not an event: its files are not kept.
            return Receipt(event_id=key, is_duplicate=True)

        params = Arrivals(account=account, ignore=list(KINDS), max_size=_MAX_SIZE)
        await Watch(params, context, wants_answers=True).listen(emit)


def _account(name: str | None, context: Context) -> "Account":
    from rouage_connectors.mail.account import read_account

    return read_account(context.accounts.find("mail", name), context.workspace)


def _said(data: Any, key: str) -> Said:
    mail = data["mail"]
    nearest = [mail["in_reply_to"], *reversed(mail["references"])]
    senders = [mail["from"] or "", *([mail["envelope"]] if mail["envelope"] else [])]
    return Said(
        key=key,
        name=mail["from_name"],
        id=mail["message_id"],
        senders=tuple(senders),
        letters=tuple(one for one in nearest if one),
        subject=mail["subject"],
        text=mail["text"],
    )


connector.offer_channel("mail", MailChannel())
