"""The table of fractures: written, read back, and refused where it contradicts itself."""

import numpy as np
import pytest
from fracture_tables import EMPTY, drawn_rows

from spinemets.errors import SpinemetsError
from spinemets.formats.fracture_table import FractureRow, read_table, row_of, values, without_lesion_mask, write_table


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    write_table(path, drawn_rows(4))
    return path


def test_rows_come_back_as_they_were_written(table):
    for written, read in zip(drawn_rows(4), read_table(table), strict=True):
        assert (read.study, read.level, read.cause) == (written.study, written.level, written.cause)
        assert read.values == {
            name: None if v is None else pytest.approx(v, rel=1e-5) for name, v in written.values.items()
        }


def test_empty_cells_are_nan_and_not_zero():
    row = FractureRow("a", "L1", EMPTY | {"jigsaw": 0.0})
    assert values([row], ["jigsaw", "wall_depth"])[0, 0] == 0.0
    assert np.isnan(values([row], ["jigsaw", "wall_depth"])[0, 1])


def test_without_a_lesion_mask_only_a_missing_ring_shows_a_destroyed_pedicle():
    cells = EMPTY | {"pedicle_destroyed": 1.0, "pedicle_lesion_share": 0.9, "lesions_elsewhere": 1.0, "jigsaw": 1.0}
    bare = without_lesion_mask(FractureRow("a", "L1", cells | {"pedicle_ring_missing": 0.1})).values
    assert bare["pedicle_destroyed"] is bare["lesions_elsewhere"] is bare["pedicle_lesion_share"] is None
    assert bare["jigsaw"] == 1.0
    assert (
        without_lesion_mask(FractureRow("a", "L1", cells | {"pedicle_ring_missing": 0.5})).values["pedicle_destroyed"]
        == 1.0
    )


def test_a_row_without_a_cause_is_of_neither_class():
    row = row_of("a", {"level": "L1", "signs": {}})
    with pytest.raises(ValueError, match="a L1 has no cause"):
        _ = row.is_metastatic
    assert not FractureRow("a", "L1", EMPTY, "both").is_metastatic


def changed(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def cell(path, row, column, text):
    lines = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    lines[row][lines[0].index(column)] = text
    path.write_text("\n".join(",".join(line) for line in lines) + "\n", encoding="utf-8")
    return path


def test_a_table_that_contradicts_itself_is_refused(table):
    for column, text, complaint in (
        ("features_version", "99", "line 2: columns of version 99"),
        ("cause", "benign", "cause 'benign' is none of osteoporotic, metastatic, both"),
        ("vacuum_cleft", "1", "vacuum_cleft: '1' contradicts its flag 0"),
        ("vacuum_cleft_assessed", "1", "'' contradicts its flag 1"),
        ("vacuum_cleft_assessed", "yes", "must be 0 or 1, got 'yes'"),
    ):
        write_table(table, drawn_rows(4))
        with pytest.raises(SpinemetsError, match=complaint):
            read_table(cell(table, 1, column, text))


@pytest.mark.parametrize(("text", "complaint"), [("much", "'much' is no number"), ("inf", "inf is not finite")])
def test_a_cell_that_is_no_finite_number_is_refused(table, text, complaint):
    cell(table, 1, "vacuum_cleft", text)
    with pytest.raises(SpinemetsError, match=complaint):
        read_table(cell(table, 1, "vacuum_cleft_assessed", "1"))


def test_a_file_that_is_no_table_is_refused(table, tmp_path):
    with pytest.raises(SpinemetsError, match="lacks the column jigsaw"):
        read_table(changed(table, "jigsaw,", "puzzle,"))
    with pytest.raises(SpinemetsError, match=r"table absent\.csv cannot be read"):
        read_table(tmp_path / "absent.csv")
