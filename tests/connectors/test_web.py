"""The connector `web`, against a real server whose page the tests write."""

import base64

import pytest

from rouage.errors import StepError
from rouage.sdk.testing import run_action
from rouage_connectors.web import connector
from tests.connectors.polled import Follower, Site


def page(price, *, visitors=1, title="Prix"):
    return f"""<!doctype html><html><head><title>{title}</title><style>.a{{}}</style></head>
    <body><nav>Accueil</nav><main><h1>Cadre  chêne</h1>
    <p class="price big">{price} <b>€</b></p><script>var x = "{visitors}"</script>
    <p>Visiteurs aujourd’hui : {visitors}</p></main></body></html>""".encode()


@pytest.fixture
async def site():
    async with Site() as started:
        started.body = page(39)
        yield started


def watch(tmp_path, site, **more):
    return Follower(connector, "web.changed", tmp_path, site, **more)


async def test_a_change_is_told_with_what_is_new_and_what_is_gone(site, tmp_path):
    async with watch(tmp_path, site) as follower:
        await follower.looked(1)
        assert follower.emit.events == []
        site.body = page(42)
        await follower.look_again(2)
        await follower.look_again(3)
    (event,) = follower.emit.events
    assert event.data["added"] == ["42 €"]
    assert event.data["removed"] == ["39 €"]
    assert event.data["title"] == "Prix"
    assert event.data["url"] == site.parameters["url"]
    assert "-39 €\n+42 €" in event.data["diff"]
    assert "42 €" in event.data["text"]


async def test_the_same_change_there_and_back_is_two_changes_and_again(site, tmp_path):
    async with watch(tmp_path, site) as follower:
        await follower.looked(1)
        for count, price in enumerate((42, 39, 42), start=2):
            site.body = page(price)
            await follower.look_again(count)
        assert [event.data["added"] for event in follower.emit.events] == [
            ["42 €"],
            ["39 €"],
            ["42 €"],
        ]


@pytest.mark.parametrize(
    "wanted",
    [
        {"select": "main .price"},
        {"select": "p.price.big"},
        {"ignore": "*Visiteurs*"},
        {"ignore": ["nothing", "visiteurs*"]},
        {"match": "*€*"},
    ],
)
async def test_only_what_counts_is_compared(site, tmp_path, wanted):
    async with watch(tmp_path, site, **wanted) as follower:
        await follower.looked(1)
        site.body = page(39, visitors=2, title="Autre")
        await follower.look_again(2)
        assert follower.emit.events == []
        site.body = page(42, visitors=3)
        await follower.look_again(3)
        assert [event.data["added"] for event in follower.emit.events] == [["42 €"]]


async def test_a_change_while_nobody_looked_is_seen_after_a_restart(site, tmp_path):
    async with watch(tmp_path, site) as follower:
        await follower.looked(1)
    site.body = page(42)
    async with watch(tmp_path, site, items=follower.items, emit=follower.emit) as again:
        await again.look_again(2)
    assert [event.data["added"] for event in follower.emit.events] == [["42 €"]]


async def test_another_selection_begins_anew(site, tmp_path):
    async with watch(tmp_path, site, select="main") as follower:
        await follower.looked(1)
    other = {"select": ".price", "items": follower.items, "emit": follower.emit}
    async with watch(tmp_path, site, **other) as again:
        await again.looked(2)
        assert again.emit.events == []


async def test_a_selection_that_finds_nothing_is_trouble_and_no_change(site, tmp_path):
    async with watch(tmp_path, site, select=".price") as follower:
        await follower.looked(1)
        site.body = b"<p>En travaux</p>"
        await follower.look_again(2)
        assert follower.reports[-1][0] == "degraded"
        assert "select: .price" in follower.reports[-1][1].fr
        site.body = page(39)
        await follower.look_again(3)
        assert follower.reports[-1] == ("polling", None)
        assert follower.emit.events == []


async def test_a_missing_page_is_trouble_and_no_change(site, tmp_path):
    async with watch(tmp_path, site) as follower:
        await follower.looked(1)
        site.status = 404
        await follower.look_again(2)
        assert "404" in follower.reports[-1][1].en
        site.status = 200
        await follower.look_again(3)
        assert follower.emit.events == []


@pytest.mark.parametrize("select", ["main > p", "p:first", "*", "a,b", "#"])
def test_a_selector_that_is_none_is_refused_at_load(select):
    spec = connector.triggers["web.changed"]
    wrong = spec.listen.check(spec.parameters.build({"url": "https://e.org", "select": select}))
    assert wrong is not None
    assert "`select`" in wrong.fr


# -- the reader -----------------------------------------------------------------------------


async def _read(context_for, html, **more):
    return await run_action(connector, "web.read", {"html": html, **more}, context_for())


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("a<br>b<p>c<div>d</div>e", ["a", "b", "c", "d", "e"]),
        ("<ul><li>a <b>b</b><li>c</ul>", ["a b", "c"]),
        ("<td>a</td><td>b</td>", ["a", "b"]),
        ("&eacute;&#8364;&amp;", ["é€&"]),
        ("<script>no</script><style>no</style><!-- no -->yes<noscript>no", ["yes"]),
        ("<b>open <p>never closed", ["open", "never closed"]),
        ("</p></div>stray", ["stray"]),
        ("", []),
    ],
)
async def test_a_page_becomes_the_lines_that_people_see(context_for, html, lines):
    assert (await _read(context_for, html))["lines"] == lines


async def test_every_part_that_is_selected_is_read(context_for):
    html = "<div><i class=x>1</i> no <i class='y x'>2</i></div><p class=x>3<p>no"
    assert (await _read(context_for, html, select=".x"))["lines"][:3] == ["1", "2", "3"]


async def test_a_deep_and_a_long_page_stay_bounded(context_for):
    deep = "<div>" * 20_000 + "deep" + "</div>" * 20_000
    assert (await _read(context_for, deep))["lines"] == ["deep"]
    result = await _read(context_for, "".join(f"<p>{n}" for n in range(20_000)))
    assert len(result["lines"]) == 5_000


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("<p>été</p>".encode("latin-1"), "text/html; charset=iso-8859-1"),
        ("<meta charset=cp1252><p>été</p>".encode("cp1252"), "text/html"),
        ("<p>été</p>".encode(), "text/html"),
        ("<p>été</p>".encode("cp1252"), "text/html; charset=nonsense"),
    ],
)
async def test_the_encoding_is_found(context_for, data, kind):
    html = base64.b64encode(data).decode()
    assert (await _read(context_for, html, base64=True, content_type=kind))["text"] == "été"


async def test_lines_are_compared_as_often_as_they_occur(context_for):
    result = await _read(context_for, "<p>a<p>a<p>b", previous=["a", "c"])
    assert (result["added"], result["removed"]) == (["a", "b"], ["c"])


async def test_what_is_selected_must_be_there(context_for):
    with pytest.raises(StepError, match="nothing on the page") as caught:
        await _read(context_for, "<p>a", select="#b")
    assert "navigateur" in caught.value.render_hint("fr")
