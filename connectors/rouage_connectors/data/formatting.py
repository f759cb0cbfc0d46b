"""Write data as JSON, CSV or XML text."""

import json
from typing import Final, Literal

from rouage.sdk import JSON, Context, Limits, StepError, Text, param, params
from rouage.sdk.tables import Dialect, cell_of, harmless, line_of
from rouage_connectors.data import xml
from rouage_connectors.data.declaration import FORMAT_TITLE, SEPARATOR_TITLE, connector

_SEPARATORS: Final = {"tab": "\t"}
_SMALL_VALUES: Final = 2_000
_ROWS: Final = Text(
    "a CSV needs a list of rows: objects, or lists of cells",
    "un CSV veut une liste de lignes : des objets, ou des listes de cases",
)


@params
class Writing:
    """What to write, and how."""

    data: JSON = param(
        Text("The data to write.", "Les données à écrire."),
        title=Text("Data", "Données"),
        format="json",
        examples=["${{ steps.orders.data }}"],
    )
    format: Literal["json", "csv", "xml"] = param(
        Text("What to make of it.", "Ce qu’il faut en faire."), title=FORMAT_TITLE, default="json"
    )
    separator: Literal[";", ",", "tab", "|"] = param(
        Text("Between the cells of a CSV.", "Entre les cases d’un CSV."),
        title=SEPARATOR_TITLE,
        default=";",
    )
    indent: bool = param(
        Text("Lay JSON out over several lines.", "Disposer le JSON sur plusieurs lignes."),
        title=Text("Laid out", "Mis en page"),
        default=True,
    )


def _is_large(params: Writing) -> bool:
    """Say whether writing takes more than a millisecond or two; looks at few values itself."""
    left, waiting = _SMALL_VALUES, [params.data]
    while waiting:
        value = waiting.pop()
        left -= 1 + (len(value) // 16 if isinstance(value, str | list | dict) else 0)
        if left < 0:
            return True
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return False


@connector.action(
    "format",
    title=Text("Write data as text", "Écrire des données en texte"),
    about=Text("Write data as JSON, CSV or XML.", "Écrit des données en JSON, CSV ou XML."),
    effect="none",
    idempotent=True,
    result={
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
    },
    example={"data": "${{ steps.orders.data }}", "format": "csv"},
    describe=Text("write data as {format}", "écrire des données en {format}"),
    isolated=_is_large,
    limits=Limits(seconds=60, processor_seconds=30, result_bytes=16 << 20),
)
async def format_data(params: Writing, context: Context) -> JSON:
    """Write data as JSON, CSV or XML."""
    del context
    if params.format == "json":
        indent = 2 if params.indent else None
        return {"text": json.dumps(params.data, ensure_ascii=False, indent=indent)}
    if params.format == "xml":
        return {"text": xml.write(params.data)}
    return {"text": _csv(params)}


def _csv(params: Writing) -> str:
    separator = _SEPARATORS.get(params.separator, params.separator)
    dialect = Dialect(separator=separator, decimal="," if separator == ";" else ".")
    rows = params.data
    if not isinstance(rows, list):
        raise StepError(_ROWS)
    columns: dict[str, None] = {}
    for row in rows:
        if isinstance(row, dict):
            columns |= dict.fromkeys(row)
        elif not isinstance(row, list):
            raise StepError(_ROWS)
    if columns and not all(isinstance(row, dict) for row in rows):
        raise StepError(_ROWS)
    lines = [line_of(map(harmless, columns), dialect)] if columns else []
    lines += [line_of(_cells(row, list(columns), dialect), dialect) for row in rows]
    return "".join(lines)


def _cells(row: JSON, columns: list[str], dialect: Dialect) -> list[str]:
    if isinstance(row, dict):
        return [cell_of(row.get(column), dialect) for column in columns]
    return [cell_of(value, dialect) for value in row] if isinstance(row, list) else []
