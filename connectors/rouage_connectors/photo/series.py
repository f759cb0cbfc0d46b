"""Photos that were taken together look alike: one correction for most of each series."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any, Final

from rouage.sdk import Text
from rouage_connectors.photo import look

_GAP_SECONDS: Final = 600
_ENOUGH: Final = 10
_BLURRED_SHARE: Final = 0.2

DOUBTS: Final[Mapping[str, Text]] = {
    "burnt": Text("parts of it are burnt", "des parties sont brûlées"),
    "black": Text("much of it is black", "une grande part est noire"),
    "colour": Text("its colours are far off", "ses couleurs sont très décalées"),
    "light": Text("it is very dark or very light", "elle est très sombre ou très claire"),
    "blurred": Text("it seems blurred", "elle semble floue"),
}


def corrections(measured: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the correction of each photo, given what `measure` said of them, in order."""
    wanted = [look.of_json(one["correction"]) for one in measured]
    for places in _together(measured):
        blended = look.together([wanted[place] for place in places])
        for place, correction in zip(places, blended, strict=True):
            wanted[place] = correction
    return [look.to_json(correction) for correction in wanted]


def doubts(measured: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return what is doubtful about each photo: on its own, and beside the others."""
    least = 0.0
    if len(measured) >= _ENOUGH:
        least = _BLURRED_SHARE * median(one["sharpness"] for one in measured)
    return [
        [*one["doubts"], *(["blurred"] if one["sharpness"] < least else [])]
        if "blurred" not in one["doubts"]
        else list(one["doubts"])
        for one in measured
    ]


def said(found: Sequence[str]) -> dict[str, str]:
    """Return the doubts *found* as a sentence in both languages."""
    return {
        "en": "; ".join(DOUBTS[doubt].en for doubt in found),
        "fr": " ; ".join(DOUBTS[doubt].fr for doubt in found),
    }


def _together(measured: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """Return the places of the photos of each series: one camera, no long pause."""
    dated = sorted(
        (str(one["make"]), str(one["model"]), one["taken"], place)
        for place, one in enumerate(measured)
        if one["taken"] is not None
    )
    found: list[list[int]] = [[entry[3]] for entry in dated[:1]]
    for before, after in pairwise(dated):
        if before[:2] == after[:2] and _seconds(before[2], after[2]) <= _GAP_SECONDS:
            found[-1].append(after[3])
        else:
            found.append([after[3]])
    return found


def _seconds(first: str, second: str) -> float:
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()
