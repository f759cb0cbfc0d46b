"""Mail through a whole daemon: in by IMAP, out by SMTP, answered once, no password anywhere."""

import textwrap

from tests.connectors.mail.conftest import PASSWORD, account, imap_server, mail
from tests.connectors.mail.post import post_office
from tests.connectors.mail.test_received import with_file

RECIPE = """
    name: Answer
    when:
      - mail.received: {subject: "*devis*", mark_seen: true}
    if: event.mail.automatic == null
    do:
      - files.copy:
          source: ${{ event.mail.attachments[0].path }}
          target: files/kept.pdf
      - mail.reply: {mail: "${{ event.mail }}", body: "Bien reçu, ${{ event.mail.from_name }}."}
        id: answer
"""


async def test_a_mail_is_answered_once_and_its_attachment_kept(site, wait_until):
    async with imap_server() as box, post_office() as post:
        described = account(imap=box.port, smtp=post.port, password="${{ secrets.mail_pro }}")
        site.secret("mail_pro", PASSWORD)
        site.recipe("answer", textwrap.dedent(RECIPE))
        accounts = {"accounts": {"pro": described}}
        async with site.running(**accounts) as daemon:

            async def is_listening():
                status = daemon.status()
                return any(one["state"] == "listening" for one in status["triggers"])

            await wait_until(is_listening, seconds=30)
            await box.deliver(with_file(b"%PDF-1.7"), mail("Autre chose", number=2))
            [run] = await site.ended("answer")
            assert run.state == "succeeded", run.error
            assert "\\Seen" in (await box.flags())[0]
        assert (site.folder / "files" / "kept.pdf").read_bytes() == b"%PDF-1.7"
        # Another start: what was answered is not answered again.
        async with site.running(**accounts) as daemon:
            await wait_until(is_listening, seconds=30)
        [answer] = post.mails
        assert answer["In-Reply-To"] == "<m1@example.org>"
    journal = (site.places.journal).read_bytes()
    assert PASSWORD.encode() not in journal
