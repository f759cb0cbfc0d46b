"""A question that goes out by mail, and comes back as a decision (features N-15)."""

import textwrap

import pytest

from rouage.web.questions import APPROVALS
from tests.connectors.mail.conftest import ADDRESS, PASSWORD, account, imap_server, mail
from tests.connectors.mail.post import post_office

CLAIRE = "claire@example.org"
RECIPE = f"""
    name: Pay
    when: [{{manual.start: {{}}}}]
    do:
      - approve:
          ask: Pay this invoice?
          show: [files/invoice.txt, {{table: {{payee: EDF, account: FR76}}}}]
          fields:
            amount: {{type: money, default: 1400 EUR, label: Amount}}
          via: [mail]
          from: [Claire <{CLAIRE}>]
          on_timeout: refuse
          timeout: 5d
        id: answer
      - files.write: {{path: files/paid.txt, text: "${{{{ steps.answer.fields.amount }}}}"}}
"""
LISTENER = """
    name: Listener
    when: [{mail.received: {}}]
    do:
      - log.write: {message: "${{ event.mail.subject }}"}
"""


def reply(to, text, *, number=1, sender=f"Claire <{CLAIRE}>", path=CLAIRE, extra=""):
    """Return a mail that answers the mail *to*, as its bytes."""
    return (
        f"Return-Path: <{path}>\r\nReceived: by mx.example.org; {number}\r\nFrom: {sender}\r\n"
        f"To: {ADDRESS}\r\nSubject: Re: {to['Subject']}\r\nMessage-ID: <a{number}@example.org>\r\n"
        f"In-Reply-To: {to['Message-ID']}\r\nReferences: {to['Message-ID']}\r\n{extra}"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n\r\n> Pay this invoice?\r\n"
    ).encode()


class Desk:
    """A daemon with a mailbox, and what goes in and out of it."""

    def __init__(self, site, box, post, wait_until):
        self.site, self.box, self.post, self._wait_until = site, box, post, wait_until

    def running(self):
        described = account(
            imap=self.box.port, smtp=self.post.port, password="${{ secrets.mail_pro }}"
        )
        return self.site.running(accounts={"pro": described})

    async def mails(self, count):
        async def enough():
            return len(self.post.mails) >= count

        await self._wait_until(enough, seconds=30)
        return self.post.mails

    async def waits(self):
        return await self.site.daemon.reader.list_waits(kinds=APPROVALS)

    async def noticed(self, kind):
        async def told():
            return any(one["kind"] == kind for one in self.site.daemon.status()["notices"])

        await self._wait_until(told, seconds=30)

    async def paid(self):
        await self.site.ended("pay")
        return (self.site.folder / "files" / "paid.txt").read_text()


@pytest.fixture
async def desk(site, wait_until):
    site.secret("mail_pro", PASSWORD)
    (site.folder / "files").mkdir(exist_ok=True)
    (site.folder / "files" / "invoice.txt").write_text("EDF: 1400 EUR")
    site.recipe("pay", textwrap.dedent(RECIPE))
    async with imap_server() as box, post_office() as post:
        yield Desk(site, box, post, wait_until)


async def test_an_answer_corrects_a_value_and_the_run_goes_on(desk):
    desk.site.recipe("listener", textwrap.dedent(LISTENER))
    async with desk.running() as daemon:
        await daemon.start_run("pay")
        [question] = await desk.mails(1)
        assert desk.post.taken[0][0] == [CLAIRE]
        text = question.get_body().get_content()
        assert "payee | EDF" in text
        assert "1400 EUR" in text
        [proof] = question.iter_attachments()
        assert (proof.get_filename(), proof.get_content().strip()) == (
            "invoice.txt", "EDF: 1400 EUR",
        )  # fmt: skip
        await desk.box.deliver(reply(question, "Bonjour,\r\n\r\nOui mais 1 450 EUR\r\n\r\nClaire"))
        assert "450" in await desk.paid()
        [run] = await desk.site.runs("pay")
        record = await daemon.reader.get_run(run.id)
        [decided] = [step for step in record.steps if step.path == "do.0"]
        assert decided.result["by"] == f"Claire <{CLAIRE}>"
        echo = (await desk.mails(2))[1]
        assert "450" in echo.get_content()
        assert echo["In-Reply-To"] == "<a1@example.org>"
        assert echo["Auto-Submitted"] == "auto-replied"
        assert echo["Message-ID"] != question["Message-ID"]
        assert await desk.site.runs("listener") == ()


async def test_only_whoever_was_asked_decides(desk):
    async with desk.running() as daemon:
        await daemon.start_run("pay")
        [question] = await desk.mails(1)
        mallory = "Mallory <mallory@example.net>"
        # From somebody else; from Claire by her name, but not by the server that sent it.
        await desk.box.deliver(reply(question, "yes", number=1, sender=mallory, path=CLAIRE))
        await desk.box.deliver(reply(question, "yes", number=2, path="mallory@example.net"))
        await desk.box.deliver(reply(question, "yes", number=7, path=""))
        await desk.noticed("answer_refused")
        # One that nobody wrote, and one whose letter we never sent.
        away = "Auto-Submitted: auto-replied\r\n"
        await desk.box.deliver(reply(question, "yes", number=3, extra=away))
        made_up = {"Subject": "x", "Message-ID": question["Message-ID"].replace("rg1.W", "rg1.X")}
        await desk.box.deliver(reply(made_up, "yes", number=4))
        # What comes last was read last: nothing before it decided anything, or was answered.
        await desk.box.deliver(reply(question, "yes, probably?", number=5))
        told = (await desk.mails(2))[1]
        assert told["In-Reply-To"] == "<a5@example.org>"
        assert "“yes, probably?”" in told.get_content()
        assert "yes but Amount: 1400 EUR" in told.get_content()
        assert [wait.path for wait in await desk.waits()] == ["do.0"]
        # What we answered can be answered in turn.
        await desk.box.deliver(reply(told, "no", number=6))
        [run] = await desk.site.ended("pay")
        assert run.state == "cancelled"
        assert not (desk.site.folder / "files" / "paid.txt").exists()


async def test_a_stop_between_the_question_and_the_answer_loses_neither(desk):
    async with desk.running() as daemon:
        await daemon.start_run("pay")
        [question] = await desk.mails(1)
    # It is answered while nobody listens.
    await desk.box.deliver(reply(question, "OK"))
    async with desk.running() as daemon:
        assert "1400" in await desk.paid()
        # Asked once: the second mail is the answer back.
        assert (await desk.mails(2))[1]["In-Reply-To"] == "<a1@example.org>"
        # Somebody who answers again is told what stands.
        await desk.box.deliver(reply(question, "no", number=2))
        late = (await desk.mails(3))[2].get_content()
        assert "already" in late
        assert await daemon.reader.list_waits(kinds=APPROVALS) == ()


async def test_a_question_waits_until_its_mail_can_leave(desk):
    desk.post.answers["MAIL"] = "451 not now"
    async with desk.running() as daemon:
        await daemon.start_run("pay")
        await desk.noticed("letter_not_sent")
        assert [wait.path for wait in await desk.waits()] == ["do.0"]
    desk.post.answers.clear()
    async with desk.running():
        [question] = await desk.mails(1)
        assert question["To"] == CLAIRE


async def test_an_owner_asks_themselves_and_the_letter_starts_nothing(desk):
    alone = textwrap.dedent(RECIPE).replace(f"from: [Claire <{CLAIRE}>]", "remind: 1s")
    desk.site.recipe("pay", alone)
    desk.site.recipe("listener", textwrap.dedent(LISTENER.replace("{}", "{ignore: []}")))
    async with desk.running() as daemon:
        await daemon.start_run("pay")
        question, reminder = (await desk.mails(2))[:2]
        assert question["To"] == ADDRESS
        assert reminder["Subject"].startswith("Reminder")
        assert reminder["Message-ID"] != question["Message-ID"]
        # The letter comes into the very mailbox that is watched, and so does the answer.
        await desk.box.deliver(desk.post.taken[0][1])
        await desk.box.deliver(reply(reminder, "yes", sender=ADDRESS, path=ADDRESS))
        assert "1400" in await desk.paid()
        await desk.box.deliver(mail("Something else", number=9))
        [run] = await desk.site.ended("listener")
        assert run.event


async def test_a_recipe_that_names_nobody_with_an_address_is_told_to_the_owner(desk):
    named = textwrap.dedent(RECIPE).replace(f"from: [Claire <{CLAIRE}>]", "from: [claire]")
    desk.site.recipe("pay", named)
    async with desk.running() as daemon:
        await daemon.start_run("pay")
        await desk.noticed("nobody_asked")
        assert desk.post.mails == []
