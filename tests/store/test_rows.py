"""Rows: what is read, and what is refused with the line, the cell and a way out."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from mutegreen.errors import RowsError
from mutegreen.model import METRICS, ROW_COLUMNS
from mutegreen.store.rows import read_csv, rows_frame
from support.paths import MEASUREMENTS

DATA = MEASUREMENTS
HEADER = ",".join(ROW_COLUMNS)
ORIGINAL = "m,,original,,,,0,10,1,100,5,0.9"
MUTANT = "m,,epochs=3,epochs,3,2,0,11,1,110,6,0.9"


@pytest.fixture
def given(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of rows: text or bytes, or lines below the usual header."""

    def write(*lines: str, header: str = HEADER, raw: bytes | None = None) -> Path:
        path = tmp_path / "rows.csv"
        path.write_bytes(raw if raw is not None else "\n".join([header, *lines, ""]).encode())
        return path

    return write


def refusal(path: Path) -> RowsError:
    with pytest.raises(RowsError) as caught:
        read_csv(path)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value


def test_published_values_are_read_to_the_last_digit() -> None:
    rows = read_csv(DATA)
    with DATA.open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    assert len(rows) == len(expected) == 400
    for metric in METRICS:
        assert rows[metric].tolist() == pytest.approx([float(row[metric]) for row in expected], rel=1e-15)
    assert rows["mutant"].tolist() == [row["mutant"] for row in expected]
    assert [value or "" for value in rows["value"]] == [float(r["value"]) if r["value"] else "" for r in expected]


def test_order_of_columns_byte_order_mark_and_line_ends_do_not_matter(given: Callable[..., Path]) -> None:
    plain = read_csv(given(ORIGINAL, MUTANT))
    columns = [*reversed(ROW_COLUMNS)]
    records = [dict(zip(ROW_COLUMNS, line.split(","), strict=True)) for line in (ORIGINAL, MUTANT)]
    lines = [",".join(columns), *(",".join(record[column] for column in columns) for record in records)]
    turned = read_csv(given(raw=b"\xef\xbb\xbf" + "\r\n".join(lines).encode()))
    pd.testing.assert_frame_equal(turned[list(ROW_COLUMNS)], plain)


def test_further_columns_are_kept(given: Callable[..., Path]) -> None:
    rows = read_csv(given(f"{ORIGINAL},7,x", f"{MUTANT},8,", header=f"{HEADER},block,remark"))
    assert rows["block"].tolist() == [7, 8]
    assert rows["remark"].tolist()[0] == "x"


def test_an_empty_cell_is_not_measured_and_nan_and_infinity_are_numbers(given: Callable[..., Path]) -> None:
    rows = read_csv(given("m,,original,,,,0,,nan,inf,5,-Infinity", MUTANT))
    assert math.isnan(rows["package_j"][0])
    assert math.isnan(rows["dram_j"][0])
    assert rows["gpu_j"][0] == math.inf
    assert rows["performance"][0] == -math.inf


def test_values_may_be_text(given: Callable[..., Path]) -> None:
    rows = read_csv(
        given(
            ORIGINAL,
            "m,,o=sgd,optimizer,sgd,adam,0,1,1,1,1,1",
            "m,,o=None,optimizer,None,adam,0,1,1,1,1,1",
            "m,,a=True,amsgrad,True,False,0,1,1,1,1,1",
            "m,,l=1e-3,lr,1e-3,1,0,1,1,1,1,1",
            "m,,t=1_0,tag,1_0,nan,0,1,1,1,1,1",
        )
    )
    assert rows["value"].tolist() == [None, "sgd", "None", "True", 0.001, "1_0"]
    assert rows["default"].tolist() == [None, "adam", "adam", "False", 1.0, "nan"]


def test_records_of_a_store_give_the_same_frame(given: Callable[..., Path]) -> None:
    header = f"{HEADER},quality_gpu_j"
    text = [f"{ORIGINAL},", f"{MUTANT},estimated", "m,,o=sgd,optimizer,sgd,adam,1,,,3,4,5,counter"]
    labels = dict.fromkeys(("hyperparameter", "value", "default"))
    measured = dict(zip(METRICS, (10.0, 1, 100.0, 5.0, 0.9), strict=True))
    records = [
        {"subject": "m", "background": None, "mutant": "original", **labels, "repetition": 0, **measured},
        {"subject": "m", "background": "", "mutant": "epochs=3", "hyperparameter": "epochs", "value": 3, "default": 2}
        | {
            "repetition": 0,
            **measured,
            "package_j": 11.0,
            "gpu_j": 110.0,
            "duration_s": 6,
            "quality_gpu_j": "estimated",
        },
        {"subject": "m", "background": "", "mutant": "o=sgd", "hyperparameter": "optimizer", "value": "sgd"}
        | {"default": "adam", "repetition": 1, "package_j": None, "dram_j": None, "gpu_j": 3.0, "duration_s": 4.0}
        | {"performance": 5.0, "quality_gpu_j": "counter"},
    ]
    pd.testing.assert_frame_equal(rows_frame(records), read_csv(given(*text, header=header)))


def test_only_trainings_that_ended_ok_count(given: Callable[..., Path]) -> None:
    lines = [f"{ORIGINAL},ok", f"{MUTANT},", "m,,e=9,epochs,9,2,0,,,,,,failed", "m,,e=8,epochs,8,2,0,,,,,,timeout"]
    rows = read_csv(given(*lines, header=f"{HEADER},outcome"))
    assert rows["mutant"].tolist() == ["original", "epochs=3"]
    assert rows.attrs["notes"] == ["Trials without the outcome ok were dropped: 1 failed, 1 timeout."]


def test_no_training_that_ended_ok(given: Callable[..., Path]) -> None:
    error = refusal(given(f"{ORIGINAL},failed", header=f"{HEADER},outcome"))
    assert error.message == "rows.csv: no trial ended ok (1 failed)"


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("abc", "leave the cell empty"),
        ("5 J", "plain numbers"),
        ("n/a", "leave the cell empty"),
        ("True", "plain numbers"),
        ("1_000", "plain numbers"),
        ('"1,234.5"', "plain numbers"),
        ('"12,5"', "decimal point"),
        ('"1.234,5"', "decimal point"),
    ],
)
def test_text_where_a_number_belongs(given: Callable[..., Path], cell: str, hint: str) -> None:
    error = refusal(given(ORIGINAL, "", MUTANT.replace(",110,", f",{cell},")))
    shown = cell.strip('"')
    assert error.message == f"rows.csv, line 4: gpu_j is {shown!r}, not a number"
    assert hint in str(error.hint)


def test_a_whole_column_of_text_is_reported_once(given: Callable[..., Path]) -> None:
    lines = [f"m,,original,,,,{number},{'x'},1,1,1,1" for number in range(3)]
    assert refusal(given(*lines)).message == "rows.csv, line 2: package_j is 'x', not a number (2 more in this column)"


def test_the_line_is_right_below_a_cell_of_several_lines(given: Callable[..., Path]) -> None:
    remark = '"one\ntwo"'
    lines = [f"{ORIGINAL},{remark}", MUTANT.replace(",110,", ",x,") + ","]
    assert "line 4: gpu_j" in refusal(given(*lines, header=f"{HEADER},remark")).message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (MUTANT.replace(",110,", ",-110,"), "line 3: gpu_j is -110.0"),
        (MUTANT.replace("epochs,3", ",3"), "line 3: hyperparameter is empty"),
        (MUTANT.replace("epochs=3", ""), "line 3: mutant is empty"),
        (MUTANT.replace("m,", ",", 1), "line 3: subject is empty"),
        (MUTANT.replace(",0,11", ",,11"), "line 3: repetition is empty"),
        (MUTANT.replace(",0,11", ",0.5,11"), "line 3: repetition is 0.5"),
        (MUTANT.replace(",0,11", ",-1,11"), "line 3: repetition is -1.0"),
        (MUTANT.replace(",0,11", ",inf,11"), "line 3: repetition is inf"),
        (ORIGINAL, "line 3: repetition 0 of original of m occurs twice"),
        (f"{MUTANT},7", "line 3 has 13 fields, but the header has 12"),
        (MUTANT[:-4], "line 3 has 11 fields, but the header has 12"),
    ],
)
def test_rows_that_cannot_be(given: Callable[..., Path], line: str, message: str) -> None:
    assert refusal(given(ORIGINAL, line)).message.startswith(f"rows.csv, {message}")


def test_decimal_commas_that_split_cells_are_recognised(given: Callable[..., Path]) -> None:
    assert "decimal point" in str(refusal(given(ORIGINAL.replace("0.9", "0,9"))).hint)


def test_unknown_quality(given: Callable[..., Path]) -> None:
    error = refusal(given(f"{ORIGINAL},guess", header=f"{HEADER},quality_dram_j"))
    assert error.message == "rows.csv, line 2: quality_dram_j is guess"
    assert "counter, integrated, attributed, estimated" in str(error.hint)


def test_changes_of_several_hyperparameters_are_read_as_written(given: Callable[..., Path]) -> None:
    pair = MUTANT.replace("epochs=3,epochs,3,2", '"epochs=3,lr=0.1","epochs,lr","3,0.1","2,0.5"')
    text = '{"epochs": 3, "lr": 0.1}'
    quoted = text.replace('"', '""')
    rows = read_csv(given(f"{ORIGINAL},", f'{pair},"{quoted}"', header=f"{HEADER},changes"))
    assert rows["changes"].tolist() == ["", text]
    assert rows[["hyperparameter", "value", "default"]].iloc[1].tolist() == ["epochs,lr", "3,0.1", "2,0.5"]


@pytest.mark.parametrize("cell", ["epochs", "[1]", "3", '{"epochs": [1]}', '{"epochs": null}', '{"epochs": NaN}', "{"])
def test_changes_that_are_none(given: Callable[..., Path], cell: str) -> None:
    quoted = cell.replace('"', '""')
    error = refusal(given(f"{ORIGINAL},", f'{MUTANT},"{quoted}"', header=f"{HEADER},changes"))
    assert error.message == f"rows.csv, line 3: changes is {cell}"
    assert '{"epochs": 6}' in str(error.hint)


def test_one_mutant_changes_one_thing(given: Callable[..., Path]) -> None:
    lines = [f"{ORIGINAL},", f'{MUTANT},"{{""epochs"": 3}}"', f'{MUTANT.replace(",0,11", ",1,11")},"{{""epochs"": 4}}"']
    assert "line 4: mutant epochs=3 of m has another" in refusal(given(*lines, header=f"{HEADER},changes")).message


def test_one_mutant_has_one_value_and_one_hyperparameter_one_default(given: Callable[..., Path]) -> None:
    again = MUTANT.replace(",0,11", ",1,11")
    assert (
        "line 4: mutant epochs=3 of m has another"
        in refusal(given(ORIGINAL, MUTANT, again.replace(",3,", ",4,"))).message
    )
    other = again.replace("epochs=3", "epochs=4").replace(",3,2,", ",4,9,")
    assert "line 4: hyperparameter epochs of m has another default" in refusal(given(ORIGINAL, MUTANT, other)).message


def test_several_audits_are_distinguished_by_their_column(given: Callable[..., Path]) -> None:
    lines = [f"{ORIGINAL},1", f"{ORIGINAL},2", f"{MUTANT},1"]
    assert len(read_csv(given(*lines, header=f"{HEADER},audit"))) == 3


def test_without_an_original_there_is_nothing_to_compare_with(given: Callable[..., Path]) -> None:
    error = refusal(given(MUTANT))
    assert error.message == "rows.csv has no row of the original, with which the mutants are compared"


def test_missing_columns_are_named(given: Callable[..., Path]) -> None:
    error = refusal(given("m,,original,0", header="subject,background,mutant,repetition"))
    missing = "hyperparameter, value, default, package_j, dram_j, gpu_j, duration_s, performance"
    assert error.message == f"rows.csv lacks the columns {missing}"


def test_a_column_that_is_there_twice(given: Callable[..., Path]) -> None:
    assert "gpu_j twice" in refusal(given(f"{ORIGINAL},1", header=f"{HEADER},gpu_j")).message


@pytest.mark.parametrize("mark", [";", "\t"])
def test_other_separators_are_recognised(given: Callable[..., Path], mark: str) -> None:
    path = given(ORIGINAL.replace(",", mark), header=HEADER.replace(",", mark))
    assert "by commas" in str(refusal(path).hint)


@pytest.mark.parametrize("raw", [HEADER.encode(), (HEADER + "\n\n").encode()])
def test_no_rows(given: Callable[..., Path], raw: bytes) -> None:
    assert refusal(given(raw=raw)).message == "rows.csv has no rows"


@pytest.mark.parametrize("raw", [b"SQLite format 3\0\x10", b"\x89PNG\r\n\x1a\n", HEADER.encode("utf-16")])
def test_files_that_are_not_text(given: Callable[..., Path], raw: bytes) -> None:
    assert "is not a CSV file" in refusal(given(raw=raw)).message


def test_an_endless_cell_is_not_csv(given: Callable[..., Path]) -> None:
    raw = f'{HEADER}\n"{"x" * (csv.field_size_limit() + 1)}"'.encode()
    assert refusal(given(raw=raw)).message.startswith("rows.csv, line 2 is not CSV")


def test_an_empty_file_lacks_every_column(given: Callable[..., Path]) -> None:
    assert refusal(given(raw=b"")).message == f"rows.csv lacks the columns {', '.join(ROW_COLUMNS)}"


def test_a_path_that_is_not_there_and_one_that_is_a_folder(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in refusal(tmp_path / "none.csv").message
    assert "cannot be read: Is a directory" in refusal(tmp_path).message


def test_records_without_rows_or_columns() -> None:
    with pytest.raises(RowsError, match="audit 3 has no rows"):
        rows_frame([], "audit 3")
    with pytest.raises(RowsError, match="audit 3 lacks the columns background"):
        rows_frame([{"subject": "m"}], "audit 3")


def test_a_fault_of_a_record_names_its_number() -> None:
    records = list(csv.DictReader(io.StringIO("\n".join([HEADER, ORIGINAL, MUTANT.replace(",110,", ",x,")]))))
    with pytest.raises(RowsError, match="rows, row 2: gpu_j is 'x'"):
        rows_frame(records)
