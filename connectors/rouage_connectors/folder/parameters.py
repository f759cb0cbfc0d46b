"""The parameters of the triggers: which files, when they count, what they are told as."""

from typing import Literal

from rouage.sdk import SIZE_PATTERN, Duration, Text, param, params
from rouage_connectors.folder.names import IGNORED, Case

OncePer = Literal["version", "content", "name"]


@params
class Placed:
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
    follow_symlinks: bool = param(
        Text(
            "Follow symbolic links, as long as they stay in the folder or lead into `links_to`.",
            "Suivre les liens symboliques, tant qu’ils restent dans le dossier ou mènent dans "
            "`links_to`.",
        ),
        default=False,
    )
    links_to: list[str] = param(
        Text(
            "Folders outside that links may lead into.",
            "Dossiers extérieurs où les liens peuvent mener.",
        ),
        default=[],
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
    settle: Duration = param(
        Text(
            "How long a file must stay unchanged before it counts as complete.",
            "Combien de temps un fichier doit rester inchangé pour compter comme complet.",
        ),
        default=2.0,
        minimum=0,
        maximum=86_400,
    )


@params
class Arriving(Placed):
    """Which files, when they are complete, and which of them are new."""

    settle_warn: Duration = param(
        Text(
            "After how long a file that is still not complete is pointed out.",
            "Au bout de combien de temps un fichier toujours pas complet est signalé.",
        ),
        default=600.0,
        minimum=1,
    )
    ready_when: Literal["marker"] | None = param(
        Text(
            "marker: x.pdf waits until there is a file x.pdf.ok.",
            "marker : x.pdf attend qu’il y ait un fichier x.pdf.ok.",
        ),
        default=None,
    )
    whole: Literal["auto", "off"] = param(
        Text(
            "auto: a PDF, a photo (JPEG, PNG), a ZIP or an Office document counts once its end "
            "is there; off: its content is not looked at.",
            "auto : un PDF, une photo (JPEG, PNG), un ZIP ou un document bureautique compte une "
            "fois que sa fin est là ; off : son contenu n’est pas regardé.",
        ),
        default="auto",
    )
    allow_empty: bool = param(Text("Empty files too.", "Aussi les fichiers vides."), default=False)
    existing: Literal["skip", "process"] = param(
        Text(
            "Files that are there when the recipe is first activated.",
            "Les fichiers déjà là quand la recette est activée pour la première fois.",
        ),
        default="skip",
    )
    once_per: OncePer = param(
        Text(
            "What counts as new: each version of a file, each content whatever its name, or each "
            "name only once.",
            "Ce qui compte comme nouveau : chaque version d’un fichier, chaque contenu quel que "
            "soit son nom, ou chaque nom une seule fois.",
        ),
        default="version",
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


@params
class Watched(Arriving):
    """What one file is told as."""

    versions: Literal["latest", "all"] = param(
        Text(
            "When a file is replaced before its run began; latest: the run of the newest version "
            "counts, all: each version has its run, on a private copy.",
            "Quand un fichier est remplacé avant le début de son exécution ; latest : l’exécution "
            "de la dernière version compte, all : chaque version a la sienne, sur une copie "
            "privée.",
        ),
        default="latest",
    )


@params
class Gathered(Arriving):
    """When a burst of files is over."""

    quiet: Duration = param(
        Text(
            "The batch is complete when no file has come for this long.",
            "Le lot est complet quand aucun fichier n’est venu depuis ce temps.",
        ),
        default=20.0,
        minimum=0,
        maximum=86_400,
    )
    max: int = param(
        Text(
            "At most so many files together; the next ones make another batch.",
            "Au plus tant de fichiers ensemble ; les suivants font un autre lot.",
        ),
        default=200,
        minimum=1,
        maximum=1_000,
    )
    max_wait: Duration = param(
        Text(
            "A batch never waits longer than this after its first file.",
            "Un lot n’attend jamais plus longtemps que cela après son premier fichier.",
        ),
        default=600.0,
        minimum=1,
        maximum=604_800,
    )


@params
class Departing(Placed):
    """Whose removal counts."""

    by_recipes: bool = param(
        Text(
            "Files that a recipe moved or deleted too.",
            "Aussi les fichiers qu’une recette a déplacés ou supprimés.",
        ),
        default=False,
    )
