"""A recipe that writes where it watches is warned of."""

import pytest

from rouage.catalog.discovery import discover
from rouage.recipes.checker import check

CATALOG = discover(entry_points=())


def warned(trigger: str, step: str) -> bool:
    text = f"name: R\nwhen:\n  - {trigger}\ndo:\n  - {step}\n"
    checked = check(text.encode(), file="r.yaml", catalog=CATALOG)
    assert checked.recipe is not None, checked.problems
    return "RG711" in {problem.code for problem in checked.problems}


@pytest.mark.parametrize(
    ("trigger", "step"),
    [
        ("folder.file: {path: in}", "files.copy: {source: a.txt, target: in/}"),
        ("folder.file: {path: in}", "files.copy: {source: a.txt, target: ./in/b.txt}"),
        ("folder.file: {path: ~/in/}", "files.write: {path: ~/in/log.txt, text: x}"),
        ("folder.batch: {path: ~/in}", 'files.copy: {source: a, target: "~/in/${{ run.id }}"}'),
        (
            'folder.file: {path: in, match: "*.pdf"}',
            'files.copy: {source: a, target: "in/${{ event.file.stem }}-copy.pdf"}',
        ),
        (
            "folder.file: {path: in, recursive: true}",
            'files.move: {source: a, target: "in/${{ event.file.ext }}/"}',
        ),
    ],
)
def test_a_step_that_writes_into_the_watched_folder_is_warned_of(trigger: str, step: str) -> None:
    assert warned(trigger, step)


@pytest.mark.parametrize(
    ("trigger", "step"),
    [
        ("folder.file: {path: in}", "files.copy: {source: in/a.txt, target: out/}"),
        ("folder.file: {path: in}", "files.copy: {source: a.txt, target: in/done/}"),
        ('folder.file: {path: in, match: "*.pdf"}', "files.copy: {source: a, target: in/a.txt}"),
        ("folder.file: {path: in}", "files.copy: {source: a, target: in/.hidden}"),
        ("folder.file: {path: in}", 'files.copy: {source: a, target: "${{ event.file.folder }}/"}'),
        ("folder.file: {path: in}", 'files.delete: {path: "${{ event.file.path }}"}'),
        ("folder.file: {path: in}", "files.rename: {path: in/a.txt, name: b.txt}"),
        ("manual.start: {}", "files.copy: {source: a, target: in/}"),
        ("folder.removed: {path: in}", "files.copy: {source: a, target: in/}"),
    ],
)
def test_a_step_that_writes_elsewhere_is_not(trigger: str, step: str) -> None:
    assert not warned(trigger, step)
