import pytest

from spinemets.anatomy import LEVEL_OF_VERSE_ID, PRESACRAL_LEVELS, VERSE_ID, Level, Region, Subregion, parse_level


def test_verse_ids_are_those_of_its_table():
    named = ("C1", "C7", "T1", "T12", "L1", "L5", "L6", "sacrum", "T13")
    assert [Level(name).verse_id for name in named] == [1, 7, 8, 19, 20, 24, 25, 26, 28]


def test_no_two_levels_of_a_mask_share_a_number():
    assert len(set(VERSE_ID.values())) == len(VERSE_ID) == len(LEVEL_OF_VERSE_ID)


@pytest.mark.parametrize("name", ["S1", "S2", "S3", "S4", "S5"])
def test_segments_of_the_sacrum_have_the_label_of_the_whole(name):
    assert Level(name).verse_id == 26
    assert Level(name).region is Region.SACRAL


def test_transitional_levels_stand_where_they_grow():
    row = [level.value for level in PRESACRAL_LEVELS]
    assert row.index("T13") == row.index("T12") + 1 == row.index("L1") - 1
    assert row[-2:] == ["L5", "L6"]
    assert len(row) == 26
    assert [Level(name).order for name in row] == list(range(26))


@pytest.mark.parametrize(
    ("level", "region"),
    [("C7", Region.CERVICAL), ("T13", Region.THORACIC), ("L6", Region.LUMBAR), ("sacrum", Region.SACRAL)],
)
def test_a_level_belongs_to_the_region_of_its_letter(level, region):
    assert Level(level).region is region


@pytest.mark.parametrize(
    ("text", "level"), [("T7", "T7"), ("t07", "T7"), (" l5 ", "L5"), ("SACRUM", "sacrum"), ("c1", "C1"), ("s1", "S1")]
)
def test_levels_are_read_as_people_write_them(text, level):
    assert parse_level(text) is Level(level)


@pytest.mark.parametrize("text", ["", "7", "T14", "L7", "C0", "C8", "Th7", "sacral", "T7 "[:1]])
def test_what_is_no_level_is_refused_with_what_was_written(text):
    with pytest.raises(ValueError, match=f"'{text}' is not a vertebral level"):
        parse_level(text)


def test_subregion_numbers_are_those_of_spineps_with_the_pedicles_added():
    assert [int(part) for part in Subregion] == list(range(41, 53))
    assert (Subregion.TRANSVERSE_PROCESS_LEFT, Subregion.TRANSVERSE_PROCESS_RIGHT) == (43, 44)
    assert (Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT) == (51, 52)
