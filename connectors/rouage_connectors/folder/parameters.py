"""The parameters of `folder.file`, its event, and what parameters may not be together."""

from typing import Final, Literal

from rouage.sdk import JSON, SIZE_PATTERN, Duration, Text, param, params
from rouage_connectors.folder.names import IGNORED, Case

EVENT: Final[dict[str, JSON]] = {
    "type": "object",
    "properties": {
        "file": {
            "type": "object",
            "properties": {
                "path": {"type": "string"},
                "name": {"type": "string"},
                "stem": {"type": "string"},
                "ext": {"type": "string"},
                "folder": {"type": "string"},
                "size": {"type": "integer"},
                "modified": {"type": "string", "format": "date-time"},
                "sha256": {"type": ["string", "null"]},
            },
            "required": ["path", "name", "stem", "ext", "folder", "size", "modified", "sha256"],
        }
    },
    "required": ["file"],
}
SAMPLE: Final[dict[str, JSON]] = {
    "file": {
        "path": "/home/zoe/Factures/arrivee/facture-1042.pdf",
        "name": "facture-1042.pdf",
        "stem": "facture-1042",
        "ext": "pdf",
        "folder": "/home/zoe/Factures/arrivee",
        "size": 48213,
        "modified": "2026-03-02T09:14:00+01:00",
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    }
}


@params
class Watched:
    """Which files of which folder."""

    path: str = param(
        Text("The folder.", "Le dossier."),
        format="folder",
        examples=["~/Factures/arrivee"],
    )
    match: str | list[str] = param(
        Text(
            "Which names: a pattern such as *.pdf, or several.",
            "Quels noms : un motif comme *.pdf, ou plusieurs.",
        ),
        default="*",
        format="glob",
        examples=["*.pdf", ["*.jpg", "*.jpeg"]],
    )
    recursive: bool = param(
        Text("Files in sub-folders too.", "Aussi les fichiers des sous-dossiers."), default=False
    )
    settle: Duration = param(
        Text(
            "How long a file must stay unchanged before it counts as complete.",
            "Combien de temps un fichier doit rester inchangé pour compter comme complet.",
        ),
        default=2.0,
        minimum=0,
        maximum=86_400,
    )
    settle_warn: Duration = param(
        Text(
            "After how long a file that keeps changing is pointed out.",
            "Au bout de combien de temps un fichier qui change encore est signalé.",
        ),
        default=600.0,
        minimum=1,
    )
    existing: Literal["skip", "process"] = param(
        Text(
            "Files that are there when the recipe is first activated.",
            "Les fichiers déjà là quand la recette est activée pour la première fois.",
        ),
        default="skip",
    )
    watch: Literal["auto", "events", "poll"] = param(
        Text(
            "How changes are noticed; auto: polling on network drives, events elsewhere.",
            "Comment les changements sont vus ; auto : par scrutation sur les lecteurs réseau, "
            "par événements ailleurs.",
        ),
        default="auto",
    )
    rescan: Duration = param(
        Text(
            "How often the whole folder is compared with what is known.",
            "À quel rythme tout le dossier est comparé à ce qui est connu.",
        ),
        default=300.0,
        minimum=10,
        maximum=86_400,
    )
    ready_when: Literal["marker"] | None = param(
        Text(
            "marker: x.pdf waits until there is a file x.pdf.ok.",
            "marker : x.pdf attend qu’il y ait un fichier x.pdf.ok.",
        ),
        default=None,
    )
    allow_empty: bool = param(Text("Empty files too.", "Aussi les fichiers vides."), default=False)
    ignore: list[str] = param(
        Text(
            "Names that are left alone; this list replaces the usual one.",
            "Noms laissés de côté ; cette liste remplace l’habituelle.",
        ),
        default=list(IGNORED),
    )
    case: Case = param(
        Text(
            "Whether patterns regard case; auto: they do not.",
            "Si les motifs distinguent majuscules et minuscules ; auto : non.",
        ),
        default="auto",
    )
    hash_max: str = param(
        Text(
            "Larger files are compared by size and date, not by content (0: all files).",
            "Les fichiers plus grands sont comparés par taille et date, pas par contenu "
            "(0 : tous).",
        ),
        default="256 MiB",
        pattern=SIZE_PATTERN,
    )
