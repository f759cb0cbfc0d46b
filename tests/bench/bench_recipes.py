"""Reading and checking recipes: one JSON object with the figures (authoring Y10, S8).

python tests/bench/bench_recipes.py             # figures for 1,000 recipes
python tests/bench/bench_recipes.py --fuzz N    # N mutated inputs; fails if one raises
"""

import argparse
import json
import random
import statistics
import sys
import time
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "engine"), str(ROOT / "connectors")]

from rouage.catalog.catalog import Catalog  # noqa: E402 - the path comes first
from rouage.catalog.discovery import discover  # noqa: E402
from rouage.catalog.schema import recipe_shape  # noqa: E402
from rouage.catalog.validation import bare  # noqa: E402
from rouage.recipes.checker import check  # noqa: E402
from rouage.recipes.definition import parse  # noqa: E402
from rouage.recipes.reader import read  # noqa: E402

RECIPE = """\
# yaml-language-server: $schema=../.rouage/recipe.schema.json
name: Tri du dossier {number}
description: Range, renomme et note dans le registre.
tags: [tri, dossier-{number}]
timezone: Europe/Paris

inputs:
  register: {{type: file, default: files/registre-{number}.csv, label: Registre}}

vars:
  folder: ~/Documents/tri-{number}

when:
  - folder.file:
      path: ~/Documents/arrivee-{number}
      match: ["*.pdf", "*.jpg"]
      settle: 2s
    id: drop

if: event.file.size > 0

do:
  - files.move:
      source: ${{{{ event.file.path }}}}
      target: ${{{{ vars.folder }}}}/${{{{ event.file.ext | lower }}}}/
      on_conflict: rename
    id: filed
    retry: {{times: 3, wait: 10s, backoff: 2}}

  - set:
      line: ${{{{ event.file.name | upper }}}}

  - table.append:
      file: ${{{{ inputs.register }}}}
      row: {{Nom: "${{{{ vars.line }}}}", Chemin: "${{{{ steps.filed.path }}}}"}}
    if: steps.filed.path != ''

on_error:
  - log.write: {{message: "Tri impossible : ${{{{ error.message }}}}"}}
"""


def measure(recipes: list[bytes], catalog: Catalog) -> dict[str, object]:
    check(recipes[0], file="warm.yaml", catalog=catalog)
    started, problems, definitions = time.perf_counter(), 0, []
    for number, recipe in enumerate(recipes):
        checked = check(recipe, file=f"r{number}.yaml", catalog=catalog)
        problems += len(checked.problems)
        if checked.recipe is not None:
            definitions.append(checked.recipe.definition)
    total = time.perf_counter() - started
    data = [read(recipe).data for recipe in recipes]
    plain = Draft202012Validator(bare(recipe_shape(catalog)))
    return {
        "recipes": len(recipes),
        "lines": RECIPE.count("\n"),
        "actions_installed": len(catalog.actions),
        "libyaml": yaml.__with_libyaml__,
        "problems": problems,
        "check_all_seconds": round(total, 3),
        "read_ms": each(recipes, read),
        "check_ms": each(recipes, lambda one: check(one, file="a.yaml", catalog=catalog)),
        "validate_ms": each(data, lambda one: list(catalog.validator.errors(one))),
        "validate_plain_jsonschema_ms": each(data, lambda one: list(plain.iter_errors(one))),
        "parse_definition_ms": each(definitions, parse),
        "csafeloader_ms": each(recipes, lambda one: yaml.load(one, Loader=yaml.CSafeLoader)),
    }


def each(items, work) -> float:
    """Return the median milliseconds of *work* for one item."""
    spent = []
    for item in items[:300]:
        started = time.perf_counter()
        work(item)
        spent.append(time.perf_counter() - started)
    return round(statistics.median(spent) * 1000, 4)


TOKENS = (
    *(b": ", b"- ", b"\n", b"  ", b"\t", b'"', b"'", b"{{", b"}}", b"${{", b"[", b"]", b"{", b"}"),
    *(b"#", b"|", b">", b"*a", b"&a ", b"!x ", b"%", b"@", b"\xc3\xa9", b"\xff", b"\x00", b"? "),
    *(b"\xc2\xa0", b"\xe2\x80\xa8", b"\\ud800", b"\\U99999999", b"\r", b"---\n", b"<<: ", b"1e999"),
)


def fuzz(count: int, seed: bytes, catalog: Catalog) -> dict[str, object]:
    dice = random.Random(1)
    slowest = 0.0
    for number in range(count):
        text = bytearray(seed if number % 10 else dice.randbytes(dice.randint(0, 200)))
        for _ in range(dice.randint(1, 6)):
            place = dice.randrange(len(text) + 1)
            if dice.random() < 0.7:
                text[place:place] = dice.choice(TOKENS)
            else:
                del text[place : place + dice.randint(1, 20)]
        started = time.perf_counter()
        read(bytes(text), pure=number % 50 == 0)
        check(bytes(text), file="a.yaml", catalog=catalog)
        slowest = max(slowest, time.perf_counter() - started)
    return {"inputs": count, "raised": 0, "slowest_ms": round(slowest * 1000, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", type=int, default=1000)
    parser.add_argument("--fuzz", type=int, default=0, metavar="N")
    options = parser.parse_args()
    catalog = discover()
    recipes = [RECIPE.format(number=number).encode() for number in range(options.recipes)]
    if options.fuzz:
        print(json.dumps(fuzz(options.fuzz, recipes[0], catalog)))
    else:
        print(json.dumps(measure(recipes, catalog), indent=1))


if __name__ == "__main__":
    main()
