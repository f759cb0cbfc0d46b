"""What importing tests share: everything installed, and a way from a file to checked recipes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rouage.analysis.importing.recognising import recognise
from rouage.analysis.importing.settling import Settled, settle
from rouage.catalog.catalog import Catalog
from rouage.catalog.discovery import discover
from rouage.recipes.checker import check

FOREIGN = Path(__file__).parent / "foreign"
NAMES = frozenset(path.name for path in FOREIGN.iterdir())
Take = Callable[..., dict[str, Settled]]


@pytest.fixture(scope="session")
def installed() -> Catalog:
    return discover()


@pytest.fixture
def take(installed: Catalog) -> Take:
    """Return what imports a text, or a file of the folder `foreign`, by the name of each recipe."""

    def run(source: bytes | str, kind: str | None = None, language: str = "en") -> dict:
        name = "a"
        if isinstance(source, str) and source in NAMES:
            name, source = source, (FOREIGN / source).read_bytes()
        elif isinstance(source, str):
            source = source.encode()
        imported = recognise(source, name, kind)
        found = {}
        for draft in imported.drafts:
            settled = settle(
                draft,
                lambda text: check(text, file="a.yaml", catalog=installed).problems,
                language,  # type: ignore[arg-type]
            )
            title = draft.name
            while title in found:
                title += "'"
            found[title] = settled
        return found

    return run
