"""Read JSON, CSV or XML, from a text or a file."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

from rouage.sdk import JSON, Context, Limits, StepError, Text, param, params
from rouage.sdk.files import shown
from rouage.sdk.tables import decoded, records, rows_as_objects, separator_of
from rouage_connectors.data import xml
from rouage_connectors.data.declaration import (
    FORMAT_TITLE,
    MOST_BYTES,
    MOST_DEPTH,
    MOST_ITEMS,
    SEPARATOR_TITLE,
    TOO_DEEP,
    TOO_MANY,
    connector,
)

Format = Literal["auto", "json", "csv", "xml"]
_SEPARATORS: Final = {"tab": "\t"}
_SMALL_CHARACTERS: Final = 16 << 10
"""Texts up to this length are read at once, in about a millisecond at worst."""

_ONE: Final = Text(
    "give either `text` or `file`, not both and not neither",
    "donnez soit `text`, soit `file` : l’un des deux, pas les deux",
)
_TOO_LARGE: Final = Text("the data is larger than {limit} MiB", "les données dépassent {limit} Mio")
_NOT_JSON: Final = Text(
    "this is not JSON: line {line}, column {column}",
    "ce n’est pas du JSON : ligne {line}, colonne {column}",
)
_NOT_UTF8: Final = Text("this JSON is not written in UTF-8", "ce JSON n’est pas écrit en UTF-8")
_CONSTANT: Final = Text("“{word}” is not a JSON number", "« {word} » n’est pas un nombre JSON")
_TWICE: Final = Text(
    "the name “{name}” comes twice in one object", "le nom « {name} » revient dans un même objet"
)
_COLUMN_TWICE: Final = Text(
    "the column “{name}” comes twice", "la colonne « {name} » revient deux fois"
)
_NUMBER: Final = Text("a number has too many digits", "un nombre a trop de chiffres")


@params
class Source:
    """What to read."""

    text: str | None = param(
        Text("The text to read.", "Le texte à lire."),
        title=Text("Text", "Texte"),
        default=None,
        examples=['{"total": 12.5}'],
    )
    file: str | None = param(
        Text("The file to read.", "Le fichier à lire."),
        title=Text("File", "Fichier"),
        default=None,
        format="path",
        examples=["${{ event.file.path }}"],
    )
    format: Format = param(
        Text(
            "What it is; auto looks at the name of the file, then at the content.",
            "Ce que c’est ; auto regarde le nom du fichier, puis le contenu.",
        ),
        title=FORMAT_TITLE,
        default="auto",
    )
    separator: Literal["auto", ";", ",", "tab", "|"] = param(
        Text("Between the cells of a CSV.", "Entre les cases d’un CSV."),
        title=SEPARATOR_TITLE,
        default="auto",
    )
    header: bool = param(
        Text(
            "Whether the first line of a CSV names its columns.",
            "Si la première ligne d’un CSV nomme ses colonnes.",
        ),
        title=Text("Names in the first line", "Noms en première ligne"),
        default=True,
    )


def _is_large(params: Source) -> bool:
    """Say whether reading may take long: every parser here is linear, so small texts may not."""
    return params.file is not None or len(params.text or "") > _SMALL_CHARACTERS


@connector.action(
    "parse",
    title=Text("Read data", "Lire des données"),
    about=Text("Read JSON, CSV or XML.", "Lit du JSON, du CSV ou du XML."),
    effect="none",
    idempotent=True,
    result={
        "type": "object",
        "properties": {
            "data": {"description": "The data; rows for a CSV"},
            "format": {"enum": ["json", "csv", "xml"]},
            "count": {"type": "integer", "description": "How many items a list has, else 1"},
            "columns": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["data", "format", "count", "columns"],
    },
    example={"file": "${{ event.file.path }}"},
    describe=Text("read the data of {file}", "lire les données de {file}"),
    isolated=_is_large,
    limits=Limits(seconds=60, processor_seconds=30, memory_bytes=512 << 20, result_bytes=16 << 20),
)
async def parse(params: Source, context: Context) -> JSON:
    """Read JSON, CSV or XML."""
    return _parse(params, context)


def _parse(params: Source, context: Context) -> JSON:
    data = _bytes(params, context)
    kind = params.format if params.format != "auto" else _kind(params.file or "", data)
    columns: list[str] = []
    value: JSON
    if kind == "json":
        value = _json(data)
    elif kind == "xml":
        value = xml.parse(data)
    else:
        columns, value = _csv(data, params)
    count = len(value) if isinstance(value, list) else 1
    named: list[JSON] = list(columns)
    return {"data": value, "format": kind, "count": count, "columns": named}


def _bytes(params: Source, context: Context) -> bytes:
    if (params.text is None) == (params.file is None):
        raise StepError(_ONE)
    if params.file is not None:
        return context.files.read_bytes(params.file, limit=MOST_BYTES)
    data = (params.text or "").encode("utf-8", "surrogatepass")
    if len(data) > MOST_BYTES:
        raise StepError(_TOO_LARGE, limit=MOST_BYTES >> 20)
    return data


def _kind(name: str, data: bytes) -> str:
    extension = name.rpartition(".")[2].lower()
    if extension in {"json", "csv", "xml"}:
        return extension
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"<":
        return "xml"
    return "json" if start in {b"{", b"["} else "csv"


def _json(data: bytes) -> JSON:
    try:
        value: JSON = json.loads(
            data.decode("utf-8-sig"), parse_constant=_refuse, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise StepError(_NOT_JSON, line=error.lineno, column=error.colno) from None
    except UnicodeDecodeError:
        raise StepError(_NOT_UTF8) from None
    except RecursionError:
        raise StepError(TOO_DEEP, limit=MOST_DEPTH) from None
    except ValueError:  # thousands of digits
        raise StepError(_NUMBER) from None
    _bound(value)
    return value


def _refuse(word: str) -> None:
    raise StepError(_CONSTANT, word=word)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = _first_twice(name for name, _ in pairs)
        raise StepError(_TWICE, name=shown(str(twice)[:80]))
    return found


def _first_twice(names: Iterable[str]) -> str | None:
    """Return the first of *names* that came before, or None; in one pass."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _bound(value: JSON) -> None:
    """Refuse data that is too deep or holds too much, without recursion."""
    level: list[JSON] = [value]
    count = depth = 0
    while level:
        depth, count = depth + 1, count + len(level)
        if depth > MOST_DEPTH:
            raise StepError(TOO_DEEP, limit=MOST_DEPTH)
        if count > MOST_ITEMS:
            raise StepError(TOO_MANY, limit=MOST_ITEMS)
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]


def _csv(data: bytes, params: Source) -> tuple[list[str], JSON]:
    text, _ = decoded(data)
    wanted = params.separator
    chosen = separator_of(text) if wanted == "auto" else _SEPARATORS.get(wanted, wanted)
    found = records(text, chosen or ";")
    if not params.header:
        return [], [list(record) for record in _limited(found, width=0)]
    columns = [name.strip() for name in next(found, [])]
    twice = _first_twice(columns)
    if twice is not None:
        raise StepError(_COLUMN_TWICE, name=shown(twice[:80]))
    return columns, list(rows_as_objects(_limited(found, width=len(columns)), columns))


def _limited(found: Iterable[list[str]], *, width: int) -> Iterator[list[str]]:
    """Yield the records as long as there are not too many cells, each at least *width* of them.

    A short record is filled up to the number of columns: it counts as much as a full one.
    """
    cells = 0
    for record in found:
        cells += max(len(record), width)
        if cells > MOST_ITEMS:
            raise StepError(TOO_MANY, limit=MOST_ITEMS)
        yield record
