"""How a photo looks, and what would make it look right: no model, one table of values.

Measured on a small version: the light, the share that is burnt or black, the cast of the
colours. A correction is limited: what is beyond it is doubtful, and is left to a person.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from rouage.sdk.extras import require
from rouage.sdk.records import dataclass
from rouage_connectors.photo.declaration import EXTRA

MEASURED: Final = 256
MIDDLE: Final = 0.46
"""How light a photo is on the whole, unless reference photos say otherwise."""

_MOST_BALANCE: Final = 0.12
_MOST_BEND: Final = 1.45
_BLACK_MOST, _WHITE_LEAST = 32.0, 150.0
_CUT: Final = 0.005
_CLIPPED: Final = 0.02
_BLURRED: Final = 6.0
_OF_THE_SERIES: Final = 0.7
_SKIN_ENOUGH: Final = 0.12
_ENOUGH_PALE: Final = 0.03
_PALE_ONLY: Final = [255 if value < 64 else 0 for value in range(256)]
"""Saturation up to a quarter: what a cast within the limits makes of grey."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """Gains of red, green and blue, the points of black and white, the bend of the tones."""

    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    black: float = 0.0
    white: float = 255.0
    bend: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What was measured: the mean light (0 to 1), sharpness, doubts, and the fitting correction."""

    light: float
    sharpness: float
    doubts: tuple[str, ...]
    correction: Correction


def measure(pixels: Any, *, middle: float = MIDDLE) -> Look:
    """Return how the RGB image *pixels* looks; *middle* is the light that is aimed at."""
    small = pixels.copy()
    small.thumbnail((MEASURED, MEASURED))
    grey = small.convert("L")
    tones = grey.histogram()
    gains, cast_limit = _balance(small, grey, tones)
    black, white = _points(small.histogram(), gains)
    light = _mean(tones) / 255
    shown = _mean_between(tones, black, white)
    bend, is_far = _bend(shown, middle)
    doubts = [*_clipped(tones), *(["colour"] if cast_limit else []), *(["light"] if is_far else [])]
    sharpness = _sharpness(pixels)
    if sharpness < _BLURRED:
        doubts.append("blurred")
    correction = Correction(gains=gains, black=black, white=white, bend=bend)
    return Look(light=light, sharpness=sharpness, doubts=tuple(doubts), correction=correction)


def apply(pixels: Any, correction: Correction) -> Any:
    """Return *pixels* (RGB or RGBA) with *correction*: one look-up per value."""
    table = [value for gain in correction.gains for value in _table(correction, gain)]
    if pixels.mode == "RGBA":
        table += range(256)
    return pixels.point(table)


def together(corrections: Sequence[Correction]) -> list[Correction]:
    """Return the corrections of a series, each mostly what the series needs as a whole."""
    if len(corrections) < 2:
        return list(corrections)
    series = Correction(
        gains=_mean_gains(one.gains for one in corrections),
        black=_average(one.black for one in corrections),
        white=_average(one.white for one in corrections),
        bend=_average(one.bend for one in corrections),
    )
    return [_blend(series, one) for one in corrections]


def to_json(correction: Correction) -> dict[str, Any]:
    """Return *correction* as JSON."""
    return {
        "gains": list(correction.gains),
        "black": correction.black,
        "white": correction.white,
        "bend": correction.bend,
    }


def of_json(data: dict[str, Any]) -> Correction:
    """Return the correction that `to_json` wrote."""
    red, green, blue = data["gains"]
    return Correction(
        gains=(red, green, blue), black=data["black"], white=data["white"], bend=data["bend"]
    )


def _blend(series: Correction, own: Correction) -> Correction:
    def mixed(one: float, other: float) -> float:
        return _OF_THE_SERIES * one + (1 - _OF_THE_SERIES) * other

    red, green, blue = (mixed(a, b) for a, b in zip(series.gains, own.gains, strict=True))
    return replace(
        own,
        gains=(red, green, blue),
        black=mixed(series.black, own.black),
        white=mixed(series.white, own.white),
        bend=mixed(series.bend, own.bend),
    )


def _average(values: Iterable[float]) -> float:
    return math.fsum(found := list(values)) / len(found)


def _mean_gains(gains: Iterable[tuple[float, float, float]]) -> tuple[float, float, float]:
    red, green, blue = (_average(channel) for channel in zip(*gains, strict=True))
    return red, green, blue


def _table(correction: Correction, gain: float) -> list[int]:
    black, reach = correction.black, correction.white - correction.black
    table = []
    for value in range(256):
        share = min(1.0, max(0.0, (value * gain - black) / reach))
        table.append(round(255 * share**correction.bend))
    return table


def _balance(
    small: Any, grey: Any, tones: Sequence[int]
) -> tuple[tuple[float, float, float], bool]:
    """Return the gains that take a cast away (shades of grey), and whether it is too strong.

    A meadow is green without a cast. So two must agree: the whole photo, and what of it may be
    grey but for a cast that we may correct. The smaller gain of both is taken.
    """
    chops = require("PIL.ImageChops", EXTRA)
    low, high = _percentile(tones, 0.05), _percentile(tones, 0.95)
    middle = grey.point([255 if low <= value <= high else 0 for value in range(256)])
    pale = small.convert("HSV").getchannel("S").point(_PALE_ONLY)
    whole, greyish = _gains(small, middle), _gains(small, chops.multiply(middle, pale))
    wanted = [_agreed(one - 1, other - 1) for one, other in zip(whole, greyish, strict=True)]
    # Where there is much skin, its warmth is no cast: half of the balance is enough.
    share = 0.5 if _skin(small) > _SKIN_ENOUGH else 1.0
    limited = [1 + share * max(-_MOST_BALANCE, min(_MOST_BALANCE, change)) for change in wanted]
    is_beyond = any(abs(gain - 1) > 2 * _MOST_BALANCE for gain in whole)
    red, green, blue = (round(gain, 4) for gain in limited)
    return (red, green, blue), is_beyond


def _agreed(one: float, other: float) -> float:
    return min(one, other, key=abs) if one * other > 0 else 0.0


def _gains(small: Any, mask: Any) -> list[float]:
    """Return what would make the masked pixels grey on the whole; nothing when they are few."""
    histogram = small.histogram(mask)
    norms = [_norm(histogram[start : start + 256]) for start in (0, 256, 512)]
    if min(norms) <= 0 or sum(histogram[:256]) < _ENOUGH_PALE * small.width * small.height:
        return [1.0, 1.0, 1.0]
    middle = sum(norms) / 3
    return [middle / norm for norm in norms]


def _norm(histogram: Sequence[int]) -> float:
    count = sum(histogram)
    if not count:
        return 0.0
    total = math.fsum(number * value**6 for value, number in enumerate(histogram))
    return float((total / count) ** (1 / 6))


def _skin(small: Any) -> float:
    chops = require("PIL.ImageChops", EXTRA)
    _, blue, red = small.convert("YCbCr").split()
    first = blue.point([255 if 77 <= value <= 127 else 0 for value in range(256)])
    second = red.point([255 if 133 <= value <= 173 else 0 for value in range(256)])
    both = chops.multiply(first, second).histogram()
    return float(both[255] / sum(both))


def _points(channels: Sequence[int], gains: Sequence[float]) -> tuple[float, float]:
    """Return what becomes black and what becomes white, for the darkest and lightest channel.

    A blue sky must not burn for the sake of grey walls, nor a meadow turn black.
    """
    parts = [channels[256 * place : 256 * (place + 1)] for place in range(3)]
    both = list(zip(parts, gains, strict=True))
    black = min(_percentile(part, _CUT) * gain for part, gain in both)
    white = max(_percentile(part, 1 - _CUT) * gain for part, gain in both)
    return min(_BLACK_MOST, black), max(_WHITE_LEAST, min(255.0, white))


def _bend(light: float, middle: float) -> tuple[float, bool]:
    light = min(0.98, max(0.02, light))
    wanted = math.log(middle) / math.log(light)
    # Half of the way: a photo of snow or of the night is not grey.
    bend = math.sqrt(max(wanted, 1e-3))
    limited = max(1 / _MOST_BEND, min(_MOST_BEND, bend))
    return round(limited, 4), bend != limited


def _clipped(tones: Sequence[int]) -> list[str]:
    count = sum(tones)
    doubts = []
    if sum(tones[:3]) > 5 * _CLIPPED * count:
        doubts.append("black")
    if sum(tones[253:]) > _CLIPPED * count:
        doubts.append("burnt")
    return doubts


def _percentile(histogram: Sequence[int], share: float) -> int:
    left = share * sum(histogram)
    for value, number in enumerate(histogram):
        left -= number
        if left <= 0:
            return value
    return 255


def _mean(histogram: Sequence[int]) -> float:
    return sum(value * number for value, number in enumerate(histogram)) / sum(histogram)


def _mean_between(tones: Sequence[int], black: float, white: float) -> float:
    reach = white - black
    total = sum(
        min(1.0, max(0.0, (value - black) / reach)) * number for value, number in enumerate(tones)
    )
    return total / sum(tones)


def _sharpness(pixels: Any) -> float:
    """Return how much neighbouring values differ: small for what is blurred."""
    filters, stat = require("PIL.ImageFilter", EXTRA), require("PIL.ImageStat", EXTRA)
    grey = pixels.convert("L")
    grey.thumbnail((512, 512))
    if min(grey.size) < 3:
        return 0.0
    edges = grey.filter(filters.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), 1, 128))
    inner = edges.crop((1, 1, edges.width - 1, edges.height - 1))
    return round(float(stat.Stat(inner).var[0]), 2)
