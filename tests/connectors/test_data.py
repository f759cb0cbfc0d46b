"""The connector `data`: what programs of this world write, and what attackers do."""

import pytest

from rouage.errors import StepError
from rouage.sdk.testing import run_action
from rouage_connectors.data import connector


async def _parse(context, **parameters):
    return await run_action(connector, "data.parse", parameters, context)


async def _format(context, data, **more):
    result = await run_action(connector, "data.format", {"data": data, **more}, context)
    return result["text"]


async def test_json_keeps_its_types(context_for):
    result = await _parse(context_for(), text='{"a": [1, 2.5, null, true, "é"]}')
    assert result["data"] == {"a": [1, 2.5, None, True, "é"]}
    assert (result["format"], result["count"]) == ("json", 1)
    assert (await _parse(context_for(), text="[1, 2]"))["count"] == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,\n "b" 2}', "line 2, column 6"),
        ('{"a": NaN}', "not a JSON number"),
        ('{"a": 1, "a": 2}', "twice"),
        ("[" * 200 + "]" * 200, "100 levels"),
        ("[" * 100_000, "100 levels"),
        ("1" * 5_000, "digits"),
        ("[" + "1," * 100_001 + "1]", "more than 100000"),
    ],
)
async def test_bad_json_is_explained(context_for, text, message):
    with pytest.raises(StepError, match=message):
        await _parse(context_for(), text=text, format="json")


async def test_data_that_is_too_large_is_refused(folders, context_for):
    with pytest.raises(StepError, match="larger than"):
        await _parse(context_for(), text="x" * ((5 << 20) + 1))
    with (folders.workspace / "big.json").open("wb") as file:
        file.truncate((5 << 20) + 1)
    with pytest.raises(StepError, match="larger than"):
        await _parse(context_for(), file="big.json")


@pytest.mark.parametrize(
    "content",
    [
        "Nom;Prix\r\nÉté;1,50\r\n".encode("cp1252"),
        b"\xef\xbb\xbf" + "Nom;Prix\nÉté;1,50\n".encode(),
        'Nom,Prix\n"Été","1,50"\n'.encode(),
        "Nom\tPrix\nÉté\t1,50".encode(),
        '"Nom"|"Prix"\n\nÉté|1,50\n'.encode(),
    ],
)
async def test_a_csv_is_read_whatever_program_wrote_it(folders, context_for, content):
    (folders.workspace / "a.csv").write_bytes(content)
    result = await _parse(context_for(), file="a.csv")
    assert result == {
        "data": [{"Nom": "Été", "Prix": "1,50"}],
        "format": "csv",
        "count": 1,
        "columns": ["Nom", "Prix"],
    }


async def test_a_csv_without_names_gives_lists(context_for):
    result = await _parse(context_for(), text="a;b\nc;d\n", header=False)
    assert (result["data"], result["columns"]) == ([["a", "b"], ["c", "d"]], [])


async def test_short_and_long_records_are_evened_out(context_for):
    result = await _parse(context_for(), text="a;b\n1\n1;2;3\n")
    assert result["data"] == [{"a": "1", "b": ""}, {"a": "1", "b": "2"}]


@pytest.mark.parametrize("text", ['a;b\n"open;1\n', "a;a\n1;2\n"])
async def test_a_bad_csv_is_explained(context_for, text):
    with pytest.raises(StepError):
        await _parse(context_for(), text=text, format="csv")


async def test_xml_becomes_plain_data_and_back(context_for):
    text = (
        '<?xml version="1.0"?><order xmlns="urn:x" id="A-1"><line><sku>a</sku></line>'
        "<line><sku>é</sku></line><note>  hi </note><empty/></order>"
    )
    data = (await _parse(context_for(), text=text))["data"]
    assert data == {
        "order": {"@id": "A-1", "line": [{"sku": "a"}, {"sku": "é"}], "note": "hi", "empty": ""}
    }
    again = await _format(context_for(), data, format="xml")
    assert (await _parse(context_for(), text=again))["data"] == data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "entities"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "entities"),
        ("<a><b></a>", "not XML"),
        ("<a>" * 200 + "</a>" * 200, "100 levels"),
        ("<a>" + "<b/>" * 100_001 + "</a>", "more than 100000"),
        ('<?xml version="1.0" encoding="no-such"?><a/>', "not XML"),
        ("", "not XML"),
    ],
)
async def test_hostile_xml_is_refused(context_for, text, message):
    with pytest.raises(StepError, match=message):
        await _parse(context_for(), text=text, format="xml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # Each short line would be filled up to the number of columns: 5 million cells.
        (";".join(f"c{n}" for n in range(2_000)) + "\n1" * 2_500, "more than 100000"),
        # The last name is the one that comes twice: found in one pass.
        (";".join(f"c{n}" for n in range(60_000)) + ";c59999\n", "column “c59999” comes twice"),
    ],
)
async def test_a_small_table_cannot_become_a_large_one(context_for, text, message):
    with pytest.raises(StepError, match=message):
        await _parse(context_for(), text=text, format="csv")


async def test_exactly_one_source_is_wanted(context_for):
    with pytest.raises(StepError, match="either"):
        await _parse(context_for())


async def test_the_format_is_recognised_by_the_content(folders, context_for):
    for text, kind in ((' {"a": 1}', "json"), ("\ufeff<a/>", "xml"), ("a;b\n1;2", "csv")):
        (folders.workspace / "data").write_text(text, "utf-8")
        assert (await _parse(context_for(), file="data"))["format"] == kind


async def test_json_is_written_readably_or_in_one_line(context_for):
    assert await _format(context_for(), {"é": 1}) == '{\n  "é": 1\n}'
    assert await _format(context_for(), {"é": [1]}, indent=False) == '{"é": [1]}'


async def test_rows_are_written_as_csv_with_harmless_cells(context_for):
    rows = [{"Nom": "=A1", "Prix": 1.5}, {"Nom": 'a;"b', "Extra": True}]
    text = await _format(context_for(), rows, format="csv")
    assert text == 'Nom;Prix;Extra\n\'=A1;1,5;\n"a;""b";;true\n'
    text = await _format(context_for(), [[1.5, "x"], []], format="csv", separator=",")
    assert text == "1.5,x\n\n"


@pytest.mark.parametrize("data", ["text", {"a": 1}, [1], [{"a": 1}, [1]]])
async def test_a_csv_needs_rows(context_for, data):
    with pytest.raises(StepError, match="list of rows"):
        await _format(context_for(), data, format="csv")


@pytest.mark.parametrize("data", [[], {}, {"a": 1, "b": 2}, {"bad name": 1}, {"a": {"<x>": 1}}])
async def test_xml_needs_one_root_and_good_names(context_for, data):
    with pytest.raises(StepError):
        await _format(context_for(), data, format="xml")


async def test_what_xml_cannot_hold_is_replaced(context_for):
    text = await _format(context_for(), {"a": "x\x00<&\ud800"}, format="xml")
    assert "x\ufffd&lt;&amp;\ufffd" in text
