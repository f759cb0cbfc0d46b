"""The connector `http` and the guard around it, against real local servers."""

import asyncio
import gzip
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from rouage.errors import RetryableError, StepError, StepTimeout
from rouage.safety.network import PrivateAddressError, open_session
from rouage.sdk.fetching import retry_after
from rouage.sdk.testing import run_action
from rouage_connectors.http import connector


@pytest.fixture
async def serve():
    """Return a function that serves *handler* at every path and returns the server."""
    servers = []

    async def start(handler):
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", handler)
        server = TestServer(application)
        await server.start_server()
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
async def guarded():
    async with open_session() as session:
        yield session


async def _request(context_for, server, *, path="/", templates=None, **parameters):
    pair = f"{server.host}:{server.port}"
    full = {"url": f"http://{pair}{path}", "allow_private": [pair], **parameters}
    return await run_action(connector, "http.request", full, context_for(templates=templates))


async def test_an_answer_in_json_becomes_data(serve, context_for):
    seen = {}

    async def answer(request):
        seen.update(query=dict(request.query), body=await request.json(), headers=request.headers)
        return web.json_response({"ok": [1, "é"]}, status=201, headers={"X-Thing": "a"})

    result = await _request(
        context_for,
        await serve(answer),
        method="POST",
        query={"q": "a&b"},
        json={"n": 1},
        headers={"Authorization": "Bearer x"},
    )
    assert (result["status"], result["body"]) == (201, {"ok": [1, "é"]})
    assert result["headers"]["x-thing"] == "a"
    assert (seen["query"], seen["body"]) == ({"q": "a&b"}, {"n": 1})
    assert seen["headers"]["Authorization"] == "Bearer x"
    assert seen["headers"]["Idempotency-Key"] == "key-1"


@pytest.mark.parametrize(
    ("data", "kind", "body"),
    [
        ("été".encode("latin-1"), "text/plain; charset=latin-1", "été"),
        ("été €".encode("cp1252"), "text/html", "été €"),
        ("<a>é</a>".encode(), "application/xml", "<a>é</a>"),
        (b"", "application/json", ""),
    ],
)
async def test_an_answer_in_text_is_decoded(serve, context_for, data, kind, body):
    async def answer(_):
        return web.Response(body=data, headers={"Content-Type": kind})

    assert (await _request(context_for, await serve(answer)))["body"] == body


async def test_a_binary_answer_is_saved_or_explained(serve, context_for, folders):
    async def answer(_):
        return web.Response(body=b"\x89PNG\xff", content_type="image/png")

    server = await serve(answer)
    with pytest.raises(StepError, match="not text") as caught:
        await _request(context_for, server)
    assert "save_to" in (caught.value.render_hint("fr") or "")
    result = await _request(context_for, server, save_to="files/a.png")
    assert (folders.workspace / "files/a.png").read_bytes() == b"\x89PNG\xff"
    assert (result["body"], result["path"]) == (None, str(folders.workspace / "files/a.png"))


async def test_what_says_json_and_is_not_is_an_error(serve, context_for):
    async def answer(_):
        return web.Response(text='{"a": NaN}', content_type="application/json")

    with pytest.raises(StepError, match="not JSON"):
        await _request(context_for, await serve(answer))


@pytest.mark.parametrize(
    ("status", "method", "kind"),
    [
        (404, "GET", StepError),
        (500, "GET", RetryableError),
        (503, "PUT", RetryableError),
        (429, "POST", RetryableError),
        (500, "POST", StepError),
        (400, "POST", StepError),
    ],
)
async def test_a_refusal_is_tried_again_only_where_that_is_honest(
    serve, context_for, status, method, kind
):
    async def answer(_):
        return web.Response(status=status, text="no", headers={"Retry-After": "7"})

    server = await serve(answer)
    with pytest.raises(StepError, match=str(status)) as caught:
        await _request(context_for, server, method=method)
    assert type(caught.value) is kind
    if isinstance(caught.value, RetryableError):
        assert caught.value.retry_after_seconds == 7
    result = await _request(context_for, server, method=method, on_status="return")
    assert (result["status"], result["body"]) == (status, "no")


@pytest.mark.parametrize(("method", "kind"), [("GET", RetryableError), ("POST", StepTimeout)])
async def test_no_answer_in_time_is_a_doubt_for_a_post(serve, context_for, method, kind):
    released = asyncio.Event()

    async def answer(_):
        await released.wait()
        return web.Response()

    with pytest.raises(StepError) as caught:
        await _request(context_for, await serve(answer), method=method, timeout="100ms")
    released.set()
    assert type(caught.value) is kind


async def test_a_closed_port_was_surely_not_reached(serve, context_for, unused_tcp_port_factory):
    port = unused_tcp_port_factory()
    pair = f"127.0.0.1:{port}"
    with pytest.raises(RetryableError, match="cannot be reached"):
        await run_action(
            connector,
            "http.request",
            {"url": f"http://{pair}/?token=secret", "method": "POST", "allow_private": [pair]},
            context_for(),
        )


async def test_a_huge_answer_and_a_bomb_are_cut_off(serve, context_for):
    async def huge(request):
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            for _ in range(11):
                await response.write(b"x" * (1 << 20))
        except ConnectionError:
            pass
        return response

    async def bomb(_):
        return web.Response(
            body=gzip.compress(b"\0" * (5 << 20)), headers={"Content-Encoding": "gzip"}
        )

    with pytest.raises(StepError, match="larger than"):
        await _request(context_for, await serve(huge))
    with pytest.raises(StepError, match="unpacks"):
        await _request(context_for, await serve(bomb))


PRIVATE_URLS = [
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://127.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://0:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://169.254.169.254/latest/meta-data",
    "http://user@127.0.0.1:{port}/",
    "http://１２７.0.0.1:{port}/",
]


@pytest.mark.parametrize("url", PRIVATE_URLS)
async def test_a_private_address_is_not_reached(serve, guarded, context_for, url):
    reached = []

    async def answer(_):
        reached.append(1)
        return web.Response()

    server = await serve(answer)
    context = context_for(open_http=lambda: guarded)
    with pytest.raises(StepError) as caught:
        await run_action(connector, "http.request", {"url": url.format(port=server.port)}, context)
    assert not reached
    assert type(caught.value) in {PrivateAddressError, StepError}


async def test_a_redirect_to_a_private_address_is_not_followed(serve, context_for):
    reached = []

    async def inside(_):
        reached.append(1)
        return web.Response()

    hidden = await serve(inside)

    async def outside(_):
        raise web.HTTPFound(f"http://127.0.0.1:{hidden.port}/")

    with pytest.raises(PrivateAddressError):
        await _request(context_for, await serve(outside))
    assert not reached


async def test_credentials_do_not_follow_a_redirect_to_another_host(serve, context_for):
    seen = {}

    async def second(request):
        seen.update(request.headers)
        return web.Response()

    other = await serve(second)

    async def first(_):
        raise web.HTTPTemporaryRedirect(f"http://localhost:{other.port}/")

    server = await serve(first)
    pairs = [f"127.0.0.1:{server.port}", f"localhost:{other.port}"]
    await run_action(
        connector,
        "http.request",
        {
            "url": f"http://{pairs[0]}/",
            "headers": {"X-Api-Key": "k", "Authorization": "Bearer k", "Accept": "a/b"},
            "allow_private": pairs,
        },
        context_for(),
    )
    assert seen["Accept"] == "a/b"
    assert not {"X-Api-Key", "Authorization"} & set(seen)


async def test_three_redirects_are_followed_and_a_fourth_is_not(serve, context_for):
    async def answer(request):
        left = int(request.path.strip("/"))
        if left:
            raise web.HTTPFound(f"/{left - 1}")
        return web.Response(text="there")

    server = await serve(answer)
    assert (await _request(context_for, server, path="/3"))["body"] == "there"
    with pytest.raises(StepError, match="more than 3"):
        await _request(context_for, server, path="/4")


@pytest.mark.parametrize(
    ("template", "allow_hosts", "is_fine"),
    [
        ("http://{pair}/${{ event.id }}", [], True),
        ("http://{pair}${{ event.id }}", [], False),
        ("${{ event.url }}", [], False),
        ("http://${{ event.host }}/", [], False),
        ("http://user:${{ event.p }}@{pair}/", [], False),
    ],
)
async def test_a_host_made_by_an_expression_is_refused(
    serve, guarded, context_for, template, allow_hosts, is_fine
):
    async def answer(_):
        return web.Response(text="there")

    server = await serve(answer)
    pair = f"{server.host}:{server.port}"
    parameters = {"url": f"http://{pair}/x", "allow_hosts": allow_hosts}
    templates = {"/url": template.replace("{pair}", pair)}
    context = context_for(templates=templates, open_http=lambda: guarded)
    with pytest.raises(StepError) as caught:
        await run_action(connector, "http.request", parameters, context)
    # A literal host gets past this check, and then meets the one for private addresses.
    assert isinstance(caught.value, PrivateAddressError) is is_fine


async def test_a_templated_address_never_opens_a_private_host(serve, context_for):
    async def answer(_):
        return web.Response()

    server = await serve(answer)
    with pytest.raises(StepError, match="written out"):
        await _request(context_for, server, templates={"/url": "http://127.0.0.1/${{ event.id }}"})


async def test_expected_hosts_admit_a_templated_address(guarded, context_for):
    context = context_for(templates={"/url": "${{ event.url }}"}, open_http=lambda: guarded)
    parameters = {"url": "http://127.0.0.1:1/", "allow_hosts": ["*.0.0.1"]}
    with pytest.raises(PrivateAddressError):
        await run_action(connector, "http.request", parameters, context)
    with pytest.raises(StepError, match="comes from an expression"):
        await run_action(
            connector, "http.request", {**parameters, "allow_hosts": ["example.org"]}, context
        )


@pytest.mark.parametrize("url", ["ftp://example.org/", "file:///etc/passwd", "no", "http://"])
async def test_only_http_addresses_are_requested(context_for, url):
    with pytest.raises(StepError, match="not an http"):
        await run_action(connector, "http.request", {"url": url}, context_for())


async def test_two_bodies_and_a_split_header_are_refused(serve, context_for):
    async def answer(_):
        return web.Response()

    server = await serve(answer)
    with pytest.raises(StepError, match="either"):
        await _request(context_for, server, method="POST", body="a", json={})
    with pytest.raises(StepError, match="cannot be sent"):
        await _request(context_for, server, headers={"X-A": "a\r\nX-B: b"})


async def test_a_message_never_shows_the_query(serve, context_for):
    async def answer(_):
        return web.Response(status=403)

    with pytest.raises(StepError) as caught:
        await _request(context_for, await serve(answer), path="/p?token=s3cret")
    assert "s3cret" not in json.dumps(caught.value.record())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "12"}, 12),
        ({"Retry-After": "soon"}, None),
        (
            {
                "Retry-After": "Thu, 15 Jan 2026 09:01:00 GMT",
                "Date": "Thu, 15 Jan 2026 09:00:00 GMT",
            },
            60,
        ),
        ({"Retry-After": "-5"}, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(headers, seconds):
    assert retry_after(headers) == seconds
