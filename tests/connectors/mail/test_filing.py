"""`mail.move` and `mail.flag` on a real IMAP server, and the way back."""

import pytest

from rouage.errors import StepError
from rouage.sdk.testing import run_action, simulate_action
from rouage_connectors.mail import connector
from tests.connectors.mail.conftest import Accounts, account, mail

FIRST_UID = 101
"""The numbers of this server begin there."""


@pytest.fixture
def context(context_for, mailbox):
    return context_for("key-1", accounts=Accounts(account(imap=mailbox.port)))


@pytest.fixture
async def told(mailbox):
    """Return a mail of the mailbox as an event tells of it."""
    await mailbox.deliver(mail("Other", number=1), mail("Facture", number=2))

    def era(client):
        client.select("INBOX", readonly=True)
        return int(client.response("UIDVALIDITY")[1][0])

    return {
        "account": "pro",
        "folder": "INBOX",
        "uid": FIRST_UID + 1,
        "uidvalidity": await mailbox.do(era),
        "message_id": "m2@example.org",
    }


async def undo(action, parameters, context):
    """Return a function that takes back what *action* is about to do."""
    spec = connector.actions[action]
    inverse = await spec.undo.prepare(spec.parameters.build(parameters), context)

    async def take_back():
        return await spec.undo.apply(inverse, context)

    return take_back


async def test_a_mail_is_moved_into_a_folder_that_is_made_and_back(context, mailbox, told):
    parameters = {"mail": told, "target": "Factures"}
    take_back = await undo("mail.move", parameters, context)
    moved = await run_action(connector, "mail.move", parameters, context)
    assert moved["folder"] == "Factures"
    assert await mailbox.subjects("Factures") == ["Facture"]
    assert await mailbox.subjects("INBOX") == ["Other"]
    # Again, as after a crash: it is there already.
    assert (await run_action(connector, "mail.move", parameters, context))["uid"] is not None
    await take_back()
    assert await mailbox.subjects("Factures") == []
    assert await mailbox.subjects("INBOX") == ["Other", "Facture"]
    with pytest.raises(StepError, match="no longer in the folder “Factures”"):
        await take_back()


async def test_a_mail_is_found_by_its_id_when_the_numbers_changed(context, mailbox, told):
    stale = {**told, "uidvalidity": 1, "uid": FIRST_UID}
    await run_action(connector, "mail.move", {"mail": stale, "target": "Factures"}, context)
    assert await mailbox.subjects("Factures") == ["Facture"]


async def test_another_mail_under_the_same_number_is_left_alone(context, mailbox, told):
    other = {**told, "message_id": "never-was@example.org"}
    with pytest.raises(StepError, match="no longer in the folder"):
        await run_action(connector, "mail.move", {"mail": other, "target": "Factures"}, context)
    assert await mailbox.subjects("INBOX") == ["Other", "Facture"]


async def test_marks_are_set_and_taken_back_as_they_were(context, mailbox, told):
    parameters = {"mail": told, "seen": True, "flagged": True, "answered": False}
    take_back = await undo("mail.flag", parameters, context)
    changed = await run_action(connector, "mail.flag", parameters, context)
    assert sorted(changed["changed"]) == ["answered", "flagged", "seen"]
    flags = (await mailbox.flags())[1]
    assert "\\Seen" in flags
    assert "\\Flagged" in flags
    await take_back()
    flags = (await mailbox.flags())[1]
    assert "\\Seen" not in flags
    assert "\\Flagged" not in flags


async def test_what_makes_no_sense_is_refused_and_a_rehearsal_touches_nothing(
    context, mailbox, told
):
    with pytest.raises(StepError, match="nothing to change"):
        await run_action(connector, "mail.flag", {"mail": told}, context)
    with pytest.raises(StepError, match=r"event\.mail"):
        await run_action(connector, "mail.move", {"mail": {"uid": 1}, "target": "x"}, context)
    await simulate_action(connector, "mail.move", {"mail": told, "target": "Factures"}, context)
    await simulate_action(connector, "mail.flag", {"mail": told, "seen": True}, context)
    assert await mailbox.subjects("INBOX") == ["Other", "Facture"]
    assert "\\Seen" not in "".join(await mailbox.flags())


async def test_a_server_that_is_down_is_worth_another_try(context_for, told):
    context = context_for("key-1", accounts=Accounts(account(imap=1)))
    from rouage.errors import RetryableError

    with pytest.raises(RetryableError, match="nothing answers"):
        await run_action(connector, "mail.flag", {"mail": told, "seen": True}, context)
