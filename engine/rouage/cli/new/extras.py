"""What a recipe needs that is not installed here: said before the first question."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from rouage.cli.session import Session
from rouage.language import Text

if TYPE_CHECKING:
    from rouage.analysis.drafting.gallery import Template
    from rouage.catalog.catalog import Catalog
    from rouage.sdk.connector import TriggerSpec

_LACKS: Final = Text(
    "This recipe needs a part of Rouage that is not installed here. Install it first: "
    "pip install 'rouage[{extra}]'",
    "Cette recette a besoin d’une partie de Rouage qui n’est pas installée ici. Installez-la "
    "d’abord : pip install 'rouage[{extra}]'",
)
_AFTER: Final = Text(
    "Once pip install 'rouage[{extra}]' is done, `rouage try {file}` shows what the recipe does.",
    "Après pip install 'rouage[{extra}]', « rouage try {file} » montre ce que fait la recette.",
)


def lacking(catalog: "Catalog", chosen: "Template | TriggerSpec") -> str | None:
    """Return the extras of Rouage that *chosen* needs and that are not installed, or None."""
    from rouage.analysis.drafting.gallery import Template
    from rouage.recipes.reader import read

    words = _words(read(chosen.source).data) if isinstance(chosen, Template) else [chosen.id]
    needed: dict[str, str] = {}
    for word in words:
        connector = catalog.connectors.get(word.partition(".")[0])
        if "." in word and connector is not None:
            needed |= connector.extras
    return ",".join(extra for extra, module in needed.items() if find_spec(module) is None) or None


def tell_lacking(session: Session, extra: str | None) -> None:
    """Say what is to be installed before the recipe can work."""
    if extra is not None:
        session.tell(_LACKS, extra=extra)


def tell_after(session: Session, extra: str, file: str) -> None:
    """Say how to go on once it is installed."""
    session.tell(_AFTER, extra=extra, file=file)


def _words(value: Any) -> Iterator[str]:
    """Yield every key of a recipe: among them are the names of its triggers and actions."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _words(inner)
    elif isinstance(value, list):
        for one in value:
            yield from _words(one)
