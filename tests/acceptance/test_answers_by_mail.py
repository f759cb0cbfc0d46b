"""A question asked by mail, by a daemon that is killed at the worst moments (N-15)."""

import asyncio
import json
import signal
import textwrap

import pytest

from tests.connectors.mail.conftest import ADDRESS, PASSWORD, account, imap_server
from tests.connectors.mail.post import post_office

RECIPE = """
    name: Pay
    when: [{manual.start: {}}]
    do:
      - approve:
          ask: Pay this invoice?
          fields:
            amount: {type: money, default: 1400 EUR}
          via: [mail]
          from: [claire@example.org]
          timeout: 5d
          on_timeout: refuse
        id: answer
      - files.write: {path: files/paid.txt, text: "${{ steps.answer.fields.amount }}"}
"""


def settings_for(workspace, box, post, rouage):
    described = account(imap=box.port, smtp=post.port, password="${{ secrets.mail_pro }}")
    (workspace / "rouage.yaml").write_text(
        json.dumps({"language": "fr", "accounts": {"pro": described}})
    )
    (workspace / "recipes").mkdir(exist_ok=True)
    (workspace / "recipes" / "pay.yaml").write_text(textwrap.dedent(RECIPE))
    told = rouage("secrets", "set", "mail_pro", here=workspace, stdin=PASSWORD + "\n")
    assert told.code == 0, told.err


@pytest.mark.slow
async def test_killed_before_it_knows_that_the_question_left_and_before_the_answer(
    tmp_path, rouage, start_daemon, eventually
):
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    async with imap_server() as box, post_office() as post:
        await asyncio.to_thread(settings_for, workspace, box, post, rouage)
        daemon = await asyncio.to_thread(start_daemon, workspace)
        # The server has the mail, and the daemon dies before it is told so.
        post.before_answer = lambda _: daemon.process.kill()
        run = await asyncio.to_thread(rouage, "run", "pay", here=workspace)
        assert run.code == 0, run.err
        await asyncio.to_thread(eventually, lambda: post.mails)
        await asyncio.to_thread(daemon.process.wait, 30)
        post.before_answer = None

        daemon = await asyncio.to_thread(start_daemon, workspace)
        await asyncio.to_thread(eventually, lambda: len(post.mails) > 1)
        first, again = post.mails
        # The same letter, so that whoever got it twice has it once.
        assert first["Message-ID"] == again["Message-ID"]
        assert daemon.stop(by=signal.SIGKILL) != 0
        await box.deliver(
            f"From: claire@example.org\r\nTo: {ADDRESS}\r\nSubject: Re: x\r\n"
            f"Message-ID: <a1@example.org>\r\nIn-Reply-To: {first['Message-ID']}\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n\r\noui mais 1 450 EUR\r\n".encode()
        )

        await asyncio.to_thread(start_daemon, workspace)
        paid = workspace / "files" / "paid.txt"
        await asyncio.to_thread(eventually, paid.exists)
        assert "450" in paid.read_text()
        await asyncio.to_thread(eventually, lambda: len(post.mails) > 2)
        assert "C’est noté : oui." in post.mails[2].get_content()
