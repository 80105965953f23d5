"""People files: what spreadsheets write is read, and everything wrong is told by its line."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.errors import PeopleFileRefused
from feedback.people.people_files import MAX_BYTES, PeopleFile, read_people

TENANT = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
ANNA = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
BEN = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"


def _guid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


def _read(data: bytes | str, *, skip_wrong_lines: bool = False) -> PeopleFile:
    return read_people(data, is_allowed=lambda tenant: tenant == TENANT, skip_wrong_lines=skip_wrong_lines)


def _problems(data: bytes | str) -> list[str]:
    with pytest.raises(PeopleFileRefused) as refused:
        _read(data)
    return [str(one) for one in refused.value.problems]


def test_a_file_gives_people_with_their_attributes() -> None:
    found = _read(f"Tenant ID,AAD Object ID,Display Name,Company Size\n{TENANT},{ANNA.upper()}, Anna  A ,small\n")
    assert found.attributes == ("company-size",)
    (anna,) = found.people
    assert (anna.tenant, anna.object_id, anna.name) == (TENANT, ANNA, "Anna A")
    assert anna.attributes == {"company-size": "small"}


@pytest.mark.parametrize("name", ["object id", "objectId", "aadObjectId", "AAD Object ID", "user_id", "User-ID"])
def test_the_object_id_goes_by_many_names(name: str) -> None:
    assert _read(f"tenant,{name}\n{TENANT},{ANNA}\n").people[0].object_id == ANNA


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separators_byte_order_marks_and_line_ends_do_not_matter(separator: str, mark: bytes, end: str) -> None:
    rows = [["tenant", "user id", "name", "region"], [], [TENANT, ANNA, f"Ä{separator} A", "emea"], ["", "", "", ""]]
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=separator, lineterminator=end).writerows(rows)
    (anna,) = _read(mark + written.getvalue().encode()).people
    assert (anna.name, anna.attributes) == (f"Ä{separator} A".replace("\t", ""), {"region": "emea"})


def test_two_columns_are_enough_to_find_the_separator() -> None:
    assert _read(f"tenant;object id\n{TENANT};{ANNA}").people[0].object_id == ANNA


def test_a_first_line_that_tells_the_separator_is_followed() -> None:
    found = _read(f"sep=;\r\ntenant;object id;a,b\r\n{TENANT};{ANNA};x\r\n")
    assert found.people[0].attributes == {"a-b": "x"}
    with pytest.raises(PeopleFileRefused, match="Line 3"):
        _read(f"sep=;\r\ntenant;object id\r\n{TENANT};wrong\r\n")


def test_formulas_stay_texts() -> None:
    found = _read(f'tenant,object id,name,note\n{TENANT},{ANNA},"=HYPERLINK(""x"")",@SUM(A1)\n')
    assert found.people[0].name == '=HYPERLINK("x")'
    assert found.people[0].attributes == {"note": "@SUM(A1)"}


def test_cells_in_quotes_may_run_over_lines_and_later_lines_keep_their_numbers() -> None:
    text = f'tenant,object id,name\n{TENANT},{ANNA},"Anna\nA"\n\n{TENANT},nobody,\n'
    assert _problems(text) == [
        "Line 5, object id: expected an id such as 8f2d1f3e-5b0c-4b52-9d0c-6f4d1b1c7a10, found “nobody”."
    ]


def test_empty_cells_are_no_attributes_and_cells_at_the_end_may_be_missing() -> None:
    found = _read(f"tenant,object id,name,size,region\n{TENANT},{ANNA},,,emea\n{TENANT},{BEN}\n")
    assert [one.attributes for one in found.people] == [{"region": "emea"}, {}]


def test_every_wrong_line_is_told_at_once() -> None:
    text = (
        "tenant,object id,size\n"
        f"{TENANT},{ANNA},small\n"
        f"{TENANT},not-an-id,small\n"
        f",{BEN},small\n"
        f"{OTHER},{BEN},small\n"
        f"{{{TENANT.upper()}}},{ANNA.upper()},large\n"
        f"{TENANT},{BEN},small,too,many\n"
        f"{TENANT},{_guid(1)},{'x' * 121}\n"
    )
    problems = _problems(text)
    assert [one.split(":")[0] for one in problems] == [
        "Line 3, object id",
        "Line 4, tenant",
        "Line 5, tenant",
        "Line 6, object id",
        "Line 7",
        "Line 8, size",
    ]
    parts = ["“not-an-id”", "found nothing", f"{OTHER} is not one", "same person as in line 2", "5 cells", "121"]
    assert all(part in problem for part, problem in zip(parts, problems, strict=True))


def test_wrong_lines_are_skipped_only_when_asked() -> None:
    text = f"tenant,object id\n{TENANT},{ANNA}\n{TENANT},wrong\n{TENANT},{ANNA}\n{TENANT},{BEN}\n"
    with pytest.raises(PeopleFileRefused, match="Nobody was imported"):
        _read(text)
    found = _read(text, skip_wrong_lines=True)
    assert [one.object_id for one in found.people] == [ANNA, BEN]
    assert [one.line for one in found.problems] == [3, 4]


def test_a_line_that_is_wrong_does_not_make_a_later_one_a_duplicate() -> None:
    text = f"tenant,object id,size\n{TENANT},{ANNA},{'x' * 200}\n{TENANT},{ANNA},small\n"
    assert len(_read(text, skip_wrong_lines=True).people) == 1


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "Line 1: the file is empty"),
        ("\n\n", "Line 1: the file is empty"),
        ("tenant,object id\n", "Line 1: there is nobody below"),
        (f"tenant,name\n{TENANT},x\n", "the column “object id” is missing. It may be called: object id, aad object"),
        (f"tenent,object id\n{TENANT},{ANNA}\n", "did you mean “tenent”?"),
        (f"tenant,tenant id,object id\n{TENANT},{TENANT},{ANNA}\n", "column 2 means the same as column 1"),
        (f"tenant,object id,Size,size\n{TENANT},{ANNA},a,b\n", "column 4 means the same as column 3"),
        (f"tenant,object id,,size\n{TENANT},{ANNA},a,b\n", "column 3 has no name"),
        (f"tenant,object id,{'x' * 41}\n{TENANT},{ANNA},a\n", "41 characters"),
        ("tenant,object id," + ",".join(f"c{n}" for n in range(40)), "42 columns"),
        (f'tenant,object id,size\n{TENANT},{ANNA},"small\n', "Line 2: the quotation marks do not match"),
        (f'tenant,object id,size\n{TENANT},{ANNA},"sm"all\n', "Line 2: the quotation marks do not match"),
        (f"tenant,object id\n{TENANT},{ANNA}\n".encode("utf-16"), "Line 1: the file is not in UTF-8"),
        (f"tenant,object id,name\n{TENANT},{ANNA},J\xf6rg\n".encode("latin-1"), "Line 2: the file is not in UTF-8"),
        (b"x" * (MAX_BYTES + 1), "20 MB"),
        (f"{TENANT},{ANNA}\n{TENANT},{BEN}\n", "the column “tenant” is missing"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_skipping_or_not(text: bytes | str, part: str) -> None:
    for skip in (False, True):
        with pytest.raises(PeopleFileRefused) as refused:
            _read(text, skip_wrong_lines=skip)
        assert part in str(refused.value), str(refused.value)


def test_a_file_with_nothing_but_wrong_lines_is_refused_even_when_skipping() -> None:
    with pytest.raises(PeopleFileRefused, match="Line 2"):
        _read(f"tenant,object id\n{TENANT},wrong\n", skip_wrong_lines=True)


def test_more_people_than_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedback.people.people_files.MAX_PEOPLE", 2)
    lines = "".join(f"{TENANT},{_guid(number)}\n" for number in range(4))
    assert _problems("tenant,object id\n" + lines) == [
        "Line 4: there are more people than the 2 that fit. Split the file."
    ]


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_anything_is_read_or_refused(data: bytes | str) -> None:
    with pytest.raises(PeopleFileRefused) as refused:
        _read(data)
    assert all(one.line >= 1 for one in refused.value.problems)


cells = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=10)


@given(st.lists(cells, max_size=5), st.sampled_from(",;\t"))
def test_what_a_spreadsheet_writes_is_read_as_it_was(found: list[str], separator: str) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=separator)
    writer.writerow(["tenant", "object id", "size"])
    writer.writerows([TENANT, _guid(number), cell] for number, cell in enumerate([*found, "last"]))
    people = _read(written.getvalue()).people
    assert [one.attributes.get("size", "") for one in people] == [*found, "last"]
