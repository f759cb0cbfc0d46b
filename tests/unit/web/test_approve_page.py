"""The page behind a signed link: shows, decides once, and gives nothing away."""

import asyncio
import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rouage.web.links import Links

ANSWER = {"choice": "approve", "fields": {}, "reason": None, "shown": "d1" * 32}


async def test_the_page_shows_the_question_as_text_never_as_markup(desk: Any) -> None:
    seen = await desk.visit(desk.link(await desk.ask()))
    assert seen.status == 200
    assert "Send invoice &lt;b&gt;7&lt;/b&gt;?" in seen.text
    assert "To: &lt;script&gt;alert(1)&lt;/script&gt;" in seen.text
    assert "<script" not in seen.text
    assert "1 450 €" in seen.text
    assert "You answer as marie@exemple.fr" in seen.text


@pytest.mark.parametrize(
    ("table", "cells"),
    [
        ([["a", 1], ["b"]], ["a", "1", "b"]),
        ({"Total": 12}, ["Total", "12"]),
        ([{"who": "<i>", "n": 1}, {"who": "x", "m": 2}], ["who", "n", "m", "&lt;i&gt;", "2"]),
        ("plain", ["plain"]),
    ],
)
async def test_every_shape_of_table_is_shown(desk: Any, table: Any, cells: list[str]) -> None:
    seen = await desk.visit(desk.link(await desk.ask(show=[{"table": table}])))
    for cell in cells:
        assert f'<td dir="auto">{cell}</td>' in seen.text


async def test_the_page_speaks_the_language_of_the_browser(desk: Any) -> None:
    path = desk.link(await desk.ask())
    seen = await desk.visit(path, headers={"Accept-Language": "fr-FR,fr;q=0.9"})
    assert '<html lang="fr">' in seen.text
    assert "Envoyer la facture &lt;b&gt;7&lt;/b&gt; ?" in seen.text
    assert "Approuver" in seen.text


async def test_characters_that_hide_or_reorder_text_are_spelled_out(desk: Any) -> None:
    shown = [{"text": "Total \u202e001\u200e"}]
    seen = await desk.visit(desk.link(await desk.ask(show=shown)))
    assert "\u202e" not in seen.text
    assert "\\u202e001" in seen.text


@pytest.mark.parametrize("path", ["page", "unknown", "expired"])
async def test_every_page_is_strict_private_and_unindexed(desk: Any, path: str) -> None:
    run = await desk.ask()
    expired = desk.link(run, expires=desk.clock.now() - timedelta(seconds=1))
    links = {"page": desk.link(run), "unknown": "/approve/abc.def", "expired": expired}
    seen = await desk.visit(links[path])
    policy = seen.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert "form-action 'self'; frame-ancestors 'none'; base-uri 'none'" in policy
    assert seen.headers["Cache-Control"] == "no-store"
    assert seen.headers["Referrer-Policy"] == "no-referrer"
    assert seen.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert seen.headers["X-Content-Type-Options"] == "nosniff"
    assert seen.headers["Server"] == "rouage"
    assert 'name="viewport"' in seen.text


async def test_the_style_on_the_page_is_the_one_that_the_policy_admits(
    desk: Any, digest: Any
) -> None:
    seen = await desk.visit(desk.link(await desk.ask()))
    style = seen.text.partition("<style>")[2].partition("</style>")[0]
    wanted = base64.b64encode(bytes.fromhex(digest(style.encode()))).decode()
    assert f"'sha256-{wanted}'" in seen.headers["Content-Security-Policy"]


async def test_looking_never_decides(desk: Any) -> None:
    run = await desk.ask()
    path = desk.link(run)
    for method, query in (
        ("GET", ""),
        ("GET", "?choice=approve"),
        ("HEAD", ""),
        ("GET", f"?choice=approve&shown={'d1' * 32}&proof=x"),
    ):
        seen = await desk.visit(path + query, method)
        assert seen.status == 200
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert (await desk.visit(path, method)).status in {401, 405}
    assert await desk.signals(run) == []
    assert len(await desk.engine.list_waits()) == 1


async def test_a_head_request_sends_no_body(desk: Any) -> None:
    assert (await desk.visit(desk.link(await desk.ask()), "HEAD")).body == b""


@pytest.mark.parametrize(("choice", "word"), [("approve", "Approved"), ("refuse", "Refused")])
async def test_a_button_decides_and_the_page_then_tells_who_and_when(
    desk: Any, choice: str, word: str
) -> None:
    run = await desk.ask()
    path = desk.link(run)
    pressed = await desk.press(path, choice, reason=" as agreed ")
    assert (pressed.status, pressed.headers["Location"]) == (303, path)
    answer = ANSWER | {"choice": choice, "reason": "as agreed"}
    assert await desk.signals(run) == [("marie@exemple.fr", answer)]
    assert await desk.outcome(run) == [answer]
    seen = await desk.visit(path)
    assert f"{word} by marie@exemple.fr, 1 July 2026 at 14:00 (CEST)" in seen.text
    assert "as agreed" in seen.text
    assert "<form" not in seen.text


async def test_a_link_counts_once_and_the_first_answer_stays(desk: Any) -> None:
    run = await desk.ask()
    path = desk.link(run)
    seen = await desk.visit(path)
    first = await desk.visit(path, "POST", data=seen.form | {"choice": "refuse"})
    again = await desk.visit(path, "POST", data=seen.form | {"choice": "approve"})
    assert (first.status, again.status) == (303, 303)
    assert [payload["choice"] for _, payload in await desk.signals(run)] == ["refuse"]
    assert "Refused by" in (await desk.visit(path)).text


async def test_two_clicks_at_once_are_one_answer(desk: Any) -> None:
    run = await desk.ask(need=2)
    path = desk.link(run)
    seen = await desk.visit(path)
    data = seen.form | {"choice": "approve"}
    replies = await asyncio.gather(*[desk.visit(path, "POST", data=data) for _ in range(8)])
    assert {reply.status for reply in replies} == {303}
    assert len(await desk.signals(run)) == 1


async def test_a_second_person_sees_what_the_first_one_decided(desk: Any) -> None:
    run = await desk.ask()
    other = desk.link(run, person="paul@exemple.fr")
    opened = await desk.visit(other)
    await desk.press(desk.link(run), "approve")
    late = await desk.visit(other, "POST", data=opened.form | {"choice": "refuse"})
    assert late.status == 303
    assert "Approved by marie@exemple.fr" in (await desk.visit(other)).text
    assert len(await desk.signals(run)) == 1


async def test_where_two_must_agree_the_first_sees_that_one_is_missing(desk: Any) -> None:
    run = await desk.ask(need=2)
    first, second = desk.link(run), desk.link(run, person="paul@exemple.fr")
    await desk.press(first, "approve")
    assert "1 of 2 answers are in" in (await desk.visit(first)).text
    await desk.press(second, "approve")
    assert [payload["choice"] for payload in await desk.outcome(run)] == ["approve", "approve"]


def forgeries(token: str, other: Links) -> list[str]:
    body, _, signature = token.partition(".")
    facts = json.loads(base64.urlsafe_b64decode(body + "=="))
    facts[3] = "boss@exemple.fr"
    changed = base64.urlsafe_b64encode(json.dumps(facts).encode()).decode().rstrip("=")
    foreign = other.read(token)
    assert foreign is None
    return [
        f"{changed}.{signature}",
        f"{body}.{signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}",
        f"{body}.",
        f".{signature}",
        body,
        f"{token}=",
        f"{token}.x",
        token.swapcase(),
        "%00",
        "a" * 3000,
    ]


async def test_a_forged_link_shows_and_decides_nothing(desk: Any) -> None:
    run = await desk.ask()
    path = desk.link(run)
    form = (await desk.visit(path)).form
    for token in forgeries(path.removeprefix("/approve/"), Links(b"x" * 32)):
        for method, data in (("GET", None), ("POST", form | {"choice": "approve"})):
            seen = await desk.visit(f"/approve/{token}", method, data=data)
            assert seen.status == 404, token
            assert "invoice" not in seen.text
    assert await desk.signals(run) == []


async def test_a_link_signed_with_another_key_is_no_link(desk: Any) -> None:
    run = await desk.ask()
    desk.control.links, ours = Links(b"x" * 32), desk.control.links
    path = desk.link(run)
    desk.control.links = ours
    desk_status = (await desk.visit(path)).status
    assert desk_status == 404


async def test_an_expired_link_shows_and_decides_nothing(desk: Any) -> None:
    run = await desk.ask()
    path = desk.link(run)
    form = (await desk.visit(path)).form
    desk.clock.instant += timedelta(hours=24)
    seen = await desk.visit(path)
    assert seen.status == 410
    assert "invoice" not in seen.text
    assert (await desk.visit(path, "POST", data=form | {"choice": "approve"})).status == 410
    assert await desk.signals(run) == []


async def test_an_answer_after_the_deadline_is_too_late_and_the_page_says_so(desk: Any) -> None:
    run = await desk.ask(timeout_at=desk.deadline(1))
    path = desk.link(run)
    form = (await desk.visit(path)).form
    desk.clock.instant += timedelta(hours=2)
    seen = await desk.visit(path, "POST", data=form | {"choice": "approve"})
    assert seen.status == 303
    assert await desk.signals(run) == []


async def test_a_link_to_another_question_than_the_one_asked_now_is_refused(desk: Any) -> None:
    run = await desk.ask()
    path = desk.link(run, digest="e2" * 32)
    seen = await desk.visit(path)
    assert seen.status == 409
    assert "Send invoice" not in seen.text
    form = (await desk.visit(desk.link(run))).form
    assert (await desk.visit(path, "POST", data=form | {"choice": "approve"})).status == 403
    assert await desk.signals(run) == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/json"}, 415),
        ({"Host": "evil.example"}, 421),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 303),
    ],
)
async def test_a_form_of_another_site_is_refused(
    desk: Any, headers: dict[str, str], status: int
) -> None:
    run = await desk.ask()
    path = desk.link(run)
    data = (await desk.visit(path)).form | {"choice": "approve"}
    body = "&".join(f"{name}={value}" for name, value in data.items())
    headers = {"Content-Type": "application/x-www-form-urlencoded"} | headers
    seen = await desk.visit(path, "POST", data=body, headers=headers)
    assert seen.status == status
    assert len(await desk.signals(run)) == (1 if status == 303 else 0)


@pytest.mark.parametrize(
    "change",
    [
        {"proof": ""},
        {"proof": "é"},
        {"choice": "maybe"},
        {"choice": ""},
        {"shown": "e2" * 32},
    ],
)
async def test_only_the_form_of_the_page_is_an_answer(desk: Any, change: dict[str, str]) -> None:
    run = await desk.ask()
    path = desk.link(run)
    form = (await desk.visit(path)).form | {"choice": "approve"} | change
    assert (await desk.visit(path, "POST", data=form)).status in {403, 409}
    assert await desk.signals(run) == []


async def test_the_proof_of_one_page_is_none_for_another(desk: Any) -> None:
    run = await desk.ask()
    mine = await desk.visit(desk.link(run))
    other = desk.link(run, person="paul@exemple.fr")
    seen = await desk.visit(other, "POST", data=mine.form | {"choice": "approve"})
    assert seen.status == 403


@pytest.mark.parametrize("body", [b"choice=approve&choice=refuse", b"%ff", b"", b"a=1&" * 300])
async def test_a_malformed_form_decides_nothing(desk: Any, body: bytes) -> None:
    run = await desk.ask()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    seen = await desk.visit(desk.link(run), "POST", data=body, headers=headers)
    assert seen.status == 403
    assert await desk.signals(run) == []


FIELDS = {
    "amount": {"type": "number", "label": "Montant", "value": 1450.5, "min": 0},
    "when": {"type": "date", "required": False},
    "urgent": {"type": "boolean", "value": True},
    "how": {"type": "choice", "choices": ["mail", "<post>"], "value": "mail"},
    "copies": {"type": "list", "value": ["a@b.fr", "c@d.fr"]},
}


async def test_fields_are_prefilled_and_come_back_as_their_types(desk: Any) -> None:
    run = await desk.ask(fields=FIELDS)
    path = desk.link(run)
    seen = await desk.visit(path)
    assert seen.form["field.amount"] == "1450.5"
    assert seen.form["field.copies"] == "a@b.fr\nc@d.fr"
    assert 'type="date"' in seen.text
    assert "&lt;post&gt;" in seen.text
    await desk.press(path, "approve", **{"field.amount": "1 400,25", "field.urgent": "false"})
    ((_, payload),) = await desk.signals(run)
    assert payload["fields"] == {
        "amount": 1400.25,
        "when": None,
        "urgent": False,
        "how": "mail",
        "copies": ["a@b.fr", "c@d.fr"],
    }
    assert "1400.25" in (await desk.visit(path)).text


@pytest.mark.parametrize(("amount", "told"), [("much", "a number"), ("-3", "at least 0")])
async def test_a_wrong_field_is_named_and_what_was_written_stays(
    desk: Any, amount: str, told: str
) -> None:
    run = await desk.ask(fields=FIELDS)
    path = desk.link(run)
    seen = await desk.press(
        path, "approve", **{"field.amount": amount, "reason": "kept", "field.when": "2026-08-01"}
    )
    assert seen.status == 422
    assert told in seen.text
    assert 'class="wrong"' in seen.text
    assert seen.form["field.amount"] == amount
    assert seen.form["field.when"] == "2026-08-01"
    assert seen.form["reason"] == "kept"
    assert await desk.signals(run) == []


async def test_who_was_not_asked_cannot_answer(desk: Any) -> None:
    run = await desk.ask(**{"from": ["paul@exemple.fr"]})
    seen = await desk.press(desk.link(run), "approve")
    assert seen.status == 422
    assert "marie@exemple.fr is not among those who may answer" in seen.text
    assert await desk.signals(run) == []


async def test_a_field_that_was_emptied_does_not_come_back_as_proposed(desk: Any) -> None:
    run = await desk.ask(fields=FIELDS)
    seen = await desk.press(desk.link(run), "approve", **{"field.amount": " "})
    assert seen.status == 422
    assert "must be filled in" in seen.text
    assert await desk.signals(run) == []


async def test_a_file_that_changed_is_not_approved_but_can_be_refused(
    desk: Any, tmp_path: Path, digest: Any
) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(b"a")
    run = await desk.ask(show=[{"path": str(file), "sha256": digest(b"a"), "size": 1}])
    file.write_bytes(b"b")
    path = desk.link(run)
    seen = await desk.press(path, "approve")
    assert seen.status == 422
    assert "a.pdf has changed since" in seen.text
    assert (await desk.press(path, "refuse")).status == 303
    assert [payload["choice"] for _, payload in await desk.signals(run)] == ["refuse"]


async def test_a_shown_file_is_handed_out_while_it_is_what_was_shown(
    desk: Any, tmp_path: Path, digest: Any
) -> None:
    file = tmp_path / "Facture n°7.pdf"
    file.write_bytes(b"%PDF-1.7 seven")
    sha = digest(file.read_bytes())
    run = await desk.ask(show=[{"path": str(file), "sha256": sha, "size": 14}])
    path = desk.link(run)
    page = await desk.visit(path)
    assert "Facture n°7.pdf" in page.text
    assert "14 bytes" in page.text
    assert sha in page.text
    assert str(tmp_path) not in page.text
    seen = await desk.visit(f"{path}/{sha}")
    assert (seen.status, seen.body) == (200, b"%PDF-1.7 seven")
    assert seen.headers["Content-Type"] == "application/octet-stream"
    assert seen.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''Facture")
    assert seen.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    for wrong in ("0" * 64, "..%2f..%2fetc%2fpasswd", "%2e%2e"):
        assert (await desk.visit(f"{path}/{wrong}")).status in {401, 404}
    file.write_bytes(b"%PDF-1.7 eight")
    assert (await desk.visit(f"{path}/{sha}")).status == 409
    file.unlink()
    assert (await desk.visit(f"{path}/{sha}")).status == 409


async def test_a_picture_is_seen_in_the_page(desk: Any, tmp_path: Path, digest: Any) -> None:
    picture, fake = tmp_path / "a.PNG", tmp_path / "b.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n...")
    fake.write_bytes(b"<svg onload='alert(1)'>")
    shown = [
        {"path": str(one), "sha256": digest(one.read_bytes()), "size": one.stat().st_size}
        for one in (picture, fake)
    ]
    path = desk.link(await desk.ask(show=shown))
    page = await desk.visit(path)
    assert f'<img src="{path}/{shown[0]["sha256"]}" alt="a.PNG">' in page.text
    assert "img-src 'self'" in page.headers["Content-Security-Policy"]
    types = [(await desk.visit(f"{path}/{one['sha256']}")).headers["Content-Type"] for one in shown]
    assert types == ["image/png", "application/octet-stream"]


async def test_a_large_picture_is_left_to_be_downloaded(
    desk: Any, tmp_path: Path, digest: Any
) -> None:
    item = {"path": str(tmp_path / "a.jpg"), "sha256": digest(b""), "size": 11 << 20}
    page = await desk.visit(desk.link(await desk.ask(show=[item])))
    assert "<img" not in page.text
    assert "a.jpg" in page.text


async def test_a_file_is_out_of_reach_without_a_link_to_its_question(
    desk: Any, tmp_path: Path, digest: Any
) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(b"a")
    sha = digest(b"a")
    run = await desk.ask(show=[{"path": str(file), "sha256": sha, "size": 1}])
    assert (await desk.visit(f"/approve/abc.def/{sha}")).status == 404
    assert (await desk.visit(f"{desk.link(run, digest='e2' * 32)}/{sha}")).status == 404
    path = desk.link(run)
    await desk.press(path, "refuse")
    assert (await desk.visit(f"{path}/{sha}")).status == 404


async def test_the_private_folder_is_never_handed_out(
    desk: Any, tmp_path: Path, digest: Any
) -> None:
    secret = tmp_path / ".rouage" / "links.key"
    secret.parent.mkdir(exist_ok=True)
    secret.write_bytes(b"key")
    sha = digest(b"key")
    run = await desk.ask(show=[{"path": str(secret), "sha256": sha, "size": 3}])
    seen = await desk.visit(f"{desk.link(run)}/{sha}")
    assert seen.status == 409
    assert b"key" not in seen.body.replace(b"links.key", b"")


async def test_a_cancelled_run_leaves_a_page_that_says_it_is_closed(desk: Any) -> None:
    run = await desk.ask()
    path = desk.link(run)
    await desk.engine.cancel(run, "no longer needed")
    await desk.engine.wait_idle()
    seen = await desk.visit(path)
    assert seen.status == 200
    assert "This question is closed" in seen.text
    assert "<form" not in seen.text
