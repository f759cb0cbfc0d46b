"""Keys in recipes are warned of by their shape, and never repeated (security S-54)."""

import json

import pytest

from rouage.catalog.discovery import discover
from rouage.recipes.checker import check

HEAD = "name: A\nwhen: [{shop.order: {}}]\ndo:\n"
HIDDEN = "4b1d9f0c8a7e6d5c"


def warned(catalog, given: str) -> list[str]:
    source = HEAD + f"  - mail.send: {{to: a@b.fr, subject: x, body: y}}\nvars: {given}\n"
    checked = check(source.encode(), file="a.yaml", catalog=catalog)
    told = json.dumps([str(problem) for problem in checked.problems])
    assert HIDDEN not in told
    return [one.code for one in checked.problems if one.code == "RG712"]


@pytest.mark.parametrize(
    "given",
    [
        f"{{a: sk_live_{HIDDEN}}}",
        f"{{a: [{{b: 'key=sk-proj-{HIDDEN}'}}]}}",
        "{a: AKIAIOSFODNN7EXAMPLE}",
        f"{{a: ghp_{HIDDEN}{HIDDEN}abcd}}",
        f"{{a: 'https://marie:{HIDDEN}@example.org/x'}}",
        f"{{a: 'https://${{{{ event.order.id }}}}:{HIDDEN}@example.org/x'}}",
        f"{{password: {HIDDEN}}}",
        f"{{shop_api_key: {HIDDEN}}}",
        f"{{headers: {{Authorization: 'Bearer {HIDDEN}'}}}}",
        "{a: '-----BEGIN RSA PRIVATE KEY-----'}",
    ],
)
def test_what_looks_like_a_key_is_warned_of(catalog, given):
    assert warned(catalog, given) == ["RG712"]


@pytest.mark.parametrize(
    "given",
    [
        "{a: 'https://example.org/x?a=b@c'}",
        "{a: 'https://marie:${{ secrets.shop }}@example.org/x'}",
        "{password: '${{ secrets.shop }}'}",
        "{Authorization: 'Bearer ${{ secrets.shop }}'}",
        "{token: event}",
        "{secret: 'Le secret des abeilles 2026'}",
        "{a: 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881}",
        "{a: sk-ip to the end, task-list}",
    ],
)
def test_ordinary_texts_are_left_alone(catalog, given):
    assert warned(catalog, given) == []


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("shell.run: {command: [backup, '--key=${{ secrets.a }}']}", "command"),
        ("shell.run: {command: [backup], env: {KEY: '${{ secrets.a }}'}}", None),
        ("http.request: {url: 'https://example.org/', query: {k: '${{ secrets.a }}'}}", "query"),
        ("http.request: {url: 'https://example.org/?a=${{ run.id }}&k=${{ secrets.a }}'}", "url"),
        ("http.request: {url: '${{ secrets.a }}'}", None),
        ("http.request: {url: 'https://example.org/', headers: {K: '${{ secrets.a }}'}}", None),
    ],
)
def test_a_secret_that_others_see_is_warned_of(step, expected):
    source = f"name: A\nwhen: [{{manual.start: {{}}}}]\ndo:\n  - {step}\n"
    checked = check(source.encode(), file="a.yaml", catalog=discover())
    assert checked.recipe is not None
    found = [one.facts["name"] for one in checked.problems if one.code == "RG713"]
    assert found == ([] if expected is None else [expected])
