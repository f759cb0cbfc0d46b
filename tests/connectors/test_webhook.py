"""The trigger `webhook.received`: proofs, second deliveries, bodies, answers."""

import asyncio
import base64
import contextlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from rouage.errors import JournalError, Overloaded, StepError
from rouage.sdk import HookRequest
from rouage.sdk.testing import ManualClock, RecordingEmit, Surroundings
from rouage_connectors.webhook import connector
from rouage_connectors.webhook.content import Unreadable, read_content, read_json
from rouage_connectors.webhook.parameters import find_fault

SPEC = connector.triggers["webhook.received"]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STAMP = int(NOW.timestamp())
BODY = b'{"id": "A-1", "total": 42.5}'
STANDARD_KEY = base64.b64encode(b"k" * 32).decode()


def sign(key, message, *, algorithm="sha256", encoding="hex"):
    digest = hmac.digest(key.encode() if isinstance(key, str) else key, message, algorithm)
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


class Hook:
    """A trigger that listens, and the requests of its senders."""

    def __init__(self, surroundings, emit, reports):
        self.hooks = surroundings.hooks
        self.clock = surroundings.clock
        self.emit = emit
        self.reports = reports

    async def ask(self, body=BODY, *, kind="application/json", query=None, method="POST", **fields):
        headers = {"content-type": kind} if kind else {}
        headers |= {name.replace("_", "-"): value for name, value in fields.items()}
        return await self.hooks.request(
            HookRequest(
                method=method,
                path="shop",
                headers=headers,
                query=query or {},
                body=body,
                remote="127.0.0.1",
            )
        )


@contextlib.asynccontextmanager
async def listening(tmp_path, *, emit=None, **parameters):
    reports = []
    surroundings = Surroundings(workspace=tmp_path, clock=ManualClock(NOW))
    context = surroundings.context()
    context.report = lambda state, reason: reports.append((state, reason))
    trigger = SPEC.listen(SPEC.parameters.build({"path": "shop", **parameters}), context)
    emit = emit or RecordingEmit()
    task = asyncio.ensure_future(trigger.listen(emit))
    await asyncio.sleep(0)
    if task.done():
        await task
    try:
        yield Hook(surroundings, emit, reports)
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert surroundings.hooks.paths == ()


async def test_a_bearer_token_opens_the_hook(tmp_path):
    async with listening(tmp_path, secret="s3cret") as hook:
        reply = await hook.ask(authorization="Bearer s3cret", user_agent="Shop/1", query={"a": "b"})
        assert (reply.status, reply.body) == (200, {"id": "event-1"})
        assert hook.emit.events[0].data == {
            "body": {"id": "A-1", "total": 42.5},
            "headers": {"content-type": "application/json", "user-agent": "Shop/1"},
            "query": {"a": "b"},
            "id": hook.emit.events[0].data["id"],
            "method": "POST",
            "remote": "127.0.0.1",
        }
        assert hook.reports == [("listening", None)]


@pytest.mark.parametrize(
    "header",
    ["", "s3cret", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crett", "Basic s3cret",
     "Bearer é",
     "Bearer \udcff", "x" * 100_000],
)  # fmt: skip
async def test_a_wrong_token_is_401_whatever_it_looks_like(tmp_path, header):
    async with listening(tmp_path, secret="s3cret") as hook:
        reply = await hook.ask(authorization=header)
        assert reply.status == 401
        assert reply.body == (await hook.ask()).body
        assert hook.emit.events == []


async def test_two_secrets_are_good_while_one_replaces_the_other(tmp_path):
    async with listening(tmp_path, secret=["old", "new"]) as hook:
        assert (await hook.ask(b"1", authorization="Bearer old")).status == 200
        assert (await hook.ask(b"2", authorization="Bearer new")).status == 200
        assert (await hook.ask(b"3", authorization="Bearer other")).status == 401


@pytest.mark.parametrize("secret", [[], "", "  ", ["good", ""]])
async def test_without_a_usable_secret_nothing_is_accepted(tmp_path, secret):
    async with listening(tmp_path, secret=secret) as hook:
        reply = await hook.ask(authorization="Bearer good")
        assert reply.status == 503
        assert reply.headers["Retry-After"]
        assert hook.reports[0][0] == "error"


async def test_basic_and_a_header_of_ones_own(tmp_path):
    good = "Basic " + base64.b64encode("zoé:pass".encode()).decode()
    async with listening(tmp_path, preset="basic", secret="zoé:pass") as hook:
        assert (await hook.ask(authorization=good)).status == 200
        assert (await hook.ask(authorization="Basic !!!")).status == 401
    async with listening(tmp_path, secret="key-1", header="X-Api-Key") as hook:
        assert (await hook.ask(x_api_key="key-1", keep="1")).status == 200
        assert (await hook.ask(x_api_key="key-2")).status == 401
        assert "x-api-key" not in hook.emit.events[0].data["headers"]


def github(body=BODY, key="gh", delivery="d-1"):
    return {
        "x_hub_signature_256": "sha256=" + sign(key, body),
        "x_github_delivery": delivery,
        "x_github_event": "push",
    }


def stripe(body=BODY, key="whsec_x", stamp=STAMP):
    return {"stripe_signature": f"t={stamp},v0=ff,v1={sign(key, b'%d.' % stamp + body)}"}


def calendly(body=BODY, key="cal", stamp=STAMP):
    signature = sign(key, b"%d." % stamp + body)
    return {"calendly_webhook_signature": f"t={stamp},v1={signature}"}


def shopify(body=BODY, key="shop"):
    return {
        "x_shopify_hmac_sha256": sign(key, body, encoding="base64"),
        "x_shopify_webhook_id": "w-1",
        "x_shopify_topic": "orders/create",
    }


def typeform(body=BODY, key="type"):
    return {"typeform_signature": "sha256=" + sign(key, body, encoding="base64")}


def standard(body=BODY, key=STANDARD_KEY, stamp=STAMP, identity="msg_1"):
    message = f"{identity}.{stamp}.".encode() + body
    signature = sign(base64.b64decode(key), message, encoding="base64")
    return {
        "webhook_id": identity,
        "webhook_timestamp": str(stamp),
        "webhook_signature": f"v1a,zzz v1,{signature}",
    }


PRESETS = {
    "github": (github, "gh"),
    "stripe": (stripe, "whsec_x"),
    "calendly": (calendly, "cal"),
    "shopify": (shopify, "shop"),
    "typeform": (typeform, "type"),
    "standard": (standard, "whsec_" + STANDARD_KEY.rstrip("=")),
}


@pytest.mark.parametrize("preset", PRESETS)
async def test_each_preset_admits_its_sender_and_no_other(tmp_path, preset):
    make, secret = PRESETS[preset]
    async with listening(tmp_path, preset=preset, secret=secret) as hook:
        assert (await hook.ask(**make())).status == 200
        assert (await hook.ask(BODY + b" ", **make())).status == 401
        assert (await hook.ask()).status == 401
        for name, value in make().items():
            if "signature" in name or "hmac" in name:
                for bad in (value[:-1], value[:-2] + "~~", value.upper() + "x", "\udce9", "é" * 50):
                    assert (await hook.ask(**{**make(), name: bad})).status == 401
        assert len(hook.emit.events) == 1
        kept = hook.emit.events[0].data["headers"]
        assert not any("signature" in name or "hmac" in name for name in kept)


@pytest.mark.parametrize(
    ("preset", "tolerance"), [("stripe", 300), ("standard", 300), ("calendly", 180)]
)
async def test_a_stale_or_early_request_is_refused(tmp_path, preset, tolerance):
    make, secret = PRESETS[preset]
    async with listening(tmp_path, preset=preset, secret=secret) as hook:
        for offset in (-tolerance, tolerance):
            assert (await hook.ask(**make(stamp=STAMP + offset))).status == 200
            assert (await hook.ask(**make(stamp=STAMP + offset * 2))).status == 401


@pytest.mark.parametrize("stamp", ["", "abc", "1e9", "-1", "٣", " 1", "9" * 13, "1.5"])
async def test_a_timestamp_is_plain_digits(tmp_path, stamp):
    fields = standard()
    signed = f"msg_1.{stamp}.".encode() + BODY
    fields["webhook_timestamp"] = stamp
    fields["webhook_signature"] = "v1," + sign(b"k" * 32, signed, encoding="base64")
    async with listening(tmp_path, preset="standard", secret=STANDARD_KEY) as hook:
        assert (await hook.ask(**fields)).status == 401


async def test_any_of_several_signatures_is_good(tmp_path):
    good = sign("whsec_x", b"%d." % STAMP + BODY)
    header = f"t={STAMP},v1={'0' * 64},v1={good}"
    async with listening(tmp_path, preset="stripe", secret=["whsec_old", "whsec_x"]) as hook:
        assert (await hook.ask(stripe_signature=header)).status == 200
        twice = f"t={STAMP},t={STAMP + 1},v1={good}"
        assert (await hook.ask(stripe_signature=twice)).status == 401


@pytest.mark.parametrize("algorithm", ["sha256", "sha512", "sha1"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
async def test_a_scheme_of_ones_own(tmp_path, algorithm, encoding):
    message = b"id-7|%d|" % STAMP + BODY
    signature = "v=" + sign("key", message, algorithm=algorithm, encoding=encoding)
    async with listening(
        tmp_path,
        preset="hmac",
        secret="key",
        header="X-Sig",
        algorithm=algorithm,
        encoding=encoding,
        prefix="v=",
        template="{id}|{timestamp}|{body}",
        id_header="X-Id",
        timestamp_header="X-Time",
    ) as hook:
        fields = {"x_sig": signature, "x_id": "id-7", "x_time": str(STAMP)}
        assert (await hook.ask(**fields)).status == 200
        assert hook.emit.events[0].data["id"] == "id-7"
        assert (await hook.ask(**{**fields, "x_id": "id-8"})).status == 401
        assert (await hook.ask(**{**fields, "x_sig": signature[2:]})).status == 401


async def test_a_second_delivery_is_answered_with_the_first_id(tmp_path):
    async with listening(tmp_path, secret="s") as hook:
        good = {"authorization": "Bearer s"}
        first = await hook.ask(**good)
        second = await hook.ask(**good)
        assert second.status == 200
        assert second.body == {**first.body, "duplicate": True}
        assert (await hook.ask(b"[1]", **good)).body == {"id": "event-2"}
        assert (await hook.ask(query={"a": "1"}, **good)).body == {"id": "event-3"}
        assert (await hook.ask(idempotency_key="k1", **good)).body == {"id": "event-4"}
        assert (await hook.ask(idempotency_key="k2", **good)).body == {"id": "event-5"}
        assert "duplicate" in (await hook.ask(idempotency_key="k2", **good)).body


async def test_a_replayed_signature_with_another_query_is_still_a_second_delivery(tmp_path):
    fields = {"x_sig": sign("key", BODY)}
    async with listening(tmp_path, preset="hmac", secret="key", header="X-Sig") as hook:
        await hook.ask(**fields)
        assert (await hook.ask(query={"again": "1"}, **fields)).body["duplicate"] is True


async def test_the_same_body_may_be_something_new_when_the_recipe_says_so(tmp_path):
    async with listening(tmp_path, secret="s", same_body="again") as hook:
        await hook.ask(authorization="Bearer s")
        await hook.clock.advance(1)
        assert (await hook.ask(authorization="Bearer s")).body == {"id": "event-2"}


@pytest.mark.parametrize(
    ("preset", "make", "secret"),
    [
        ("github", github, "gh"),
        ("stripe", stripe, "whsec_x"),
        ("shopify", shopify, "shop"),
        ("standard", standard, STANDARD_KEY),
    ],
)
async def test_a_decisive_id_makes_a_duplicate_even_when_the_body_was_written_anew(
    tmp_path, preset, make, secret
):
    other = json.dumps(json.loads(BODY), indent=1).encode()
    async with listening(tmp_path, preset=preset, secret=secret) as hook:
        await hook.ask(**make())
        reply = await hook.ask(other, **make(other))
        assert reply.body == {"id": "event-1", "duplicate": True}


async def test_an_id_that_is_no_plain_text_is_hashed(tmp_path):
    async with listening(tmp_path, secret="s") as hook:
        for identity in ("é", "x" * 5000, "a\x00b", "\udcff"):
            await hook.ask(authorization="Bearer s", idempotency_key=identity)
        for event in hook.emit.events:
            assert len(event.data["id"]) == 64
        assert len(hook.emit.events) == 4


async def test_a_github_ping_is_answered_and_starts_nothing(tmp_path):
    async with listening(tmp_path, preset="github", secret="gh") as hook:
        reply = await hook.ask(**{**github(), "x_github_event": "ping"})
        assert (reply.status, reply.body) == (200, {"ok": True})
        assert (await hook.ask(x_github_event="ping")).status == 401
        assert hook.emit.events == []


async def test_a_github_form_carries_its_payload(tmp_path):
    body = b"payload=%7B%22ref%22%3A%22main%22%7D"
    async with listening(tmp_path, preset="github", secret="gh") as hook:
        reply = await hook.ask(body, kind="application/x-www-form-urlencoded", **github(body))
        assert reply.status == 200
        assert hook.emit.events[0].data["body"] == {"ref": "main"}


@pytest.mark.parametrize(
    ("error", "wait"), [(Overloaded("full", retry_after_seconds=4), "4"), (JournalError("no"), "5")]
)
async def test_what_cannot_be_kept_is_answered_503(tmp_path, error, wait):
    async def refuse(data, **more):
        raise error

    async with listening(tmp_path, emit=refuse, secret="s") as hook:
        reply = await hook.ask(authorization="Bearer s")
        assert (reply.status, reply.headers["Retry-After"]) == (503, wait)


async def test_an_unsigned_hook_must_say_so(tmp_path):
    async with listening(tmp_path, preset="none", unsigned=True) as hook:
        assert (await hook.ask()).status == 200
    with pytest.raises(StepError, match="unsigned: true"):
        async with listening(tmp_path, preset="none"):
            pass
    with pytest.raises(StepError, match="unsigned: true"):
        async with listening(tmp_path, secret="s", unsigned=True):
            pass


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"preset": "hmac"}, "header"),
        ({"preset": "hmac", "header": "X-S", "template": "{id}"}, "{body}"),
        ({"preset": "hmac", "header": "X-S", "template": "{timestamp}{body}"}, "timestamp_header"),
        ({"preset": "hmac", "header": "X-S", "template": "{id}{body}"}, "id_header"),
        ({"methods": ["TRACE"]}, "GET"),
        ({"methods": []}, "POST"),
        ({"max_body": "65 MiB"}, "64 MiB"),
    ],
)
def test_parameters_that_do_not_fit_together_are_explained(parameters, word):
    fault = find_fault(SPEC.parameters.build({"path": "shop", **parameters}))
    assert fault is not None
    assert word in fault.en
    assert word.replace("MiB", "Mio") in fault.fr
    assert SPEC.listen.check(SPEC.parameters.build({"path": "shop", **parameters})) == fault


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", "a b", "é", "", "a/..", "x?y", "-a"])
def test_a_path_that_cannot_stand_in_an_address_is_refused(path):
    with pytest.raises(StepError):
        SPEC.parameters.build({"path": path})


def test_paths_rates_and_sizes_as_people_write_them():
    for path in ("commandes", "a/b/c", "v1.2/x_y", "k7Jf-2"):
        SPEC.parameters.build({"path": path, "rate": "20 per 1h", "max_body": "5 Mo"})
    with pytest.raises(StepError):
        SPEC.parameters.build({"path": "a", "rate": "fast"})


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (BODY, "text/plain", 415),
        (BODY, "", 415),
        (BODY, "multipart/form-data; boundary=x", 415),
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"a": NaN}', "application/json", 400),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused_with_a_reason(tmp_path, body, kind, status):
    async with listening(tmp_path, secret="s") as hook:
        reply = await hook.ask(body, kind=kind, authorization="Bearer s")
        assert reply.status == status
        assert reply.body["message"]["fr"]
        assert hook.emit.events == []


def test_bodies_are_read_as_what_they_are_declared():
    form = "application/x-www-form-urlencoded; charset=utf-8"
    assert read_content(b"", "", "auto") is None
    assert read_content(b"[1]", "application/json", "auto") == [1]
    assert read_content(b"[1]", "application/cloudevents+json; charset=utf-8", "json") == [1]
    assert read_content(b"a=1&b=&a=2&c=%C3%A9", form, "auto") == {
        "a": ["1", "2"],
        "b": "",
        "c": "é",
    }
    assert read_content("été".encode(), "text/weird", "raw") == "été"
    assert read_content(b"\xff\x00", "", "raw") == {"base64": "/wA="}
    with pytest.raises(Unreadable):
        read_content(b"[1]", "application/json", "form")
    with pytest.raises(Unreadable):
        read_content(b"a=1", form, "json")
    with pytest.raises(Unreadable):
        read_content(b"&".join(b"a=1" for _ in range(1001)), form, "auto")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"x": {"a": 1, "b": 2, "a": 3}}',
        "[NaN]",
        "[Infinity]",
        "[-Infinity]",
        "[1e999]",
        "[" * 101 + "]" * 101,
        "[" * 100_000,
        '{"a":' * 150 + "1" + "}" * 150,
        "1" * 41,
        "1" * 5000,
        "[1,]",
        "{'a': 1}",
        "",
        "\ufeff1",
        '"\\ud800"',
    ],
)
def test_json_is_read_strictly(text):
    with pytest.raises(Unreadable):
        read_json(text.encode())


def test_good_json_is_taken_whole():
    deep = "[" * 100 + "]" * 100
    assert read_json(deep.encode()) is not None
    wide = json.dumps([[{}] for _ in range(200)])
    assert read_json(wide.encode()) == [[{}]] * 200
    assert read_json(("9" * 40).encode()) == int("9" * 40)
    long_text = json.dumps({"digits": "7" * 60})
    assert read_json(long_text.encode()) == {"digits": "7" * 60}
    assert read_json(b'"\\ud83d\\ude00"') == "😀"


async def test_headers_are_kept_by_a_list_and_never_secrets(tmp_path):
    async with listening(
        tmp_path, secret="s", keep_headers=["X-Topic", "Authorization", "Cookie"]
    ) as hook:
        await hook.ask(authorization="Bearer s", cookie="c", x_topic="é" * 2000, x_other="no")
        kept = hook.emit.events[0].data["headers"]
        assert set(kept) == {"content-type", "x-topic"}
        assert len(kept["x-topic"]) == 1000
