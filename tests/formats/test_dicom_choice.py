"""Which of several series of one role is used."""

import pytest
from made_dicom import MR_IMAGE, Made

from spinemets.formats.dicom_choice import kernel_sharpness
from spinemets.formats.study import read_study


def made(name, **changes):
    attributes = {"SeriesDescription": name} | changes.pop("attributes", {})
    return Made(attributes=attributes, **changes)


@pytest.mark.parametrize(
    ("better", "worse", "advantage"),
    [
        ({"step_mm": 1.5}, {"step_mm": 3.0}, "thinner slices"),
        ({"step_mm": 1.5, "slices": 12}, {"step_mm": 3.0, "slices": 30}, "thinner slices"),
        ({"step_mm": 1.2, "slices": 40}, {"step_mm": 0.6, "slices": 12}, "more coverage"),
        (
            {"attributes": {"ConvolutionKernel": "B31f"}},
            {"attributes": {"ConvolutionKernel": "B70f"}},
            "a softer kernel",
        ),
        (
            {"step_mm": 3.0},
            {"attributes": {"ImageType": ["DERIVED", "SECONDARY", "MPR"]}, "step_mm": 1.5},
            "not a reformat",
        ),
        ({"pixel_mm": (0.5, 0.5)}, {"pixel_mm": (0.9, 0.9)}, "finer pixels"),
    ],
)
@pytest.mark.parametrize("better_first", [True, False])
def test_best_of_one_role_is_used_and_the_other_listed(better, worse, advantage, better_first, tmp_path):
    for number, (name, changes) in enumerate([("better", dict(better)), ("worse", dict(worse))]):
        series = made(name, **changes)
        series.attributes["SeriesNumber"] = number if better_first else -number
        series.write(tmp_path / name)
    study = read_study(tmp_path)
    assert [s.name for s in study.series] == ["better"]
    (left_out,) = study.left_out
    assert left_out.name == "worse"
    assert left_out.reason.startswith("another series of the same role was preferred: ct")
    assert left_out.reason.endswith(advantage)


def test_the_first_is_used_where_nothing_tells_them_apart(tmp_path):
    for number in (2, 1):
        made(f"series {number}", attributes={"SeriesNumber": number}).write(tmp_path / str(number))
    study = read_study(tmp_path)
    assert [s.name for s in study.series] == ["series 1"]
    assert study.left_out[0].reason.endswith("ct that was found first")


def test_ct_of_an_earlier_date_is_the_prior_ct(tmp_path):
    for date in ("20231105", "20240102", "20220101"):
        made(date, attributes={"StudyDate": date}, step_mm=1.5 if date == "20220101" else 2.5).write(tmp_path / date)
    study = read_study(tmp_path)
    assert {s.role: s.name for s in study.series} == {"ct": "20240102", "prior_ct": "20231105"}
    assert [(item.name, item.reason.endswith("a newer examination")) for item in study.left_out] == [("20220101", True)]


@pytest.mark.parametrize(
    ("soft", "sharp"), [("B31f", "B70f"), ("Br38f\\3", "Br64"), ("STANDARD", "BONE"), ("FC08", "FC30"), ("B", "YB")]
)
def test_kernels_of_every_maker_are_ordered(soft, sharp):
    assert kernel_sharpness(soft) < kernel_sharpness(sharp)


def test_an_unknown_kernel_is_in_the_middle():
    assert kernel_sharpness("") == kernel_sharpness("AIDR") == 0.5


def axial_t2(name, number, **changes):
    sequence = {"ScanningSequence": "SE", "RepetitionTime": 3500, "EchoTime": 100, "EchoTrainLength": 16}
    attributes = {"SOPClassUID": MR_IMAGE, "Modality": "MR", "SeriesNumber": number} | sequence
    attributes["ImageType"] = changes.pop("image_type", ["ORIGINAL", "PRIMARY", "OTHER"])
    return made(
        name, attributes=attributes | changes.pop("attributes", {}), step_mm=4.0, pixel_mm=(0.6, 0.6), **changes
    )


def test_every_axial_t2_of_an_examination_is_used_for_none_shows_what_another_does(tmp_path):
    for number, z in enumerate((101.5, 40.0, 101.5)):
        axial_t2(f"axial {number}", number, origin_mm=(-3.4, -5.2, z)).write(tmp_path / str(number))
    study = read_study(tmp_path)
    assert sorted((s.role, s.name) for s in study.series) == [("t2_axial", f"axial {n}") for n in range(3)]
    assert study.left_out == ()


def test_an_axial_t2_of_an_earlier_day_or_a_reformat_beside_an_original_is_left_out(tmp_path):
    axial_t2("now", 1, attributes={"StudyDate": "20240102"}).write(tmp_path / "1")
    axial_t2("before", 2, attributes={"StudyDate": "20231105"}).write(tmp_path / "2")
    reformat = ["DERIVED", "SECONDARY", "MPR"]
    axial_t2("sheet", 3, image_type=reformat, attributes={"StudyDate": "20240102"}).write(tmp_path / "3")
    study = read_study(tmp_path)
    assert [s.name for s in study.series] == ["now"]
    assert {one.name: one.reason.rpartition("t2_axial ")[2] for one in study.left_out} == {
        "before": "with a newer examination",
        "sheet": "that is not a reformat",
    }
