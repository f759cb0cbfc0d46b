"""`mail.send` and `mail.reply` against a real SMTP server: once, whole, and never to nobody."""

import asyncio

import pytest

from rouage.errors import EffectInDoubt, OutcomeUnknown, RetryableError, StepError
from rouage.sdk.testing import run_action, simulate_action
from rouage_connectors.mail import connector
from tests.connectors.mail.conftest import ADDRESS, DEADLINE, Accounts, account
from tests.connectors.mail.post import post_office


@pytest.fixture
async def post():
    async with post_office() as office:
        yield office


@pytest.fixture
def do(context_for, post):
    async def call(action="send", *, key="key-1", described=None, context=None, **parameters):
        accounts = Accounts(described or account(smtp=post.port))
        context = context or context_for(key, accounts=accounts)
        if action == "send":
            parameters = {"to": "alice@example.org", "subject": "Bonjour", **parameters}
            if not {"html", "template"} & set(parameters):
                parameters.setdefault("body", "Voici.")
        async with asyncio.timeout(DEADLINE):
            return await run_action(connector, f"mail.{action}", parameters, context)

    return call


async def test_a_mail_arrives_whole(do, post, tmp_path):
    (tmp_path / "workspace" / "devis é.pdf").write_bytes(b"%PDF")
    result = await do(
        to=["Alice Martin <alice@example.org>", "bob@example.org"],
        subject="Votre devis à signer",
        body="Bonjour Élodie,\n.\nvoici.",
        html="<p>Bonjour</p>",
        cc="carla@example.org",
        bcc="hidden@example.org",
        attach=["devis é.pdf"],
    )
    [(recipients, data)] = post.taken
    [mail] = post.mails
    assert recipients == [
        "alice@example.org", "bob@example.org", "carla@example.org", "hidden@example.org",
    ]  # fmt: skip
    assert b"hidden@" not in data
    assert mail["From"] == f"Marie Durand <{ADDRESS}>"
    assert mail["To"] == "Alice Martin <alice@example.org>, bob@example.org"
    assert mail["Subject"] == "Votre devis à signer"
    assert mail["Message-ID"] == f"<{result['message_id']}>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Rouage-Run"] == "run-of-a-test"
    text = mail.get_body(("plain",)).get_content()
    assert text.replace("\r\n", "\n") == "Bonjour Élodie,\n.\nvoici.\n"
    assert "<p>Bonjour</p>" in mail.get_body(("html",)).get_content()
    [attached] = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("devis é.pdf", b"%PDF")
    assert max(map(len, data.split(b"\r\n"))) <= 998


async def test_the_same_step_sends_once(do, post):
    first = await do(key="one")
    assert await do(key="one") == first
    assert len(post.taken) == 1
    other = await do(key="two")
    assert len(post.taken) == 2
    assert other["message_id"] != first["message_id"]


async def test_a_subject_cannot_add_headers(do, post):
    await do(subject="Bonjour\r\nBcc: evil@example.net\r\n\r\nhello \u202efdp.exe")
    [mail] = post.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Bonjour Bcc: evil@example.net hello fdp.exe"


@pytest.mark.parametrize(
    "value",
    ["alice@example.org, evil@example.net", "a@b.fr\nBcc: c@d.fr", "Alice", "", "<a@b.fr>c@d.fr"],
)
async def test_a_value_is_one_address_or_refused(do, post, value):
    with pytest.raises(StepError) as error:
        await do(to=value)
    assert "list" in error.value.render_hint("en")
    assert post.taken == []


async def test_nobody_and_everybody_are_refused(do, post):
    with pytest.raises(StepError, match="nobody"):
        await do(to=[])
    with pytest.raises(StepError, match="50 people at most"):
        await do(to=[f"a{n}@example.org" for n in range(51)])
    described = account(smtp=post.port, recipients=["*@example.org"])
    with pytest.raises(StepError, match=r"may not write to eve@example\.net"):
        await do(to="eve@example.net", described=described)
    await do(to="eve@example.org", described=described)


async def test_one_refused_address_stops_the_whole_mail(do, post):
    post.answers["bad@example.org"] = "550 no such user {here}"
    with pytest.raises(StepError) as error:
        await do(to=["good@example.org", "bad@example.org"])
    assert "bad@example.org" in str(error.value)
    assert "no such user" in error.value.render("fr")
    assert not isinstance(error.value, RetryableError)
    assert post.taken == []
    post.answers["bad@example.org"] = "451 greylisted"
    with pytest.raises(RetryableError, match="greylisted"):
        await do(to=["good@example.org", "bad@example.org"])


async def test_a_refused_mail_was_not_sent_and_may_be_tried_again(do, post):
    post.answers["DATA"] = "452 disk full"
    with pytest.raises(RetryableError, match="disk full"):
        await do()
    post.answers["DATA"] = "554 spam"
    with pytest.raises(StepError, match="554 spam"):
        await do()
    del post.answers["DATA"]
    await do()
    assert len(post.taken) == 1


async def test_a_line_that_breaks_at_the_last_moment_is_asked_about(do, post, context_for):
    post.before_answer = lambda server: server.transport.abort()
    with pytest.raises(EffectInDoubt) as error:
        await do()
    assert isinstance(error.value, OutcomeUnknown)
    assert "may have been sent" in str(error.value)
    assert "alice@example.org" in error.value.render_hint("fr")
    post.before_answer = None
    accounts = Accounts(account(smtp=post.port))
    # A restart of the daemon: the same attempt again, and still nobody knows.
    with pytest.raises(EffectInDoubt):
        await do(context=context_for("key-1", accounts=accounts))
    assert len(post.taken) == 1
    # Somebody decided: a further attempt sends.
    await do(context=context_for("key-1", accounts=accounts, attempt=2))
    assert len(post.taken) == 2
    first, second = (mail["Message-ID"] for mail in post.mails)
    assert first == second, "servers and programs that look can tell that it is the same"


async def test_a_crash_between_sending_and_recording_is_asked_about(do, post, context_for):
    context = context_for("key-1", accounts=Accounts(account(smtp=post.port)))
    context.files.intents.note("key-1", ["sending", 1])  # what a killed process left
    with pytest.raises(EffectInDoubt):
        await do(context=context)
    assert post.taken == []


async def test_a_refused_login_names_the_account_and_hides_the_password(do, post):
    with pytest.raises(StepError) as error:
        await do(described=account(smtp=post.port, password="not-this-one"))
    assert "“pro”" in str(error.value)
    assert "not-this-one" not in str(error.value.record())


async def test_a_server_that_is_down_is_worth_another_try(do, post):
    async with post_office() as gone:
        pass
    with pytest.raises(RetryableError, match="nothing answers"):
        await do(described=account(smtp=gone.port))


async def test_encryption_from_the_start_and_on_demand(do, server_tls, certificate):
    for how in ({"tls": server_tls}, {"starttls": server_tls}):
        async with post_office(**how) as office:
            described = account(certificate=str(certificate[0]))
            security = next(iter(how))
            described["smtp"] = {"host": "localhost", "port": office.port, "security": security}
            await do(key=security, described=described)
            assert len(office.taken) == 1
            del described["certificate"]
            with pytest.raises(StepError, match="cannot prove that it is localhost"):
                await do(key=f"{security}-unknown", described=described)


async def test_without_encryption_the_password_is_kept_back(do, post):
    described = account()
    described["smtp"] = {"host": "localhost", "port": post.port, "security": "starttls"}
    with pytest.raises(StepError, match="offers no encryption"):
        await do(described=described)


async def test_a_template_makes_text_or_html_and_data_is_never_markup(do, post, tmp_path):
    folder = tmp_path / "workspace"
    (folder / "hello.html").write_text("<p>Bonjour ${{ name }}</p>", encoding="utf-8")
    (folder / "hello.txt").write_text("Bonjour ${{ name }}", encoding="utf-8")
    await do(key="html", template="hello.html", data={"name": "<script>x</script>"})
    await do(key="text", template="hello.txt", data={"name": "<b>"})
    html, text = post.mails
    assert "<p>Bonjour &lt;script&gt;x&lt;/script&gt;</p>" in html.get_body(("html",)).get_content()
    assert html.get_body(("plain",)).get_content().strip() == "Bonjour <script>x</script>"
    assert text.get_body(("plain",)).get_content().strip() == "Bonjour <b>"
    with pytest.raises(StepError, match="not both"):
        await do(key="both", template="hello.txt", body="x")
    with pytest.raises(StepError, match="no text"):
        await do(key="none", body="")


async def test_a_rehearsal_says_what_would_leave_and_sends_nothing(context_for, post, folders):
    parameters = {"to": "alice@example.org", "subject": "Bonjour", "body": "x"}
    for accounts in (Accounts(account(smtp=post.port)), None):
        context = context_for("key-1", accounts=accounts)
        told = await simulate_action(connector, "mail.send", parameters, context)
        assert told["to"] == ["alice@example.org"]
    assert post.taken == []
    with pytest.raises(StepError):
        await simulate_action(connector, "mail.send", {**parameters, "to": "Alice"}, context)


RECEIVED = {
    "message_id": "q@example.org",
    "references": ["p@example.org", "evil> \r\nBcc: x@y.fr"],
    "from": "alice@example.org",
    "from_name": "Alice",
    "reply_to": "answers@example.org",
    "subject": "RE: Re : Devis",
    "date": "2026-01-15T09:00:00+01:00",
    "text": "Combien ?\nMerci",
    "automatic": None,
    "account": "pro",
}


async def test_an_answer_stays_in_its_thread(do, post):
    await do("reply", mail=RECEIVED, body="1 450 €")
    [(recipients, _)] = post.taken
    [mail] = post.mails
    assert recipients == ["answers@example.org"]
    assert mail["Subject"] == "Re: Devis"
    assert mail["In-Reply-To"] == "<q@example.org>"
    assert mail["References"] == "<p@example.org> <q@example.org>"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert "> Combien ?\n> Merci" in mail.get_content().replace("\r\n", "\n")


@pytest.mark.parametrize("kind", ["own", "bounce", "auto_reply", "list", "generated"])
async def test_automatic_mail_is_never_answered(do, post, kind):
    with pytest.raises(StepError) as error:
        await do("reply", mail={**RECEIVED, "automatic": kind}, body="x")
    assert "event.mail.automatic == null" in error.value.render_hint("fr")
    assert post.taken == []


async def test_a_mail_from_nobody_is_not_answered(do):
    with pytest.raises(StepError, match="nobody can be answered"):
        await do("reply", mail={**RECEIVED, "from": None, "reply_to": None}, body="x")
    with pytest.raises(StepError, match=r"event\.mail"):
        await do("reply", mail={"subject": "x"}, body="x")


async def test_attachments_beyond_what_servers_take_are_refused(do, tmp_path):
    with (tmp_path / "workspace" / "big.bin").open("wb") as file:
        file.truncate((25 << 20) + 1)
    with pytest.raises(StepError, match="25 MiB"):
        await do(attach=["big.bin"])
