"""What was found and blanked of a person, in sentences and as data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rouage.cli.session import Session
from rouage.language import Text

_MOST: Final = 20
_NOTHING: Final = Text("nobody is named so here", "personne n’est nommé ainsi ici")
_WOULD: Final = Text("Would be blanked:", "Serait effacé :")
_DONE: Final = Text("Blanked for good:", "Effacé définitivement :")
_LINE: Final = Text("- {what}: {count}", "- {what} : {count}")
_WHAT: Final[Mapping[str, Text]] = {
    "event": Text("values of events", "valeurs d’événements"),
    "match": Text("values that conditions compared", "valeurs comparées par des conditions"),
    "run": Text("results and errors of runs", "résultats et erreurs d’exécutions"),
    "step": Text("values of steps", "valeurs d’étapes"),
    "effect": Text("notes for taking back", "notes pour l’annulation"),
    "waiter": Text("questions", "questions"),
    "signal": Text("answers", "réponses"),
    "claim": Text("entries of the ledger", "entrées du registre"),
    "trigger_item": Text("values that wait in batches", "valeurs qui attendent dans des lots"),
    "lineage": Text("paths of files", "chemins de fichiers"),
    "received": Text("files that came with events", "fichiers venus avec des événements"),
    "scratch": Text("private folders of runs", "dossiers privés d’exécutions"),
    "kept": Text("earlier contents of files", "anciens contenus de fichiers"),
}
_UNDONE: Final = Text(
    "What ran for them cannot be undone or played again any more; that it ran, and when, stays.",
    "Ce qui a tourné pour elle ne pourra plus être annulé ni rejoué ; on garde qu’il a tourné, "
    "et quand.",
)
_OPEN: Final = Text(
    "Left, because they are not over: runs {runs}. End them (`rouage cancel RUN`), then forget "
    "again.",
    "Laissées, car pas finies : exécutions {runs}. Terminez-les (« rouage cancel EXÉCUTION »), "
    "puis recommencez.",
)
_FILES: Final = Text(
    "Your own files are never touched. These were written by those runs; look at them yourself:",
    "Vos propres fichiers ne sont jamais touchés. Ceux-ci ont été écrits par ces exécutions ; "
    "regardez-les vous-même :",
)
_WAITING: Final = Text(
    "Left, because more is gathered with it: the batches of {triggers}. Forget again when they "
    "have gone (`rouage status`), or while Rouage is stopped.",
    "Laissés, car d’autres choses s’y ajoutent : les lots de {triggers}. Recommencez quand ils "
    "seront partis (« rouage status »), ou quand Rouage est arrêté.",
)
_NOT_SCRUBBED: Final = Text(
    "All of it is blanked, but free parts of the journal’s file may still hold traces: the file is "
    "too large to be written anew while Rouage works. Stop Rouage, then forget again.",
    "Tout est effacé, mais des parties libres du fichier du journal peuvent en garder des traces : "
    "il est trop gros pour être réécrit pendant que Rouage travaille. Arrêtez Rouage, puis "
    "recommencez.",
)
_STATE: Final = Text(
    "Left, since it keeps things from being taken twice: the memory of {triggers}.",
    "Laissée, car elle évite de prendre deux fois la même chose : la mémoire de {triggers}.",
)
_LOGS: Final = Text(
    "Named in logs, which are replaced with time; delete them if you must: {paths}",
    "Nommée dans des journaux techniques, remplacés avec le temps ; supprimez-les s’il le faut : "
    "{paths}",
)
_BACKUPS: Final = Text(
    "Backups hold what they held when they were made ({count}, in {folder}). They are replaced "
    "day by day; after going back to one, forget again.",
    "Les sauvegardes gardent ce qu’elles contenaient ({count}, dans {folder}). Elles sont "
    "remplacées jour après jour ; si vous revenez à l’une d’elles, recommencez.",
)
_MORE: Final = Text("  … and {count} more", "  … et {count} autres")


def report(session: Session, found: Mapping[str, Any]) -> None:
    """Print it."""
    if session.is_json:
        session.output.data(found)
        return
    counts = found["counts"]
    if any(counts.values()):
        session.tell(_DONE if found["done"] else _WOULD)
        for name, text in _WHAT.items():
            if counts.get(name):
                session.tell(_LINE, what=session.say(text), count=counts[name])
        session.tell(_UNDONE)
    elif not found["open_runs"] and not found["waiting"]:
        session.tell(_NOTHING)
    _tell_left(session, found)
    _tell_files(session, found)


def _tell_left(session: Session, found: Mapping[str, Any]) -> None:
    if found["open_runs"]:
        session.tell(_OPEN, runs=", ".join(found["open_runs"][:_MOST]))
    if found["waiting"]:
        session.tell(_WAITING, triggers=", ".join(found["waiting"][:_MOST]))
    if found["triggers"]:
        session.tell(_STATE, triggers=", ".join(found["triggers"][:_MOST]))
    if not found["scrubbed"]:
        session.tell(_NOT_SCRUBBED)


def _tell_files(session: Session, found: Mapping[str, Any]) -> None:
    if found["files"]:
        session.tell(_FILES)
        for path in found["files"][:_MOST]:
            session.output.line(f"  {path}")
        if len(found["files"]) > _MOST:
            session.tell(_MORE, count=len(found["files"]) - _MOST)
    if found["logs"]:
        session.tell(_LOGS, paths=", ".join(found["logs"][:_MOST]))
    if found["backups"]:
        folder = Path(found["backups"][0]).parent
        session.tell(_BACKUPS, count=len(found["backups"]), folder=folder)
