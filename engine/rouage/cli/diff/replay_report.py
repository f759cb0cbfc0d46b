"""What a replay of the past came to, in sentences and as data."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from rouage.cli.output import one_line
from rouage.cli.rehearsing import Work
from rouage.cli.states import local_time
from rouage.language import Text
from rouage.records import dataclass
from rouage.rehearsal.differing import EffectDifference, EventDifference, has_started
from rouage.rehearsal.effects import Effect, sentence_of
from rouage.rehearsal.replaying import Tally

_EXAMPLES: Final = 3
_PLACES: Final = frozenset({"path", "folder"})

_NONE: Final = Text(
    "No stored event of {recipe} since {since}: there is nothing to compare.",
    "Aucun événement gardé de {recipe} depuis le {since} : rien à comparer.",
)
_COUNTS: Final = Text(
    "Events since {since}: {total}. Same: {same}. Different: {differs}. Not known: {unknown}.",
    "Événements depuis le {since} : {total}. Identiques : {same}. Différents : {differs}. "
    "Inconnus : {unknown}.",
)
_STOPPED: Final = Text(
    "Stopped early: this is what was seen until then.",
    "Arrêté avant la fin : voici ce qui a été vu jusque-là.",
)
_CUT: Final = Text(
    "Only the newest {count} events were looked at.",
    "Seuls les {count} événements les plus récents ont été regardés.",
)
_LEFT_OUT: Final = Text(
    "Left out, because other events decided about them (batches, duplicates, limits): {count}.",
    "Laissés de côté, car d’autres événements en ont décidé (lots, doublons, limites) : {count}.",
)
_BLANKED: Final = Text(
    "Left out, because their values were blanked: {count}. `retention` in rouage.yaml and `keep` "
    "in a recipe say how long they stay.",
    "Laissés de côté, car leurs valeurs ont été effacées : {count}. « retention » dans rouage.yaml "
    "et « keep » dans une recette disent combien de temps elles restent.",
)
_OPEN: Final = Text(
    "Not known for {count} events: the step {step} reads or asks something that it did not then.",
    "Inconnu pour {count} événements : l’étape {step} lit ou demande autre chose qu’à l’époque.",
)
_ELSEWHERE: Final = Text(
    "{count} × {title}: to another place ({names})", "{count} × {title} : ailleurs ({names})"
)
_OTHERWISE: Final = Text(
    "{count} × {title}: differently ({names})", "{count} × {title} : autrement ({names})"
)
_GONE: Final = Text("{count} × {title}: no longer", "{count} × {title} : plus du tout")
_COME: Final = Text("{count} × {title}: more than before", "{count} × {title} : en plus")
_CHANGED: Final = Text("{before} → instead: {after}", "{before} → à la place : {after}")
_NOT_STARTED: Final = Text(
    "{count} × the recipe would no longer start", "{count} × la recette ne démarrerait plus"
)
_STARTED: Final = Text(
    "{count} × the recipe would start, which it did not",
    "{count} × la recette démarrerait, ce qu’elle ne faisait pas",
)
_ENDS: Final = Text(
    "{count} × the run would end otherwise: {before} → {after}",
    "{count} × l’exécution finirait autrement : {before} → {after}",
)
_OUTPUTS: Final = Text(
    "{count} × the recipe would give other outputs",
    "{count} × la recette rendrait d’autres résultats",
)
_PROBLEM: Final = Text(
    "{count} × it cannot be played: {problem}", "{count} × impossible à rejouer : {problem}"
)
_MORE: Final = Text(
    "    … and {count} more (`--all` shows them)", "    … et {count} autres (« --all » les montre)"
)

Key = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """A replay that is to be told; `is_whole` is False when it was interrupted."""

    work: Work
    recipe: str
    labels: tuple[str, str]
    tally: Tally
    since: datetime
    is_whole: bool
    shows_all: bool


def report(replayed: Replayed) -> None:
    """Print it."""
    if replayed.work.session.is_json:
        replayed.work.session.output.data(as_data(replayed))
        return
    session, tally = replayed.work.session, replayed.tally
    since = local_time(replayed.since, replayed.work.settings.zone)
    if not tally.replayed:
        session.tell(_NONE, recipe=replayed.recipe, since=since)
    else:
        session.tell(
            _COUNTS,
            since=since,
            total=tally.replayed,
            same=tally.same,
            differs=tally.differs,
            unknown=tally.unknown,
        )
    if not replayed.is_whole:
        session.tell(_STOPPED)
    if tally.is_cut:
        session.tell(_CUT, count=tally.replayed)
    if tally.left_out:
        session.tell(_LEFT_OUT, count=tally.left_out)
    if tally.blanked:
        session.tell(_BLANKED, count=tally.blanked)
    for step, count in tally.open_steps.items():
        session.tell(_OPEN, step=step, count=count)
    _tell_groups(replayed)


def _tell_groups(replayed: Replayed) -> None:
    session = replayed.work.session
    groups: dict[Key, list[tuple[EventDifference, EffectDifference | None]]] = {}
    for one in replayed.tally.differences:
        for key, effect in _keys(one):
            groups.setdefault(key, []).append((one, effect))
    for key, members in groups.items():
        session.output.line()
        session.output.line(_heading(replayed, key, len(members), members[0][0]))
        shown = members if replayed.shows_all else members[:_EXAMPLES]
        for event, effect in shown:
            session.output.line(f"    {_example(replayed, event, effect)}")
        if len(members) > len(shown):
            session.tell(_MORE, count=len(members) - len(shown))


def _keys(one: EventDifference) -> Iterator[tuple[Key, EffectDifference | None]]:
    """Yield under which headings the event stands."""
    if one.problem is not None:
        yield ("problem", one.problem.render("en")), None
        return
    if one.open_steps:
        return
    before, after = one.states
    if has_started(before) != has_started(after):
        yield ("started" if has_started(after) else "not started",), None
    elif before != after:
        yield ("ends", before, after), None
    for effect in one.effects:
        yield ("effect", effect.change, effect.effect.action, effect.names), effect
    if one.outputs and not one.effects and before == after:
        yield ("outputs",), None


def _heading(replayed: Replayed, key: Key, count: int, first: EventDifference) -> str:
    session = replayed.work.session
    if key[0] == "effect":
        return _effect_heading(replayed, key, count)
    if key[0] == "problem":
        problem = "?" if first.problem is None else first.problem.render(session.language)
        return session.say(_PROBLEM, count=count, problem=problem)
    if key[0] == "ends":
        from rouage.cli.states import state_word

        before, after = (state_word(one, session.language) for one in key[1:])
        return session.say(_ENDS, count=count, before=before, after=after)
    texts = {"started": _STARTED, "not started": _NOT_STARTED, "outputs": _OUTPUTS}
    return session.say(texts[key[0]], count=count)


def _effect_heading(replayed: Replayed, key: Key, count: int) -> str:
    session = replayed.work.session
    _, change, action, names = key
    spec = replayed.work.catalog.actions.get(action)
    title = action if spec is None else session.say(spec.title)
    if change != "changed":
        return session.say(_COME if change == "added" else _GONE, count=count, title=title)
    specs = {} if spec is None else spec.parameters.specs
    is_place = all(name in specs and specs[name].format in _PLACES for name in names)
    labels = [
        str(session.say(specs[name].title or Text(name, name)) if name in specs else name).lower()
        for name in names
    ]
    text = _ELSEWHERE if is_place and names else _OTHERWISE
    return session.say(text, count=count, title=title, names=", ".join(labels))


def _example(replayed: Replayed, one: EventDifference, effect: EffectDifference | None) -> str:
    moment = local_time(one.time, replayed.work.settings.zone)
    if effect is None:
        return f"{moment}  {one.event}"
    said = [_sentence(replayed, side) for side in (effect.before, effect.after) if side is not None]
    if len(said) == 2:
        text = replayed.work.session.say(_CHANGED, before=said[0], after=said[1])
        return f"{moment}  {text}"
    return f"{moment}  {said[0]}"


def _sentence(replayed: Replayed, effect: Effect) -> str:
    text = sentence_of(effect, replayed.work.catalog, replayed.work.session.language)
    return one_line(text.replace(f"{replayed.work.settings.workspace}/", ""))


def as_data(replayed: Replayed) -> dict[str, Any]:
    """Return a replay as data."""
    tally = replayed.tally
    return {
        "recipe": replayed.recipe,
        "old": replayed.labels[0],
        "new": replayed.labels[1],
        "since": replayed.since.isoformat(),
        "complete": replayed.is_whole and not tally.is_cut,
        "events": tally.replayed,
        "same": tally.same,
        "different": tally.differs,
        "unknown": tally.unknown,
        "left_out": tally.left_out,
        "blanked": tally.blanked,
        "unknown_steps": tally.open_steps,
        "differences": [_one_data(replayed, one) for one in tally.differences],
    }


def _one_data(replayed: Replayed, one: EventDifference) -> dict[str, Any]:
    language = replayed.work.session.language
    return {
        "event": one.event,
        "time": one.time.isoformat(),
        "before": one.states[0],
        "after": one.states[1],
        "effects": [_effect_data(replayed, effect) for effect in one.effects],
        "outputs_differ": one.outputs,
        "unknown_steps": list(one.open_steps),
        "problem": None if one.problem is None else one.problem.render(language),
    }


def _effect_data(replayed: Replayed, effect: EffectDifference) -> dict[str, Any]:
    sides: Sequence[tuple[str, Effect | None]] = (
        ("before", effect.before),
        ("after", effect.after),
    )
    data: dict[str, Any] = {
        "change": effect.change,
        "action": effect.effect.action,
        "names": list(effect.names),
    }
    for name, side in sides:
        data[name] = (
            None
            if side is None
            else {"text": _sentence(replayed, side), "parameters": side.parameters}
        )
    return data
