"""Mails taken apart: what people send, and what attackers do."""

import email.policy
import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rouage_connectors.mail.automatic import kind_of
from rouage_connectors.mail.headers import mailbox, parse_header, summary
from rouage_connectors.mail.markup import plain_text
from rouage_connectors.mail.message import decoded, read_message


def header(*lines: str):
    return parse_header("\r\n".join([*lines, "", ""]).encode("utf-8"))


def contents(data, told):
    return b"".join(decoded(data, **{key: told[key] for key in ("start", "end", "encoding")}))


def whole(html=True) -> EmailMessage:
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"] = "Zoé Ünal <zoe@example.org>"
    mail["To"] = "marie@example.org, Bob <bob@example.org>"
    mail["Subject"] = "Été à la plage, des photos pour vous, avec un objet vraiment très long 🙂"
    mail["Message-ID"] = "<1@example.org>"
    mail["References"] = "<a@example.org> <b@example.org>"
    mail.set_content("Voilà les photos.\n")
    if html:
        mail.add_alternative("<p>Voilà <b>les photos</b></p>", subtype="html")
    mail.add_attachment(
        bytes(range(256)) * 20, maintype="image", subtype="jpeg", filename="été.jpg"
    )
    mail.add_attachment("a;b\n", subtype="csv", filename="liste.csv")
    return mail


def test_a_mail_of_an_ordinary_program_is_read_whole():
    data = whole().as_bytes()
    told = read_message(data)
    assert told["from"] == "zoe@example.org"
    assert told["from_name"] == "Zoé Ünal"
    assert told["to"] == ["marie@example.org", "bob@example.org"]
    assert told["subject"].startswith("Été à la plage")
    assert told["subject"].endswith("🙂")
    assert told["references"] == ["a@example.org", "b@example.org"]
    assert told["text"] == "Voilà les photos.\n"
    assert "<b>" in told["html"]
    assert [one["name"] for one in told["attachments"]] == ["été.jpg", "liste.csv"]
    assert contents(data, told["attachments"][0]) == bytes(range(256)) * 20
    assert contents(data, told["attachments"][1]).replace(b"\r\n", b"\n") == b"a;b\n"
    assert told["attachments"][0]["size"] == 5120
    assert told["is_truncated"] is False


def test_text_is_made_of_html_when_there_is_no_other():
    data = b"Content-Type: text/html\r\n\r\n<style>p{}</style><p>Bonjour&nbsp;<a href='https://x.example/'>ici</a></p>"
    assert read_message(data)["text"] == "Bonjour ici (https://x.example/)"
    assert plain_text("<![x <!-- gone --> y <script>z</script>1 < 2") == "<![x y 1 < 2"
    assert plain_text("<p>a<br>b</p><!-- never closed <p>c</p>") == "a\nb"


def test_a_nested_mail_is_an_attachment():
    inner = whole(html=False)
    outer = EmailMessage(policy=email.policy.SMTP)
    outer["From"] = "a@example.org"
    outer.set_content("see below")
    outer.add_attachment(inner)
    told = read_message(outer.as_bytes())
    assert [one["type"] for one in told["attachments"]] == ["message/rfc822"]


@pytest.mark.parametrize(
    ("lines", "sender"),
    [
        (["From: alice@example.org"], "alice@example.org"),
        (["From: =?utf-8?b?w4lsb2RpZQ==?= <e@Example.ORG>"], "e@example.org"),
        (['From: "boss@example.org" <evil@example.net>'], "evil@example.net"),
        (["From: boss@example.org <evil@example.net>"], "evil@example.net"),
        (["From: boss@example.org, evil@example.net"], None),
        (["From: boss@example.org", "From: evil@example.net"], None),
        (["From: alice@example.org)evil@example.net"], None),
        (["From: <boss@example.org>evil@example.net"], None),
        (["From: =?utf-8?q?boss=40example.org=00?="], None),
        (["From: undisclosed-recipients:;"], None),
        (["Subject: none"], None),
    ],
)
def test_who_wrote_is_one_plain_address_or_nobody(lines, sender):
    assert summary(header(*lines))["from"] == sender


def test_hidden_characters_are_taken_out_of_what_people_see():
    shown = summary(header("Subject: pay\u202etxt.exe\u200b =?utf-8?q?a=0D=0ABcc:_x?="))
    assert shown["subject"] == "paytxt.exe a Bcc: x"


@pytest.mark.parametrize("value", ["a@b", "a@example.org", "Nom, Prénom <a@example.org>"])
def test_one_address_is_one(value):
    assert mailbox(value) is not None


@pytest.mark.parametrize(
    "value", ["", "a", "a@", "@b", "a@b@c", "a b@c.fr", "a@b, c@d", "a@-b.fr", "a@b\r\nBcc: c@d"]
)
def test_anything_else_is_none(value):
    assert mailbox(value) is None


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["Subject: Bonjour"], None),
        (["Auto-Submitted: no"], None),
        (["Auto-Submitted: auto-replied; owner-email=x"], "auto_reply"),
        (["Auto-Submitted: auto-generated"], "generated"),
        (["Subject: Réponse automatique : Devis"], "auto_reply"),
        (["Subject: Out of Office: Re"], "auto_reply"),
        (["Precedence: bulk"], "bulk"),
        (["List-Id: <x.example.org>"], "list"),
        (["From: MAILER-DAEMON@example.org"], "bounce"),
        (["Content-Type: multipart/report; report-type=delivery-status; boundary=x"], "bounce"),
        (["Content-Type: multipart/report; report-type=disposition-notification"], "receipt"),
        (["From: marie@example.org", "X-Rouage-Run: r"], "own"),
        (["From: other@example.org", "X-Rouage-Run: r"], None),
    ],
)
def test_what_no_person_wrote_is_recognised(lines, kind):
    assert kind_of(header(*lines), own_address="marie@example.org") == kind


BROKEN = {
    "empty": b"",
    "only a line end": b"\r\n",
    "no header": b"just text without any header",
    "no boundary": b"Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\nhello\r\n--x--",
    "boundary never comes": b"Content-Type: multipart/mixed; boundary=q\r\n\r\nhello",
    "never closed": b"Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\nhello",
    "bad charset": b"Content-Type: text/plain; charset=zlib\r\n\r\nhello",
    "bad encoding": b"Content-Transfer-Encoding: rot13\r\n\r\nhello",
    "bad base64": b"Content-Transfer-Encoding: base64\r\n\r\n!!!aGVsbG8=====!!",
    "nul": b"Subject: a\0b\r\n\r\nhello\0",
    "header without colon": b"From alice\r\nnonsense\r\nSubject: x\r\n\r\nhello",
    "lone surrogates": b"Subject: \xff\xfe\r\n\r\nhello \xff",
    "bad parameters": b"Content-Type: text/plain; charset*0*=x'y; name*1*=%zz; a\r\n\r\nhello",
    "bad encoded word": b"Subject: =?utf-8?b?#?= =?x?q?a?=\r\n\r\nhello",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_broken_mail_is_read_as_far_as_it_goes(data):
    told = read_message(data)
    assert set(told) >= {"from", "subject", "text", "attachments"}
    if b"hello" in data:
        files = [contents(data, one) for one in told["attachments"]]
        assert "hello" in told["text"] or any(b"hello" in one for one in files)


PIECES = [
    *(b"Content-Type: multipart/mixed; boundary=b\r\n", b"\r\n", b"--b\r\n", b"--b--\r\n"),
    *(b"Subject: =?", b"?=", b"Content-Transfer-Encoding: base64\r\n", b"YQ==", b"\0", b"\xff"),
    *(b"Content-Type: text/html; charset=", b"utf-16", b"<", b"&#", b"a", b";", b"*0*=", b"'"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=50))
def test_whatever_comes_is_read(pieces):
    data = b"".join(pieces)
    for one in read_message(data)["attachments"]:
        assert len(contents(data, one)) == one["size"]


def test_absurd_nesting_and_many_parts_cost_no_more_than_their_size():
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(2_000)
    )
    many = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 50_000
    wide = b"".join(b"X-%d: y\r\n" % n for n in range(100_000)) + b"\r\nhello"
    commas = b"To: " + b"a@b.fr," * 20_000 + b"\r\n\r\n"
    quotes = b"From: " + b'"' * 60_000 + b"(" * 60_000 + b"\r\n\r\n"
    words = b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\r\n\r\n"
    tags = b"Content-Type: text/html\r\n\r\n" + b"<a href='" * 30_000
    pairs = b"Content-Type: text/plain" + b"; a*0*=b''c" * 10_000 + b"\r\n\r\nx"
    semicolons = b"Content-Type: multipart/mixed" + b';"' * 50_000 + b"\r\n\r\nx"
    started = time.process_time()
    for data in (nested, many, wide, commas, quotes, words, tags, pairs, semicolons):
        read_message(data)
    assert time.process_time() - started < 10


def test_the_beginning_of_a_mail_is_read_as_one():
    told = read_message(whole().as_bytes()[:2_000], is_cut=True)
    assert told["text"].startswith("Voilà")
    assert told["is_truncated"]
    assert told["attachments"][0]["is_whole"] is False
