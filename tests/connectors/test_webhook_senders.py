"""The trigger `webhook.received`: what each sender asks first, signs, and sends in its own way."""

import asyncio
import base64
import contextlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rouage.errors import JournalError, Overloaded
from rouage.sdk import HookRequest, Outcome
from rouage.sdk.testing import ManualClock, RecordingEmit, Surroundings
from rouage_connectors.webhook import connector

SPEC = connector.triggers["webhook.received"]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))


def sign(key, message, *, encoding="hex"):
    digest = hmac.digest(key.encode(), message, "sha256")
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


class Hook:
    """A trigger that listens, and the requests of its senders."""

    def __init__(self, surroundings, context, emit):
        self.hooks = surroundings.hooks
        self.context = context
        self.emit = emit

    async def ask(self, body=b"", headers=None, *, method="POST", query=None):
        return await self.hooks.request(
            HookRequest(
                method=method,
                path="shop",
                headers=headers or {},
                query=query or {},
                body=body,
                remote="192.0.2.1",
            )
        )


@contextlib.asynccontextmanager
async def listening(tmp_path, *, emit=None, **parameters):
    surroundings = Surroundings(workspace=tmp_path, clock=ManualClock(NOW))
    context = surroundings.context()
    emit = emit or RecordingEmit()
    trigger = SPEC.listen(SPEC.parameters.build({"path": "shop", **parameters}), context)
    task = asyncio.ensure_future(trigger.listen(emit))
    await asyncio.sleep(0)
    if task.done():
        await task
    hook = Hook(surroundings, context, emit)
    hook.status = trigger.status
    try:
        yield hook
    finally:
        task.cancel()
        await asyncio.wait([task])


def slack(body, *, key="sl", stamp=STAMP):
    return {
        "content-type": "application/json",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": "v0=" + sign(key, f"v0:{stamp}:".encode() + body),
    }


async def test_slack_is_answered_its_challenge_when_it_is_slack(tmp_path):
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a"}).encode()
    async with listening(tmp_path, preset="slack", secret="sl") as hook:
        reply = await hook.ask(body, slack(body))
        assert (reply.status, reply.text) == (200, "3eZbrw1a")
        assert (await hook.ask(body, slack(body, key="other"))).status == 401
        assert (await hook.ask(body, slack(body, stamp=str(int(STAMP) - 301)))).status == 401
        odd = json.dumps({"type": "url_verification", "challenge": 7}).encode()
        assert (await hook.ask(odd, slack(odd))).status == 400
        assert hook.emit.events == []


async def test_a_slack_event_is_known_by_its_id(tmp_path):
    async with listening(tmp_path, preset="slack", secret="sl") as hook:
        first = b'{"event_id": "Ev1", "n": 1}'
        again = b'{"event_id": "Ev1", "n": 2}'
        assert (await hook.ask(first, slack(first))).status == 200
        assert (await hook.ask(again, slack(again))).body["duplicate"] is True


def meta(body, key="me"):
    return {
        "content-type": "application/json",
        "x-hub-signature-256": "sha256=" + sign(key, body),
    }


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 200),
        ({"hub.verify_token": "wrong"}, 403),
        ({"hub.verify_token": ""}, 403),
        ({"hub.verify_token": "mot\udcff"}, 403),
        ({"hub.mode": "unsubscribe"}, 403),
        ({"hub.challenge": ""}, 403),
        ({"hub.challenge": "a\r\nSet-Cookie: x"}, 403),
        ({"hub.challenge": "1" * 2_000}, 403),
    ],
)
async def test_meta_is_answered_its_challenge_when_it_knows_the_word(tmp_path, query, status):
    asked = {"hub.mode": "subscribe", "hub.verify_token": "mot", "hub.challenge": "115"}
    async with listening(tmp_path, preset="meta", secret="me", verify_token="mot") as hook:
        reply = await hook.ask(method="GET", query={**asked, **query})
        assert reply.status == status
        assert reply.text == ("115" if status == 200 else None)
        assert hook.emit.events == []


async def test_meta_sends_signed_and_a_get_starts_nothing(tmp_path):
    body = b'{"entry": [{"id": "1", "text": "\\u00e9"}]}'
    async with listening(tmp_path, preset="meta", secret="me", verify_token="mot") as hook:
        assert (await hook.ask(body, meta(body))).status == 200
        assert (await hook.ask(b"", meta(b""), method="GET")).status == 401
        assert (await hook.ask(method="GET")).status == 401
        assert len(hook.emit.events) == 1
    async with listening(tmp_path, preset="meta", secret="me") as hook:
        query = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}
        assert (await hook.ask(method="GET", query=query)).status == 403


async def test_woocommerce_pings_unsigned_and_signs_with_the_decoded_secret(tmp_path):
    ping = {"content-type": "application/x-www-form-urlencoded"}
    body = b'{"id": 7}'
    async with listening(tmp_path, preset="woocommerce", secret="a&amp;b&#039;c") as hook:
        reply = await hook.ask(b"webhook_id=12", ping)
        assert (reply.status, hook.emit.events) == (200, [])
        for other in (b"webhook_id=", b"webhook_id=1&x=2", b"webhook_id=1e5", b"id=1"):
            assert (await hook.ask(other, ping)).status == 401
        headers = {
            "content-type": "application/json",
            "x-wc-webhook-signature": sign("a&b'c", body, encoding="base64"),
            "x-wc-webhook-topic": "order.created",
            "x-wc-webhook-delivery-id": "d",
        }
        assert (await hook.ask(body, headers)).status == 200
        (event,) = hook.emit.events
        assert event.data["headers"]["x-wc-webhook-topic"] == "order.created"
        # Two orders of one second share the delivery id: they are two.
        second = b'{"id": 8}'
        headers["x-wc-webhook-signature"] = sign("a&b'c", second, encoding="base64")
        assert (await hook.ask(second, headers)).body == {"id": "event-2"}


async def test_a_public_key_verifies_the_signatures_of_its_owner(tmp_path):
    private, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    public = "whpk_" + base64.b64encode(private.public_key().public_bytes_raw()).decode()
    body = b'{"a": 1}'
    message = b"msg_1." + STAMP.encode() + b"." + body

    def headers(key, version="v1a"):
        signature = base64.b64encode(key.sign(message)).decode()
        return {
            "content-type": "application/json",
            "webhook-id": "msg_1",
            "webhook-timestamp": STAMP,
            "webhook-signature": f"v1,AAAA {version},{signature}",
        }

    async with listening(tmp_path, preset="standard", secret=public) as hook:
        assert (await hook.ask(body, headers(private))).status == 200
        assert (await hook.ask(body, headers(other))).status == 401
        assert (await hook.ask(body, headers(private, "v1"))).status == 401
        assert (await hook.ask(body + b" ", headers(private))).status == 401
        assert len(hook.emit.events) == 1
    for broken in ("whpk_", "whpk_AAAA", "whpk_!!!"):
        async with listening(tmp_path, preset="standard", secret=broken) as hook:
            assert (await hook.ask(body, headers(private))).status == 503


BEARER = {"authorization": "Bearer tok"}
ONE = {"specversion": "1.0", "id": "e1", "source": "/shop", "type": "order.made"}


async def test_a_cloudevent_comes_in_headers_in_a_body_and_in_a_batch(tmp_path):
    binary = {
        **BEARER,
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": "e1",
        "ce-source": "/shop",
        "ce-type": "order.made",
        "ce-subject": "caf%C3%A9",
    }
    async with listening(tmp_path, preset="cloudevents", secret="tok") as hook:
        reply = await hook.ask(b'{"n": 1}', binary)
        assert (reply.status, reply.body) == (202, {"id": "event-1"})
        data = hook.emit.events[0].data
        assert (data["body"], data["id"]) == ({"n": 1}, "e1")
        assert data["cloudevent"]["subject"] == "café"
        # The same id and source in another form is the same event.
        structured = {**BEARER, "content-type": "application/cloudevents+json; charset=utf-8"}
        body = json.dumps({**ONE, "data": {"n": 1}}).encode()
        assert (await hook.ask(body, structured)).body == {"id": "event-1", "duplicate": True}
        encoded = base64.b64encode(b"\xff").decode()
        body = json.dumps({**ONE, "id": "e2", "data_base64": encoded}).encode()
        assert (await hook.ask(body, structured)).status == 202
        assert hook.emit.events[1].data["body"] == {"base64": encoded}
        batch = {**BEARER, "content-type": "application/cloudevents-batch+json"}
        both = json.dumps([{**ONE, "id": "e3"}, {**ONE, "id": "e3", "source": "/b"}]).encode()
        reply = await hook.ask(both, batch)
        assert (reply.status, reply.body) == (202, {"ids": ["event-3", "event-4"]})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/cloudevents+json", {**ONE, "specversion": "0.3"}),
        ("application/cloudevents+json", {**ONE, "id": ""}),
        ("application/cloudevents+json", {**ONE, "source": 7}),
        ("application/cloudevents+json", {**ONE, "id": "x" * 2_000}),
        ("application/cloudevents+json", {**ONE, "data_base64": "!"}),
        ("application/cloudevents+json", [ONE]),
        ("application/cloudevents-batch+json", ONE),
        ("application/cloudevents-batch+json", []),
        ("application/cloudevents-batch+json", [ONE, {}]),
        ("application/cloudevents-batch+json", [ONE] * 501),
        ("application/json", ONE),
    ],
)
async def test_what_is_no_cloudevent_is_refused_whole(tmp_path, kind, body):
    async with listening(tmp_path, preset="cloudevents", secret="tok") as hook:
        reply = await hook.ask(json.dumps(body).encode(), {**BEARER, "content-type": kind})
        assert (reply.status, hook.emit.events) == (400, [])


async def test_cloudevents_ask_for_consent_and_may_bring_the_token_in_the_query(tmp_path):
    async with listening(tmp_path, preset="cloudevents", secret="tok") as hook:
        asked = {"webhook-request-origin": "events.example.org", "webhook-request-rate": "120"}
        token = {"access_token": "tok", "a": "b"}
        reply = await hook.ask(headers=asked, method="OPTIONS", query=token)
        assert reply.status == 200
        assert reply.headers["WebHook-Allowed-Origin"] == "events.example.org"
        assert reply.headers["WebHook-Allowed-Rate"] == "3000"
        assert (await hook.ask(headers=asked, method="OPTIONS")).status == 401
        wrong = {"webhook-request-origin": "a\r\nX: y"}
        assert (await hook.ask(headers=wrong, method="OPTIONS", query=token)).status == 400
        kind = {"content-type": "application/cloudevents+json"}
        assert (await hook.ask(json.dumps(ONE).encode(), kind, query=token)).status == 202
        assert hook.emit.events[0].data["query"] == {"a": "b"}
        # A header that is there counts, whatever the query says.
        bad = {**kind, "authorization": "Bearer wrong"}
        assert (await hook.ask(json.dumps(ONE).encode(), bad, query=token)).status == 401


async def test_a_batch_that_is_taken_in_part_is_asked_for_again(tmp_path):
    taken = RecordingEmit()

    async def emit(data, *, key, **more):
        if "e2" in key:
            raise Overloaded("full", retry_after_seconds=7)
        return await taken(data, key=key, **more)

    batch = json.dumps([{**ONE, "id": f"e{n}"} for n in range(4)]).encode()
    kind = {**BEARER, "content-type": "application/cloudevents-batch+json"}
    async with listening(tmp_path, emit=emit, preset="cloudevents", secret="tok") as hook:
        reply = await hook.ask(batch, kind)
        assert (reply.status, reply.headers["Retry-After"]) == (503, "7")
        assert len(taken.events) == 3


def parts(content=b"%PDF", name="../a.pdf"):
    return (
        b'--x\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
        b'--x\r\nContent-Disposition: form-data; name="note"\r\n\r\nagain\r\n'
        b'--x\r\nContent-Disposition: form-data; name="doc"; filename="' + name.encode() + b'"\r\n'
        b"Content-Type: application/pdf\r\n\r\n" + content + b"\r\n--x--\r\n"
    )


FORM = {"authorization": "Bearer tok", "content-type": "multipart/form-data; boundary=x"}


async def test_files_lie_in_the_folder_of_their_event_once(tmp_path):
    async with listening(tmp_path, secret="tok", accept="multipart") as hook:
        assert (await hook.ask(parts(), FORM)).status == 200
        data = hook.emit.events[0].data
        assert data["body"] == {"note": ["hello", "again"]}
        (file,) = data["files"]
        path = Path(file["path"])
        assert path.read_bytes() == b"%PDF"
        assert path.parent.parent == hook.context.received.folder(hook.emit.events[0].key)
        assert (file["field"], file["name"], file["type"]) == ("doc", "a.pdf", "application/pdf")
        assert (await hook.ask(parts(), FORM)).body["duplicate"] is True
        assert list(tmp_path.rglob("*.pdf")) == [path]


async def test_what_is_not_kept_leaves_no_file(tmp_path):
    async def refuse(_data, **_):
        raise JournalError("the disk is full")

    async with listening(tmp_path, emit=refuse, secret="tok", accept="multipart") as hook:
        assert (await hook.ask(parts(), FORM)).status == 503
        assert (await hook.ask(parts()[:-9], FORM)).status == 400
        assert (await hook.ask(parts(), {**FORM, "authorization": "Bearer no"})).status == 401
    assert list(tmp_path.rglob("*.pdf")) == []


async def test_a_place_that_cannot_be_written_is_503(tmp_path):
    (tmp_path / ".rouage").write_text("in the way")
    async with listening(tmp_path, secret="tok", accept="multipart") as hook:
        assert (await hook.ask(parts(), FORM)).status == 503
        assert hook.emit.events == []


@pytest.mark.parametrize(
    ("outcome", "status", "body"),
    [
        (Outcome(run="r", state="running", is_done=True, result={"total": 3}), 200, {"total": 3}),
        (Outcome(run="r", state="running"), 202, {"id": "event-1", "run": "r", "state": "running"}),
        (Outcome(), 202, {"id": "event-1", "run": None, "state": None}),
    ],
)
async def test_a_sender_who_waits_gets_what_the_step_gave(tmp_path, outcome, status, body):
    asked = []

    async def awaited(*what):
        asked.append(what)
        return outcome

    respond = {"from": "price", "timeout": "2s"}
    async with listening(tmp_path, secret="tok", respond=respond) as hook:
        hook.context.outcome = awaited
        reply = await hook.ask(b"{}", {**BEARER, "content-type": "application/json"})
        assert (reply.status, reply.body) == (status, body)
        assert asked == [("event-1", "price", 2.0)]


async def test_while_paused_a_hook_may_drop_what_comes(tmp_path):
    kind = {**BEARER, "content-type": "application/json"}
    async with listening(tmp_path, secret="tok", paused="drop") as hook:
        hook.context.is_paused = lambda: True
        assert (await hook.ask(b"{}", kind)).body == {"id": None, "dropped": True}
        assert (await hook.ask(b"{}")).status == 401
        hook.context.is_paused = lambda: False
        assert (await hook.ask(b"{}", kind)).body == {"id": "event-1"}


async def test_the_status_says_what_was_refused(tmp_path):
    async with listening(tmp_path, secret="tok", status=202) as hook:
        assert hook.status() == {"path": "/hooks/shop", "preset": "bearer"}
        await hook.ask(b"{}")
        await hook.ask(b"{", {**BEARER, "content-type": "application/json"})
        reply = await hook.ask(b"{}", {**BEARER, "content-type": "application/json"})
        assert reply.status == 202
        assert hook.status()["refused"] == {"401": 1, "400": 1}
        assert hook.status()["last_refusal"] == "2026-03-02T09:00:00+00:00"


@pytest.mark.parametrize(
    ("preset", "subject", "keys"),
    [
        ("github", "d-1", ("id:d-1",)),
        ("woocommerce", "d-1", ("id:d-1 sha256:",)),
        ("cloudevents", "e1", ("id:e1 source:",)),
        ("bearer", "a" * 64, (f"id:{'a' * 64} sha256:", f"sha256:{'a' * 64}")),
    ],
)
def test_a_delivery_is_found_by_what_its_sender_calls_it(preset, subject, keys):
    chosen = SPEC.parameters.build({"path": "shop", "preset": preset})
    assert SPEC.listen.keys(chosen, subject) == keys


@pytest.mark.parametrize(
    "parameters",
    [
        {"respond": {"from": "a", "timeout": "26s"}},
        {"respond": {"from": "a", "timeout": "soon"}},
        {"respond": {"timeout": "5s"}},
        {"respond": {"from": "a", "status": 200}},
        {"verify_token": "x"},
    ],
)
def test_answers_and_words_that_do_not_fit_are_explained(parameters):
    problem = SPEC.listen.check(SPEC.parameters.build({"path": "shop", **parameters}))
    assert problem is not None
    assert problem.fr != problem.en
