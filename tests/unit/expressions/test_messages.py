import re
from pathlib import Path

import pytest

import rouage.expressions
from rouage.expressions.messages import MESSAGES, UNDEFINED
from rouage.expressions.nearest import listing, nearest

_FOLDER = Path(rouage.expressions.__file__).parent
_PYTHON_WORDS = re.compile(r"\b(None|True|False|dict|str|int|float|NoneType|tuple|bool)\b")


def _places(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("code", MESSAGES)
def test_a_message_speaks_both_languages_with_the_same_facts(code):
    message = MESSAGES[code]
    assert "->" in message.example
    for text in (message.text, message.why, message.fix):
        if text is None:
            continue
        assert text.en
        assert text.fr
        assert _places(text.en) == _places(text.fr)
        assert not _PYTHON_WORDS.search(text.en.replace("true", ""))
        assert not re.search(r"[a-zà-ÿ]'[a-zà-ÿ]", text.fr)
        assert "${{" not in text.en


def test_every_code_that_is_raised_has_its_message_and_every_message_is_raised():
    used: set[str] = set()
    for file in _FOLDER.rglob("*.py"):
        if not file.name.startswith("messages_"):
            used |= set(re.findall(r"RG4\d\d", file.read_text(encoding="utf-8")))
    assert used == set(MESSAGES)
    assert set(MESSAGES) > UNDEFINED


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("uper", ["upper", "lower"], "upper"),
        ("fil", ["file", "folder"], "file"),
        ("szie", ["size"], "size"),
        ("xy", ["ab", "cd"], None),
        ("a", ["b"], None),
        ("File", ["file"], "file"),
        ("file_name", ["filename"], "filename"),
        ("total", ["totally_other"], None),
        ("longword", ["longwrod"], "longwrod"),
        ("longword", ["lngwrd"], "lngwrd"),
        ("word", ["wo"], None),
    ],
)
def test_the_nearest_word_is_near(word, known, expected):
    assert nearest(word, known) == expected


def test_known_names_are_listed_shortly():
    assert listing(["b", "a"]) == "a, b"
    assert listing(f"n{number}" for number in range(20)).endswith(", …")
