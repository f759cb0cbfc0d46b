"""`mail.received` against a real IMAP server: each mail once, and never a silent death."""

import asyncio
from pathlib import Path

import pytest

from rouage.errors import Overloaded, StepError
from rouage.language import Text
from rouage.sdk.testing import MemoryItems
from rouage_connectors.mail import connector
from tests.connectors.mail.conftest import DEADLINE, Accounts, account, imap_server, mail
from tests.connectors.mail.post import post_office

SPEC = connector.triggers["mail.received"]


def with_file(content: bytes, *, name="plan.pdf", number=1) -> bytes:
    import base64

    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    head = mail(number=number, extra="MIME-Version: 1.0\r\n").partition(b"Content-Type")[0]
    return head + (
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nVoici.\r\n"
        b"--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="' + name.encode() + b'"\r\n\r\n'
        + encoded + b"\r\n--b--\r\n"
    )  # fmt: skip


async def test_a_mail_that_arrives_is_told_once(mailbox, listen):
    async with listen(Accounts(account(imap=mailbox.port))) as listening:
        await listening.until_state("listening")
        await mailbox.deliver(mail("Bonjour"))
        await listening.until(lambda one: one.mails)
        [told] = listening.mails
    assert told["subject"] == "Bonjour"
    assert told["from"] == "alice@example.org"
    assert told["account"] == "pro"
    assert told["text"] == "Bonjour\n"
    assert told["automatic"] is None
    from jsonschema import Draft202012Validator

    Draft202012Validator(dict(SPEC.event)).validate({"mail": told})


async def test_mails_that_were_there_are_left_unless_wanted(mailbox, listen):
    await mailbox.deliver(mail("Old", number=1), mail("Older", number=2))
    async with listen(Accounts(account(imap=mailbox.port))) as listening:
        await listening.until_state("listening")
        await mailbox.deliver(mail("New", number=3))
        await listening.until(lambda one: one.mails)
        assert [one["subject"] for one in listening.mails] == ["New"]
    async with listen(Accounts(account(imap=mailbox.port)), existing="process") as listening:
        await listening.until(lambda one: len(one.mails) == 3)
        assert [one["subject"] for one in listening.mails] == ["Old", "Older", "New"]


async def test_what_arrives_while_nobody_listens_is_found_at_the_start(mailbox, listen):
    items = MemoryItems()
    async with listen(Accounts(account(imap=mailbox.port)), items) as listening:
        await listening.until_state("listening")
    await mailbox.deliver(mail("While away", number=7))
    async with listen(Accounts(account(imap=mailbox.port)), items) as listening:
        await listening.until(lambda one: one.mails)
        assert [one["subject"] for one in listening.mails] == ["While away"]


async def test_filters_look_at_sender_subject_and_attachments(mailbox, listen):
    wanted = {"from": "*@example.org", "subject": ["*devis*"], "has_attachment": True}
    async with listen(Accounts(account(imap=mailbox.port)), **wanted) as listening:
        await listening.until_state("listening")
        await mailbox.deliver(
            mail("Devis", number=1, sender="Eve <eve@elsewhere.example>"),
            mail("Autre chose", number=2),
            mail("Un devis sans plan", number=3),
            with_file(b"%PDF-1.7", number=4),
        )
        await listening.until(lambda one: one.mails)
        items = listening.items.values
    assert [one["message_id"] for one in listening.mails] == ["m4@example.org"]
    why = [
        str(SPEC.listen.explain(None, f"<m{n}@example.org>", workspace=Path(), items=items))
        for n in (1, 2, 3)
    ]
    assert "eve@elsewhere.example" in why[0]
    assert "Autre chose" in why[1]
    assert "has_attachment" in why[2]


async def test_attachments_are_files_of_the_event(mailbox, listen):
    content = bytes(range(256)) * 9_000  # more than one piece
    async with listen(Accounts(account(imap=mailbox.port)), keep_original=True) as listening:
        await listening.until_state("listening")
        await mailbox.deliver(with_file(content, name="../../plan.pdf"))
        await listening.until(lambda one: one.mails)
        [told] = listening.mails
    [kept] = told["attachments"]
    assert kept["name"] == "plan.pdf"
    assert Path(kept["path"]).read_bytes() == content
    assert Path(kept["path"]).name == "001.pdf"
    assert kept["size"] == len(content)
    assert Path(told["file"]).stat().st_size == told["size"]
    assert Path(kept["path"]).stat().st_mode & 0o077 == 0


async def test_of_a_mail_that_is_too_large_only_the_beginning_is_fetched(mailbox, listen):
    async with listen(Accounts(account(imap=mailbox.port)), max_size="1MB") as listening:
        await listening.until_state("listening")
        await mailbox.deliver(with_file(bytes(2_000_000)))
        await listening.until(lambda one: one.mails)
        [told] = listening.mails
    assert told["is_truncated"]
    assert told["text"].strip() == "Voici."
    assert told["attachments"][0]["path"] is None
    assert told["size"] > 2_000_000


async def test_automatic_mail_starts_nothing_unless_wanted(mailbox, listen):
    away = mail("Absence", number=1, extra="Auto-Submitted: auto-replied\r\n")
    own = mail("Own", number=2, sender="marie@example.org", extra="X-Rouage-Run: r\r\n")
    bounce = mail("Bounce", number=3, extra="X-Failed-Recipients: a@example.org\r\n")
    letter = mail("Letter", number=4, extra="List-Id: <news.example.org>\r\n")
    async with listen(Accounts(account(imap=mailbox.port))) as listening:
        await listening.until_state("listening")
        await mailbox.deliver(away, own, bounce, letter)
        await listening.until(lambda one: one.mails)
        assert [(one["subject"], one["automatic"]) for one in listening.mails] == [
            ("Letter", "list")
        ]
    async with listen(
        Accounts(account(imap=mailbox.port)), existing="process", ignore=[]
    ) as listening:
        await listening.until(lambda one: len(one.mails) == 4)
        assert [one["automatic"] for one in listening.mails] == [
            "auto_reply", "own", "bounce", "list",
        ]  # fmt: skip


async def test_a_mail_is_marked_and_moved_after_its_event_is_stored(mailbox, listen):
    async with listen(
        Accounts(account(imap=mailbox.port)), mark_seen=True, move_to="Traités"
    ) as listening:
        await listening.until_state("listening")
        await mailbox.deliver(mail("Done"))
        await listening.until(lambda one: one.mails)
        async with asyncio.timeout(DEADLINE):
            while await mailbox.subjects('"Trait&AOk-s"') != ["Done"]:
                await asyncio.sleep(0.02)
        assert await mailbox.subjects("INBOX") == []


async def test_a_crash_between_event_and_mark_is_made_good(mailbox, listen):
    items = MemoryItems()
    accounts = Accounts(account(imap=mailbox.port))
    async with listen(accounts, items, existing="process") as listening:
        await listening.until_state("listening")
    [(key, mark)] = items.values.items()
    await mailbox.deliver(mail("Stored"))
    mark[1], mark[4] = 101, 101  # the numbers of this server begin there
    items.values[key] = mark
    async with listen(accounts, items, mark_seen=True) as listening:
        await listening.until_state("listening")
        assert listening.mails == []
    assert "\\Seen" in (await mailbox.flags())[0]


async def test_a_server_that_cannot_idle_is_looked_at(listen):
    async with imap_server(idle=False) as box:
        async with listen(Accounts(account(imap=box.port)), poll="1s") as listening:
            await listening.until_state("polling")
            await box.deliver(mail("Polled"))
            await listening.until(lambda one: one.mails)
    assert listening.mails[0]["subject"] == "Polled"


async def test_a_line_that_is_cut_is_taken_up_again(mailbox, listen):
    async with listen(Accounts(account(imap=mailbox.port))) as listening:
        await listening.until_state("listening")
        mailbox.cut()
        await listening.until_state("degraded")
        reason = listening.reports[-1][1]
        assert "hung up" in reason.en
        assert "raccroché" in reason.fr
        await mailbox.deliver(mail("After the cut"))
        await listening.until(lambda one: one.mails)
        await listening.until_state("listening")


async def test_a_server_that_is_down_is_waited_for(listen):
    async with imap_server() as box:
        port = box.port
    async with listen(Accounts(account(imap=port)), existing="process") as listening:
        await listening.until_state("degraded")
        assert f"127.0.0.1:{port}" in listening.reports[-1][1].en
        async with imap_server(port=port) as box:
            await box.deliver(mail("Up again"))
            await listening.until(lambda one: one.mails)


async def test_a_refused_login_is_said_with_the_next_gesture(mailbox, listen):
    accounts = Accounts(account(imap=mailbox.port, password="wrong-password"))
    async with listen(accounts) as listening:
        await listening.until_state("error")
        reason = listening.reports[-1][1]
        assert "refuses the name or the password" in reason.en
        assert "rouage account test pro" in reason.fr
        assert "wrong-password" not in str(listening.reports)
        # What was mended is tried at once, however long the pause would be.
        accounts.described["password"] = "correct-horse"
        await listening.until_state("listening")


async def test_a_missing_account_is_said_and_waited_for(mailbox, listen):
    class Later(Accounts):
        def find(self, kind, name=None):
            if not self.described:
                raise StepError(Text("no account {x}", "pas de compte {x}"), x="pro")
            return super().find(kind, name)

    accounts = Later({})
    async with listen(accounts) as listening:
        await listening.until_state("error")
        assert "no account pro" in listening.reports[-1][1].en
        accounts.described = account(imap=mailbox.port)
        await listening.until_state("listening")


async def test_an_unknown_folder_names_the_command_that_lists_them(mailbox, listen):
    async with listen(Accounts(account(imap=mailbox.port)), folder="Nowhere") as listening:
        await listening.until_state("error")
        assert "rouage account test" in listening.reports[-1][1].en


async def test_a_new_era_of_the_folder_loses_and_repeats_nothing(mailbox, listen):
    first, second = mail("First", number=1), mail("Second", number=2)
    items = MemoryItems()
    await mailbox.do(lambda client: client.create("Devis"))
    async with listen(Accounts(account(imap=mailbox.port)), items, folder="Devis") as listening:
        await listening.until_state("listening")
        await mailbox.deliver(first, folder="Devis")
        await listening.until(lambda one: one.mails)
        emit = listening.emit

    def replace(client):
        client.delete("Devis")
        client.create("Devis")
        for message in (first, second):
            client.append("Devis", None, None, message)

    await mailbox.do(replace)
    async with listen(Accounts(account(imap=mailbox.port)), items, folder="Devis") as listening:
        await listening.until(lambda one: len(one.mails) == 2)
        keys = [event.key for event in listening.emit.events]
        told = [one["subject"] for one in listening.mails]
    # The store of events remembers the first by its key, as the journal does.
    assert [event.key for event in emit.events] == keys[:1]
    assert told == ["First", "Second"]
    mark = next(value for key, value in items.values.items() if key.startswith(b"mark:"))
    assert mark[3] is None, "the new era was read once"


async def test_a_full_queue_makes_the_mail_wait_in_the_mailbox(mailbox, listen, monkeypatch):
    async with listen(Accounts(account(imap=mailbox.port)), mark_seen=True) as listening:
        await listening.until_state("listening")
        real, refusals = type(listening.emit).__call__, []

        async def refuse_once(self, data, **more):
            if not refusals:
                refusals.append(data)
                raise Overloaded(Text("full", "plein"), retry_after_seconds=0.01)
            return await real(self, data, **more)

        monkeypatch.setattr(type(listening.emit), "__call__", refuse_once)
        await mailbox.deliver(mail("Patient"))
        await listening.until(lambda one: one.mails)
    assert len(refusals) == 1


async def test_a_server_that_does_not_tell_is_found_out_and_looked_at_instead(listen):
    async with imap_server(is_deaf=True) as box:
        parameters = {"renew": "1s", "poll": "1s"}
        async with listen(Accounts(account(imap=box.port)), **parameters) as listening:
            number = 0
            while not any(state == "polling" for state, _ in listening.reports):
                # Each mail comes while nothing else goes on, and is found all the same.
                number += 1
                quiet = len(listening.reports) + 2
                await listening.until(lambda one, quiet=quiet: len(one.reports) >= quiet)
                await box.deliver(mail(number=number))
                await listening.until(lambda one, number=number: len(one.mails) == number)
                told = len(listening.reports)
                await listening.until(lambda one, told=told: len(one.reports) > told)
            assert "does not tell" in listening.reports[-1][1].en


async def test_a_line_is_renewed_before_it_dies(mailbox, listen):
    async with listen(Accounts(account(imap=mailbox.port)), renew="1s", poll="1s") as listening:
        await listening.until_state("listening")
        before = len(listening.reports)
        await listening.until(lambda one: len(one.reports) > before)
        assert listening.reports[-1] == ("listening", None)


async def test_a_mail_that_cannot_be_taken_apart_is_told_by_its_header(mailbox, listen):
    async with listen(Accounts(account(imap=mailbox.port))) as listening:
        await listening.until_state("listening")

        async def broken(action, parameters):
            raise StepError(Text("it crashed", "il s’est effondré"))

        listening.trigger.context.consult = broken
        await mailbox.deliver(with_file(b"x"))
        await listening.until(lambda one: one.mails)
    [told] = listening.mails
    assert told["subject"] == "Demande de devis"
    assert told["is_truncated"]
    assert told["attachments"] == []


async def test_encrypted_lines_prove_who_answers(listen, server_tls, certificate):
    secure = {"host": "localhost", "security": "starttls"}
    async with imap_server(tls=server_tls) as box:
        described = account(imap=0, certificate=str(certificate[0]))
        described["imap"] = {**secure, "port": box.port}
        async with listen(Accounts(described)) as listening:
            await listening.until_state("listening")
        unknown = account(imap=0)
        unknown["imap"] = {**secure, "port": box.port}
        async with listen(Accounts(unknown)) as listening:
            await listening.until_state("error")
            assert "cannot prove that it is localhost" in listening.reports[-1][1].en


async def test_a_server_without_encryption_never_gets_the_password(mailbox, listen):
    described = account()
    described["imap"] = {"host": "localhost", "port": mailbox.port, "security": "starttls"}
    async with listen(Accounts(described)) as listening:
        await listening.until_state("error")
        assert "offers no encryption" in listening.reports[-1][1].en


async def test_a_probe_goes_all_the_way_round_and_leaves_nothing_behind(mailbox, listen):
    async with post_office() as post:
        accounts = Accounts(account(imap=mailbox.port, smtp=post.port))
        async with listen(accounts) as listening:
            assert await listening.trigger.probe() is None, "nothing is connected yet"
            await listening.until_state("listening")
            probe = asyncio.create_task(listening.trigger.probe())
            await listening.until(lambda _: post.taken)
            [(recipients, data)] = post.taken
            assert recipients == ["marie@example.org"]
            await mailbox.deliver(data)
            async with asyncio.timeout(DEADLINE):
                assert await probe
            forged = data.replace(b"X-Rouage-Probe: ", b"X-Rouage-Probe: 0")
            await mailbox.deliver(forged)
            await listening.until(lambda one: one.mails)
        assert len(listening.mails) == 1, "what others make up is a mail like any other"
        # This server has no UIDPLUS: a probe stays, marked as deleted.
        assert ["\\Deleted" in one for one in await mailbox.flags()] in ([True, False], [False])


async def test_the_key_is_found_by_its_message_id():
    [prefix] = SPEC.listen.keys(None, "<m1@example.org>")
    assert prefix == SPEC.listen.keys(None, "m1@example.org")[0]
    assert SPEC.listen.keys(None, "files/a.pdf") == ()


def test_a_size_that_no_mailbox_needs_is_refused():
    params = SPEC.parameters.build({"max_size": "1GB"})
    assert "50MB" in SPEC.listen.check(params).en
    assert SPEC.listen.check(SPEC.parameters.build({})) is None


@pytest.mark.parametrize("parameters", [{"renew": "11m"}, {"ignore": ["nothing"]}])
def test_parameters_that_make_no_sense_are_refused(parameters):
    with pytest.raises(StepError):
        SPEC.parameters.build(parameters)
