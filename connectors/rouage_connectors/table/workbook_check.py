"""Whether a file is a workbook that can be opened without harm, and written without loss."""

import io
from typing import TYPE_CHECKING, Final

from rouage.sdk import StepError, Text
from rouage.sdk.files import shown

if TYPE_CHECKING:
    import zipfile

MOST_BYTES: Final = 64 << 20
_MOST_UNPACKED: Final = 256 << 20
_MOST_PARTS: Final = 5_000
_CHUNK: Final = 1 << 20
_OVERLAP: Final = 64

_NOT_XLSX: Final = Text(
    "{file} is not a workbook that can be read", "{file} n’est pas un classeur lisible"
)
_LOCKED: Final = Text("{file} is protected by a password", "{file} est protégé par un mot de passe")
_LOCKED_HINT: Final = Text(
    "take the password away in your spreadsheet program",
    "retirez le mot de passe dans votre tableur",
)
_NOT_XLSX_HINT: Final = Text(
    "open it in your spreadsheet program and save it as .xlsx",
    "ouvrez-le dans votre tableur et enregistrez-le en .xlsx",
)
_TOO_LARGE: Final = Text(
    "{file} is larger than {limit} MiB once unpacked",
    "{file} dépasse {limit} Mio une fois décompressé",
)
_LOSS: Final = Text(
    "{file} holds what would be lost if it were written here: {what}",
    "{file} contient ce qui serait perdu en l’écrivant ici : {what}",
)
_LOSS_HINT: Final = Text(
    "keep the rows in a workbook without it, and let the other one refer to that",
    "gardez les lignes dans un classeur qui n’en a pas, auquel l’autre fait référence",
)

_PARTS: Final[dict[str, Text]] = {
    "xl/slicers/": Text("slicers", "des segments"),
    "xl/timelines/": Text("timelines", "des chronologies"),
    "xl/threadedComments/": Text("threads of comments", "des fils de commentaires"),
    "xl/connections.xml": Text("data connections", "des connexions de données"),
    "xl/queryTables/": Text("queries", "des requêtes"),
    "xl/ctrlProps/": Text("form controls", "des contrôles de formulaire"),
    "xl/activeX/": Text("form controls", "des contrôles de formulaire"),
    "xl/embeddings/": Text("embedded documents", "des documents incorporés"),
    "xl/diagrams/": Text("diagrams", "des diagrammes"),
    "xl/vbaProject.bin": Text("macros", "des macros"),
}
_WORDS: Final[dict[bytes, Text]] = {
    b"<xdr:sp>": Text("drawn shapes", "des formes dessinées"),
    b"<xdr:sp ": Text("drawn shapes", "des formes dessinées"),
    b"<xdr:grpSp": Text("drawn shapes", "des formes dessinées"),
    b"<x14:sparklineGroup ": Text("sparklines", "des graphiques sparkline"),
    b"<x14:dataValidation ": Text(
        "lists of choices from another sheet", "des listes de choix d’une autre feuille"
    ),
    b"<x14:conditionalFormatting ": Text(
        "recent conditional formats", "des mises en forme conditionnelles récentes"
    ),
}
_ENCRYPTED: Final = bytes.fromhex("d0cf11e0a1b11ae1")


def check_archive(data: bytes, file: str) -> None:
    """Check that *data* is a workbook of a size that can be held.

    Raises:
        StepError: it is not.
    """
    import zipfile  # loaded with the first workbook

    if data.startswith(_ENCRYPTED):
        raise StepError(_LOCKED, hint=_LOCKED_HINT, file=shown(file))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise unreadable(file) from None
    if "[Content_Types].xml" not in names:
        raise unreadable(file)
    unpacked = sum(part.file_size for part in parts)
    if unpacked > _MOST_UNPACKED or len(parts) > _MOST_PARTS:
        raise StepError(_TOO_LARGE, file=shown(file), limit=_MOST_UNPACKED >> 20)


def unreadable(file: str) -> StepError:
    """Return the error about a file that is no workbook."""
    return StepError(_NOT_XLSX, hint=_NOT_XLSX_HINT, file=shown(file))


def check_keeps(data: bytes, file: str) -> None:
    """Check that writing the workbook again would lose nothing of it.

    Raises:
        StepError: something would be lost.
    """
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for part in archive.infolist():
            lost = next((what for start, what in _PARTS.items() if _is_at(part, start)), None)
            if lost is None and part.filename.startswith(("xl/worksheets/sheet", "xl/drawings/")):
                lost = _lost_in(archive, part)
            if lost is not None:
                raise StepError(_LOSS, hint=_LOSS_HINT, file=shown(file), what=lost)


def _is_at(part: "zipfile.ZipInfo", start: str) -> bool:
    return part.filename.startswith(start)


def _lost_in(archive: "zipfile.ZipFile", part: "zipfile.ZipInfo") -> Text | None:
    import zipfile

    before = b""
    try:
        with archive.open(part) as stream:
            while piece := stream.read(_CHUNK):
                window = before + piece
                for word, what in _WORDS.items():
                    if word in window:
                        return what
                before = window[-_OVERLAP:]
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError):
        return None  # reading it says what is wrong
    return None
