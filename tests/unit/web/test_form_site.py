"""A form on the web: shown, filled in, checked and thanked for, over real sockets."""

import asyncio
import contextlib
import html
import re

import aiohttp
import pytest

from rouage.errors import JournalError
from rouage.language import Text
from rouage.sdk.forms import FormField, FormPage
from rouage.web.form_site import FormSite
from rouage.web.hooks import HookServer

FIELDS = (
    FormField(name="name", kind="text", label=Text("Your name", "Votre nom")),
    FormField(name="total", kind="number", label=Text("Total", "Total"), is_required=False),
    FormField(name="mail", kind="email", label=Text("E-mail", "E-mail"), is_required=False),
    FormField(
        name="size",
        kind="choice",
        label=Text("Size", "Taille"),
        is_required=False,
        choices=((1, Text("small", "petit")), ("xl", Text("large", "grand"))),
    ),
    FormField(name="days", kind="list", label=Text("Days", "Jours"), is_required=False),
    FormField(
        name="options",
        kind="list",
        label=Text("Options", "Options"),
        is_required=False,
        choices=(("a", Text("A", "A")), ("b", Text("B", "B"))),
    ),
    FormField(name="agree", kind="boolean", label=Text("I agree", "J’accepte"), is_required=False),
)
PHOTO = FormField(
    name="photo",
    kind="file",
    label=Text("Photo", "Photo"),
    is_required=False,
    most_files=2,
    suffixes=(".jpg",),
)


class Visitor:
    """A person with a browser, and what was kept of what they sent."""

    def __init__(self, server, session):
        self.address = f"http://127.0.0.1:{server.port}/forms/quote"
        self.session = session
        self.kept = []
        self.fault = None

    async def submit(self, submission):
        if self.fault is not None:
            raise self.fault
        files = {
            name: [(one.name, bytes(one.content)) for one in given]
            for name, given in submission.files.items()
        }
        self.kept.append((submission, files))

    async def open(self, query="", **headers):
        async with self.session.get(self.address + query, headers=headers) as reply:
            self.headers = reply.headers
            return reply.status, await reply.text()

    async def send(self, data, *, query="", token=None, headers=None, **more):
        if token is None:
            token = token_of((await self.open(query))[1])
        if isinstance(data, aiohttp.FormData):
            data.add_field("seen", token)
        else:
            data = {"seen": token, **data}
        async with self.session.post(
            self.address + query, data=data, headers=headers, allow_redirects=False, **more
        ) as reply:
            self.headers = reply.headers
            return reply.status, await reply.text()


def token_of(page):
    return re.search(r'name="seen" value="([^"]+)"', page)[1]


@contextlib.asynccontextmanager
async def visiting(*fields, rate=1e6, burst=10**6, **words):
    server = HookServer()
    await server.start(["127.0.0.1"], 0)
    form = FormPage(title=Text("Quote", "Devis"), fields=fields or FIELDS, key=b"k" * 32, **words)
    try:
        async with aiohttp.ClientSession() as session:
            visitor = Visitor(server, session)
            with server.open_form(
                "quote", form=form, submit=visitor.submit, rate_per_second=rate, burst=burst
            ):
                yield visitor
    finally:
        await server.stop(grace_seconds=1)


async def test_what_was_filled_in_is_kept_as_typed_values():
    async with visiting() as visitor:
        status, page = await visitor.send(
            {
                "field.name": " Zoé ",
                "field.total": "1 450,50",
                "field.mail": "zoe@example.org",
                "field.size": "1",
                "field.days": "Monday\r\n\r\nTuesday",
                "field.agree": "true",
                "field.unknown": "x",
            },
            query="?lang=fr",
        )
        assert (status, page) == (303, "")
        ((submission, _),) = visitor.kept
        assert submission.values == {
            "name": "Zoé",
            "total": 1450.5,
            "mail": "zoe@example.org",
            "size": 1,
            "days": ["Monday", "Tuesday"],
            "options": [],
            "agree": True,
        }
        assert (submission.language, submission.remote) == ("fr", "127.0.0.1")
        status, page = await visitor.open("?" + visitor.headers["Location"].partition("?")[2])
        assert (status, "Merci, c’est bien reçu." in page) == (200, True)


async def test_several_boxes_are_a_list():
    async with visiting() as visitor:
        token = token_of((await visitor.open())[1])
        pairs = [("seen", token), ("field.name", "x"), ("field.options", "a"),
                 ("field.options", "b")]  # fmt: skip
        async with visitor.session.post(visitor.address, data=pairs) as reply:
            assert reply.status == 200
        assert visitor.kept[0][0].values["options"] == ["a", "b"]


async def test_the_page_is_in_the_language_of_the_visitor_and_has_no_script():
    async with visiting(description=Text("A <b>bold</b> word", "Un mot")) as visitor:
        _, page = await visitor.open(**{"Accept-Language": "fr-CA,en;q=0.5"})
        assert '<html lang="fr">' in page
        assert "Votre nom" in page
        _, page = await visitor.open()
        assert "Your name" in page
        assert "A &lt;b&gt;bold&lt;/b&gt; word" in page
        assert "<script" not in page
        policy = visitor.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert visitor.headers["Content-Type"] == "text/html; charset=utf-8"
        assert visitor.kept == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "“Your name” must be filled in"),
        ({"field.name": "x", "field.total": "many"}, "“Total” must be a number"),
        ({"field.name": "x", "field.mail": "zoe"}, "“E-mail” must be an e-mail address"),
        ({"field.name": "x", "field.size": "2"}, "“Size” must be one of the choices"),
        ({"field.name": "x", "field.options": "c"}, "“Options” must be one of the choices"),
        ({"field.name": "x" * 70_000}, "“Your name” is too long"),
    ],
)
async def test_a_mistake_is_told_and_what_was_written_stays(given, words):
    async with visiting() as visitor:
        status, page = await visitor.send({"field.total": "7", **given})
        assert status == 422
        assert words in html.unescape(page)
        assert f'value="{given.get("field.total", "7")}"' in page
        assert 'aria-invalid="true"' in page or "Options" in words
        assert visitor.kept == []
        # The same page, put right, is taken.
        status, _ = await visitor.send({"field.name": "x"}, token=token_of(page))
        assert status == 303


async def test_a_box_that_must_be_ticked_must_be_ticked():
    agree = FormField(name="agree", kind="boolean", label=Text("I agree", "J’accepte"))
    async with visiting(agree) as visitor:
        status, page = await visitor.send({})
        assert (status, "“I agree” must be ticked" in page) == (422, True)
        assert (await visitor.send({"field.agree": "true"}))[0] == 303


async def test_files_come_with_their_names_and_are_bounded():
    async with visiting(*FIELDS[:1], PHOTO, most_bytes=100_000) as visitor:

        def filled(*files):
            data = aiohttp.FormData(quote_fields=False)
            data.add_field("field.name", "x")
            for name, content in files:
                data.add_field("field.photo", content, filename=name, content_type="image/jpeg")
            return data

        assert (await visitor.send(filled(("été.JPG", b"one"), ("b.jpg", b"two"))))[0] == 303
        assert visitor.kept[0][1] == {"photo": [("été.JPG", b"one"), ("b.jpg", b"two")]}
        assert (await visitor.send(filled(("", b""))))[0] == 303
        assert visitor.kept[1][1] == {"photo": []}
        status, page = await visitor.send(filled(("a.exe", b"one")))
        assert (status, "takes files such as .jpg" in page) == (422, True)
        assert "Files have to be chosen again" in page
        status, page = await visitor.send(filled(*[("a.jpg", b"x")] * 3))
        assert (status, "2 file(s) at most" in page) == (422, True)
        assert (await visitor.send(filled(("a.jpg", b"x" * 200_000))))[0] == 413
        assert len(visitor.kept) == 2


async def test_a_robot_that_fills_in_everything_is_thanked_and_not_kept():
    async with visiting() as visitor:
        status, _ = await visitor.send({"field.name": "x", "leave_this_empty": "spam"})
        assert (status, visitor.kept) == (303, [])


async def test_the_same_page_sent_twice_has_one_identity_and_another_page_has_another():
    async with visiting() as visitor:
        token = token_of((await visitor.open())[1])
        await visitor.send({"field.name": "x"}, token=token)
        await visitor.send({"field.name": "x"}, token=token)
        await visitor.send({"field.name": "x"})
        first, second, third = (one.id for one, _ in visitor.kept)
        assert first == second != third


@pytest.mark.parametrize("forge", [
    lambda token: "", lambda token: "é", lambda token: token[:-4] + "AAAA",
    lambda token: "B" + token[1:], lambda token: token + token,
])  # fmt: skip
async def test_a_token_that_is_not_ours_shows_the_page_again(forge):
    async with visiting() as visitor:
        token = token_of((await visitor.open())[1])
        status, page = await visitor.send({"field.name": "Zoé"}, token=forge(token))
        assert (status, visitor.kept) == (403, [])
        assert 'value="Zoé"' in page
        assert (await visitor.send({"field.name": "Zoé"}, token=token_of(page)))[0] == 303


def test_a_page_that_was_open_for_too_long_is_shown_again():
    now = [1_000_000.0]
    form = FormPage(title=Text("a", "a"), fields=FIELDS, key=b"k")
    site = FormSite("/forms/a", form, lambda _: None, now=lambda: now[0])
    token = site._make_token()
    assert site._read_token(token)
    now[0] += 86_401
    assert site._read_token(token) is None
    other = FormSite("/forms/b", form, lambda _: None, now=lambda: now[0])
    assert other._read_token(site._make_token()) is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://other.example"}, 303),
        ({"Origin": "https://other.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 303),
    ],
)
async def test_only_our_own_page_may_send(headers, status):
    async with visiting() as visitor:
        assert (await visitor.send({"field.name": "x"}, headers=headers))[0] == status
        assert len(visitor.kept) == (status == 303)


async def test_what_cannot_be_kept_is_not_thanked_for():
    async with visiting() as visitor:
        visitor.fault = JournalError("the disk is full")
        status, page = await visitor.send({"field.name": "Zoé"})
        assert (status, visitor.headers["Retry-After"]) == (503, "60")
        assert "disk" not in page
        assert 'value="Zoé"' in page


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"\xff=1", "application/x-www-form-urlencoded", 400),
        (b"a=1&" * 1_000, "application/x-www-form-urlencoded", 400),
        (b"--x\r\n", "multipart/form-data", 400),
        (b"--x\r\n", "multipart/form-data; boundary=x", 400),
    ],
)
async def test_what_is_no_form_is_refused(body, kind, status):
    async with visiting() as visitor:
        async with visitor.session.post(
            visitor.address, data=body, headers={"Content-Type": kind}
        ) as reply:
            assert reply.status == status
            assert "Nothing was kept" in await reply.text()
        assert visitor.kept == []


async def test_a_visitor_who_asks_too_often_is_told_to_wait():
    async with visiting(rate=0.01, burst=2) as visitor:
        statuses = [(await visitor.open())[0] for _ in range(3)]
        assert statuses == [200, 200, 429]
        async with visitor.session.head(visitor.address) as reply:
            assert reply.status == 405


async def test_many_visitors_at_once_each_get_their_page():
    async with visiting() as visitor:
        pages = await asyncio.gather(*(visitor.open() for _ in range(20)))
        assert len({token_of(page) for _, page in pages}) == 20
