"""What trust, limits and the outbox ask, asked and answered by mail (features N-2, N-6, N-7)."""

import textwrap

import pytest

from rouage.web.outbox import HELD
from rouage.web.questions import APPROVALS
from tests.connectors.mail.conftest import ADDRESS, PASSWORD, account, imap_server
from tests.connectors.mail.post import post_office

WRITES = """
    name: Writes
    {brake}
    when: [{{manual.start: {{}}}}]
    do:
      - files.write: {{path: files/first.txt, text: ready}}
      - files.write: {{path: files/done.txt, text: ready}}
"""
HOLDS = """
    name: Holds
    when: [{manual.start: {}}]
    do:
      - mail.send: {to: claire@example.org, subject: Devis, body: Bonjour}
        hold: 2h
"""


class Desk:
    """A daemon that asks its owner by mail."""

    def __init__(self, site, box, post, wait_until):
        self.site, self.box, self.post, self._wait_until = site, box, post, wait_until

    def running(self, *ways):
        described = account(
            imap=self.box.port, smtp=self.post.port, password="${{ secrets.mail_pro }}"
        )
        return self.site.running(
            accounts={"pro": described}, ask_via=ways or ("mail",), language="fr"
        )

    async def mails(self, count):
        async def enough():
            return len(self.post.mails) >= count

        await self._wait_until(enough, seconds=30)
        return self.post.mails

    async def answer(self, question, text, *, number=1):
        await self.box.deliver(
            (
                f"Return-Path: <{ADDRESS}>\r\nFrom: {ADDRESS}\r\nTo: {ADDRESS}\r\n"
                f"Subject: Re: x\r\nMessage-ID: <a{number}@example.org>\r\n"
                f"In-Reply-To: {question['Message-ID']}\r\n"
                f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
            ).encode()
        )


@pytest.fixture
async def desk(site, wait_until):
    site.secret("mail_pro", PASSWORD)
    (site.folder / "files").mkdir(exist_ok=True)
    async with imap_server() as box, post_office() as post:
        yield Desk(site, box, post, wait_until)


@pytest.mark.parametrize("brake", ["trust: ask", "limits: {files: 1}"])
async def test_what_the_gate_asks_reaches_the_owner_who_answers_with_a_word(desk, brake):
    desk.site.recipe("writes", textwrap.dedent(WRITES.format(brake=brake)))
    async with desk.running() as daemon:
        await daemon.start_run("writes")
        [question] = await desk.mails(1)
        assert desk.post.taken[0][0] == [ADDRESS]
        assert "done.txt" in question.get_body().get_content()
        [wait] = await daemon.reader.list_waits(kinds=APPROVALS)
        await desk.answer(question, "peut-être")
        assert "Rien n’a été décidé" in (await desk.mails(2))[1].get_content()
        assert await daemon.reader.list_waits(kinds=APPROVALS) == (wait,)
        await desk.answer(question, "oui", number=2)
        [run] = await desk.site.ended("writes")
        assert run.state == "succeeded"
        assert "oui" in (await desk.mails(3))[2].get_content()


async def test_a_no_ends_the_run(desk):
    desk.site.recipe("writes", textwrap.dedent(WRITES.format(brake="trust: ask")))
    async with desk.running() as daemon:
        await daemon.start_run("writes")
        [question] = await desk.mails(1)
        await desk.answer(question, "Non")
        [run] = await desk.site.ended("writes")
        assert run.state == "cancelled"
        assert not (desk.site.folder / "files" / "done.txt").exists()


async def test_what_is_held_leaves_at_once_after_a_yes(desk):
    desk.site.recipe("holds", textwrap.dedent(HOLDS))
    async with desk.running() as daemon:
        await daemon.start_run("holds")
        [letter] = await desk.mails(1)
        assert letter["Subject"].startswith("Sur le départ")
        assert "subject | Devis" in letter.get_body().get_content()
        await desk.answer(letter, "oui")
        [run] = await desk.site.ended("holds")
        assert run.state == "succeeded"
        sent = await desk.mails(3)
        assert {mail["Subject"] for mail in sent} >= {"Devis"}
        assert any("part maintenant" in mail.get_content() for mail in sent)


async def test_what_is_held_does_not_leave_after_a_no_and_a_second_word_is_too_late(desk):
    desk.site.recipe("holds", textwrap.dedent(HOLDS))
    async with desk.running() as daemon:
        await daemon.start_run("holds")
        [letter] = await desk.mails(1)
        await desk.answer(letter, "non")
        [run] = await desk.site.ended("holds")
        assert run.state == "cancelled"
        assert "rien ne part" in (await desk.mails(2))[1].get_content()
        await desk.answer(letter, "oui", number=2)
        assert "boîte d’envoi" in (await desk.mails(3))[2].get_content()
        assert {mail["Subject"] for mail in desk.post.mails} & {"Devis"} == set()


async def test_a_yes_to_what_was_edited_meanwhile_is_not_taken(desk):
    desk.site.recipe("holds", textwrap.dedent(HOLDS))
    async with desk.running() as daemon:
        await daemon.start_run("holds")
        [letter] = await desk.mails(1)
        [wait] = await daemon.reader.list_waits(kinds=HELD)
        change = {"choice": "edit", "with": {"subject": "Devis 2"}, "reason": None}
        await daemon.control.change_held(wait, change, signal_id="e1", author="owner")

        async def edited():
            [now] = await daemon.reader.list_waits(kinds=HELD)
            return now.question["edited"] == ["subject"]

        await desk._wait_until(edited, seconds=30)
        await desk.answer(letter, "oui")
        assert "Rien n’a été décidé" in (await desk.mails(2))[1].get_content()
        assert len(await daemon.reader.list_waits(kinds=HELD)) == 1


async def test_a_way_that_there_is_not_is_told_to_the_owner(desk):
    async with desk.running("pigeon") as daemon:
        [notice] = daemon.status()["notices"]
        assert "pigeon" in str(notice["text"])
