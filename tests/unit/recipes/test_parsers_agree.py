"""libyaml and the parser in Python give the same data, problems and places (authoring Y7)."""

import pytest

from rouage.recipes.reader import read

TEXTS = [
    "a: 1\nb: [x, 'y', \"z\"]\nc: {d: e}\n",
    "a: |\n  x\n  y\nb: >-\n  x\n  y\n",
    "a:\n- 1\n- 2\n",
    "a: &x 1\n",
    "a:\t1\n",
    "a: 1\t\n",
    "a: 'x\ty'\n",
    "-\ta\n",
    'a: "\\ud83c\\udf08"\n',
    'a: "\\U99999999"\n',
    "a: {b: c\nd: e\n",
    "a: [1, 2\n",
    "[a]: b\n",
    "a: b: c\n",
    "a: 'x\n",
    'a: "x\nb: "y"\n',
    "- - - a\n",
    "a: x\n b: y\n",
    "a\n",
    "",
    "# only a comment\n",
    "...\n",
    "a: 1\n...\nb: 2\n",
    "! a\n",
    "a: !!str 1\n",
    'é: 1\n"\\u00e9": 2\n',
    "a: x #y\n",
    "{{ x }}: 1\n",
    "a: %x\n",
    "a: |x\n",
    "a: 1\n\tb: 2\n",
    "\ta: 1\n",
    "a: [" + "[" * 40 + "\n",
]


@pytest.mark.parametrize("text", TEXTS)
def test_both_parsers_agree(text):
    fast, pure = read(text.encode()), read(text.encode(), pure=True)
    assert fast.data == pure.data
    assert fast.problems == pure.problems
