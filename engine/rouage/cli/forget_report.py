"""What was found and blanked of a person, in sentences and as data."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rouage.cli.session import Session
from rouage.durable.sqlite.erasing import Found
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


def report(
    session: Session, found: Found, beside: Mapping[str, Sequence[Path]], *, is_done: bool
) -> None:
    """Print it."""
    counts = {**found.rows, "received": len(beside["received"]), "kept": len(beside["kept"])}
    if session.is_json:
        session.output.data(
            {
                "done": is_done,
                "counts": counts,
                "events": len(found.events),
                "runs": len(found.runs),
                "open_runs": found.open_runs,
                "files": found.files,
                "triggers": found.kept_state,
                "logs": [str(path) for path in beside["logs"]],
                "backups": [str(path) for path in beside["backups"]],
            }
        )
        return
    if any(counts.values()):
        session.tell(_DONE if is_done else _WOULD)
        for name, text in _WHAT.items():
            if counts.get(name):
                session.tell(_LINE, what=session.say(text), count=counts[name])
        session.tell(_UNDONE)
    elif not found.open_runs:
        session.tell(_NOTHING)
    _tell_rest(session, found, beside)


def _tell_rest(session: Session, found: Found, beside: Mapping[str, Sequence[Path]]) -> None:
    if found.open_runs:
        session.tell(_OPEN, runs=", ".join(found.open_runs[:_MOST]))
    if found.kept_state:
        session.tell(_STATE, triggers=", ".join(found.kept_state[:_MOST]))
    if found.files:
        session.tell(_FILES)
        for path in found.files[:_MOST]:
            session.output.line(f"  {path}")
        if len(found.files) > _MOST:
            session.tell(_MORE, count=len(found.files) - _MOST)
    if beside["logs"]:
        session.tell(_LOGS, paths=", ".join(str(path) for path in beside["logs"][:_MOST]))
    if beside["backups"]:
        folder = beside["backups"][0].parent
        session.tell(_BACKUPS, count=len(beside["backups"]), folder=folder)
