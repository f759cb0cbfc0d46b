"""The trigger `form.submitted`: what a form asks, and what is kept of what is sent."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from rouage.errors import JournalError
from rouage.sdk import Submission, Upload
from rouage.sdk.testing import MemoryItems, RecordingEmit, Surroundings
from rouage_connectors.form import connector

SPEC = connector.triggers["form.submitted"]
INPUTS = {
    "name": {"type": "text", "label": {"en": "Your name", "fr": "Votre nom"}},
    "plan": {"type": "file", "label": "Plan", "required": False},
    "photos": {"type": "file", "label": "Photos", "files": 3, "endings": ["jpg", ".PNG"]},
}


def build(**parameters):
    return SPEC.parameters.build({"title": "Devis", "inputs": INPUTS, **parameters})


@contextlib.asynccontextmanager
async def listening(tmp_path, *, emit=None, items=None, **parameters):
    surroundings = Surroundings(workspace=tmp_path, items=items or MemoryItems())
    trigger = SPEC.listen(build(**parameters), surroundings.context())
    task = asyncio.ensure_future(trigger.listen(emit or RecordingEmit()))
    while not surroundings.hooks.forms and not task.done():
        await asyncio.sleep(0)
    if task.done():
        await task
    try:
        yield next(iter(surroundings.hooks.forms.items())), trigger
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert surroundings.hooks.forms == {}


def submission(files=(), identity="0001"):
    return Submission(
        id=identity,
        values={"name": "Zoé"},
        files={"plan": (), "photos": tuple(files)},
        language="fr",
        remote="203.0.113.7",
    )


def upload(content=b"jpeg", name="a.jpg"):
    return Upload(name=name, kind="image/jpeg", content=memoryview(content))


async def test_what_is_sent_is_an_event_with_its_files_on_disk(tmp_path):
    emit = RecordingEmit()
    async with listening(tmp_path, emit=emit, path="devis") as ((path, (form, submit)), trigger):
        assert path == "devis"
        assert trigger.status() == {"path": "/forms/devis"}
        assert [one.label.fr for one in form.fields] == ["Votre nom", "Plan", "Photos"]
        assert form.fields[2].suffixes == (".jpg", ".png")
        await submit(submission([upload(b"one"), upload(b"two", "../b.JPG")]))
    (event,) = emit.events
    fields = event.data["fields"]
    assert (fields["name"], fields["plan"]) == ("Zoé", None)
    assert [one["name"] for one in fields["photos"]] == ["a.jpg", "b.JPG"]
    assert [Path(one["path"]).read_bytes() for one in fields["photos"]] == [b"one", b"two"]
    assert {key: event.data[key] for key in ("id", "language", "remote")} == {
        "id": "0001",
        "language": "fr",
        "remote": "203.0.113.7",
    }


async def test_the_same_page_sent_twice_is_one_event_and_its_files_stay_once(tmp_path):
    emit = RecordingEmit()
    async with listening(tmp_path, emit=emit) as ((_, (_, submit)), _):
        await submit(submission([upload()]))
        await submit(submission([upload()]))
    (event,) = emit.events
    kept = Path(event.data["fields"]["photos"][0]["path"])
    assert [one for one in kept.parent.parent.iterdir() if one.is_dir()] == [kept.parent]


async def test_what_the_journal_refuses_leaves_no_file(tmp_path):
    async def refuse(_data, **_):
        raise JournalError("full")

    async with listening(tmp_path, emit=refuse) as ((_, (_, submit)), _):
        with pytest.raises(JournalError):
            await submit(submission([upload()]))
    assert not list((tmp_path / ".rouage/received").rglob("*.jpg"))


async def test_a_private_address_is_chosen_once_and_stays(tmp_path):
    items = MemoryItems()
    async with listening(tmp_path, items=items) as ((path, (form, _)), _):
        assert len(bytes.fromhex(path)) == 16
    async with listening(tmp_path, items=items) as ((again, (form_again, _)), _):
        assert (again, form_again.key) == (path, form.key)
    assert SPEC.listen.address(build(), items.values) == f"/forms/{path}"
    assert SPEC.listen.address(build(path="devis"), {}) == "/forms/devis"
    assert not isinstance(SPEC.listen.address(build(), {}), str)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"inputs": {}}, "at least one"),
        ({"inputs": {"é": "text"}}, "letters"),
        ({"inputs": {"a": "secret"}}, "one of text"),
        ({"inputs": {"a": 3}}, "one of text"),
        ({"inputs": {"a": {"type": "text", "pattern": "x"}}}, "not known"),
        ({"inputs": {"a": {"type": "choice"}}}, "needs `choices`"),
        ({"inputs": {"a": {"type": "choice", "choices": [{}]}}}, "needs `choices`"),
        ({"inputs": {"a": {"label": 3}}}, "is a text"),
        ({"inputs": {"a": {"label": {"de": "Name"}}}}, "is a text"),
        ({"inputs": {"a": {"required": "yes"}}}, "does not fit"),
        ({"inputs": {"a": {"type": "file", "files": 1000}}}, "does not fit"),
        ({"inputs": {"a": {"type": "file", "endings": ["*"]}}}, "does not fit"),
        ({"title": {"it": "Ciao"}}, "is a text"),
        ({"max_size": "1 GB"}, "64 MiB"),
    ],
)
def test_a_form_that_cannot_be_shown_is_explained(parameters, words):
    problem = SPEC.listen.check(build(**parameters))
    assert problem is not None
    assert words in problem.en
    assert problem.fr


def test_choices_may_have_words_in_both_languages():
    inputs = {
        "size": {
            "type": "choice",
            "choices": [{"value": 1, "label": {"en": "one", "fr": "un"}}, "two"],
        }
    }
    assert SPEC.listen.check(build(inputs=inputs)) is None
    assert SPEC.listen.keys(build(), "0001") == ("page:0001",)
    assert SPEC.listen.is_open_to_all(build())
