"""A file of tests checked without playing it: its words, and the names of its recipe."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from rouage.catalog.catalog import Catalog
from rouage.problem import Problem
from rouage.recipes.checker import check, identify
from rouage.recipes.reader import MAX_BYTES
from rouage.rehearsal.cases import read_cases
from rouage.rehearsal.playing import known_of

_ENDINGS: Final = (".test.yaml", ".test.yml")


def is_test_file(name: str) -> bool:
    """Say whether a file of this name holds the tests of the recipe beside it."""
    return name.lower().endswith(_ENDINGS)


def recipe_beside(tests: Path) -> Path | None:
    """Return the recipe that the file *tests* is about, or None."""
    stem = tests.name[: tests.name.lower().rindex(".test.")]
    beside = (tests.with_name(stem + suffix) for suffix in (".yaml", ".yml"))
    return next((path for path in beside if path.is_file()), None)


def check_tests(
    source: bytes,
    *,
    path: Path,
    catalog: Catalog,
    known_secrets: Collection[str] | None = None,
    input_values: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[Problem, ...]:
    """Return what is wrong with *source*, the text of the test file *path*.

    Names are compared with the recipe beside it, if there is one and it is right.
    """
    beside = recipe_beside(path)
    known = None
    text = None if beside is None else _read(beside)
    if beside is not None and text is not None:
        draft, _ = read_cases(source, file=path.name, known=None)
        identity = identify(text, beside.name)
        given = {name: value for case in draft for name, value in case.inputs.items()}
        inputs = {identity: {**(input_values or {}).get(identity, {}), **given}}
        recipe = check(
            text,
            file=beside.name,
            catalog=catalog,
            known_secrets=known_secrets,
            input_values=inputs,
        ).recipe
        known = None if recipe is None else known_of(recipe, catalog.actions)
    return read_cases(source, file=path.name, known=known)[1]


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError:
        return None
