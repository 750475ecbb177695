"""Grades of epidural tumour whose deformation is known, on grids as scanners make them."""

import json

import numpy as np
import pytest
from oblique import STORED, centred_affine
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Level
from spinemets.cli import main
from spinemets.errors import GeometryMismatchError, SpinemetsError, StudyError
from spinemets.escc_assessment import assess_escc
from spinemets.escc_command import run_escc
from spinemets.escc_masks import EsccMasks
from spinemets.geometry import Grid
from spinemets.measure.canal_slices import canal_stack, stack_axis
from spinemets.results import write_mask
from spinemets.rules.escc_answer import NOT_CLEARANCE
from spinemets.simulate.epidural import EpiduralCase
from spinemets.simulate.epidural_masks import epidural_masks
from spinemets.volume import Volume

CASES = {
    "1a": EpiduralCase(),
    "1b in front": EpiduralCase(indentation_mm=1.9),
    "1b at the left": EpiduralCase(direction=(-1.0, 0.0), indentation_mm=1.7),
    "1b behind": EpiduralCase(direction=(0.0, -1.0), indentation_mm=1.8),
    "1c": EpiduralCase(indentation_mm=3.35),
    "2 flattened": EpiduralCase(indentation_mm=4.6, flattening=0.25, shift_mm=0.5),
    "2 from the right": EpiduralCase(direction=(1.0, 0.0), indentation_mm=4.9, flattening=0.25, shift_mm=0.7),
    "3": EpiduralCase(half_angle_deg=180, sac_mm=(10.2, 8.0), indentation_mm=1.6, flattening=0.2),
}
GRIDS = ((0.2, 3.0, 0), (0.4, 4.0, 1), (0.6, 3.0, 2), (0.8, 4.0, 3))
AXES = Rotation.from_euler("xyz", (4, -3, 5), degrees=True).as_matrix().T


def masks(case, pixel_mm=0.5, slice_mm=3.5, stored=0, angles=(3, -2, 6), extent_mm=100.0, field_mm=30.0):
    options = STORED[stored]
    along = options["axes"].index(2)
    spacing, shape = np.full(3, pixel_mm), [int(field_mm / pixel_mm)] * 3
    spacing[along], shape[along] = slice_mm, int(extent_mm / slice_mm)
    affine = centred_affine(tuple(shape), spacing_mm=tuple(spacing), angles_deg=angles, **options)
    painted = epidural_masks(case, Grid(tuple(shape), affine), centre_mm=np.zeros(3), axes=AXES)
    return {name: Volume(array, affine) for name, array in painted.items()}


def of(volumes, **options):
    given = EsccMasks(volumes["cord"], volumes["sac"], volumes["tumour"], canal=volumes["canal"])
    return assess_escc(given, **options)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("pixel_mm", "slice_mm", "stored"), GRIDS)
def test_the_same_anatomy_has_its_grade_at_every_pixel_size_and_in_every_storage(name, pixel_mm, slice_mm, stored):
    case = CASES[name]
    answer = of(masks(case, pixel_mm, slice_mm, stored))
    assert case.grade == name.split()[0]
    assert answer["status"] == "graded"
    assert case.grade in answer["possible_grades"]
    assert answer["reference"] == "adjacent"
    if pixel_mm <= 0.4:
        assert answer["grade"] == case.grade


@pytest.mark.parametrize("name", ["2 flattened", "2 from the right", "1c", "1b in front"])
def test_millimetres_are_those_of_the_deformation(name):
    case = CASES[name]
    answer = of(masks(case, 0.4, 3.0))
    worst = next(row for row in answer["slices"] if row["index"] == answer["slice"])
    assert worst["sac_indentation_mm"] == pytest.approx(case.indentation_mm, abs=0.45)
    assert worst["cord_gap_mm"] == pytest.approx(case.gap_mm, abs=0.45)
    assert worst["cord_area_loss"] == pytest.approx(case.flattening, abs=0.03)
    assert worst["cord_shift_mm"] == pytest.approx(case.shift_mm, abs=0.2)
    if case.direction[1] != 0:
        assert worst["mscc_ap"] == pytest.approx(case.flattening, abs=0.03)


def test_both_readings_of_high_grade_are_given():
    assert of(masks(CASES["1c"], 0.2, 3.0))["high_grade_2_3"] is False
    assert of(masks(CASES["1c"], 0.2, 3.0))["high_grade_from_1c"] is True
    assert of(masks(CASES["3"], 0.2, 3.0))["high_grade_2_3"] is True


def test_without_tumour_there_is_no_clearance_unless_a_metastasis_is_known():
    healthy = masks(EpiduralCase(length_mm=0.0))
    answer = of(healthy)
    assert (answer["status"], answer["grade"], answer["reason"]) == ("not_assessable", None, NOT_CLEARANCE)
    known = of(healthy, bone_metastasis="yes")
    assert (known["status"], known["grade"]) == ("graded", "0")
    assert of(healthy, bone_metastasis="no")["grade"] is None


@pytest.mark.parametrize(("pixel_mm", "slice_mm", "word"), [(0.9, 3.0, "pixels of 0.90"), (0.5, 4.5, "slices 4.5 mm")])
def test_a_coarse_image_is_not_graded(pixel_mm, slice_mm, word):
    answer = of(masks(CASES["2 flattened"], pixel_mm, slice_mm))
    assert answer["status"] == "not_assessable"
    assert word in answer["reason"]
    assert answer["reason"].startswith("resolution")


def test_a_tilted_stack_is_not_axial():
    answer = of(masks(CASES["2 flattened"], angles=(26, 0, 0)))
    assert answer["status"] == "not_assessable"
    assert answer["reason"].startswith("not_axial")


def test_below_the_conus_the_grades_of_the_cord_have_no_meaning():
    volumes = masks(CASES["1b in front"])
    tumour = volumes["tumour"].array > 0
    slices = tumour.any(axis=(0, 1))
    bare = volumes["cord"].array.copy()
    bare[:, :, slices] = 0
    answer = of({**volumes, "cord": volumes["cord"].with_array(bare)})
    assert answer["status"] == "not_applicable_below_conus"
    assert answer["grade"] is None
    assert answer["sac_deformed"] is True


def test_one_side_alone_is_a_reference_and_none_is_the_population_or_nothing():
    volumes = masks(CASES["1b in front"])
    shape = volumes["sac"].shape[2]

    def only(part):
        return {name: volume.with_array(np.where(part, volume.array, 0)) for name, volume in volumes.items()}

    index = np.arange(shape)
    assert of(only(index > shape // 2 - 6))["reference"] == "one_sided"
    near = only(np.abs(index - shape // 2) < 4)
    borrowed = of(near, level=Level.T4)
    assert borrowed["reference"] == "population"
    assert len(borrowed["possible_grades"]) >= 2
    nothing = of(near)
    assert nothing["status"] == "not_assessable"
    assert "no_reference" in nothing["reason"]


def test_another_cause_of_compression_is_flagged():
    assert "non_tumour_compression" in of(masks(CASES["1b in front"]), other_compression="disc")["flags"]


def test_fluid_that_is_not_bright_on_t2_is_no_csf():
    volumes = masks(CASES["2 flattened"], 0.4, 3.0)
    cord, sac = volumes["cord"].array > 0, volumes["sac"].array > 0
    bright = np.where(sac & ~cord, 9.0, 2.7).astype(np.float32)
    dark = bright.copy()
    inside = (volumes["tumour"].array > 0).any(axis=(0, 1))
    dark[:, :, inside] = 2.7
    given = {name: volumes[name] for name in ("cord", "sac")}
    for image, grade in ((bright, "2"), (dark, "3")):
        masks_of = EsccMasks(**given, epidural=volumes["tumour"], t2=volumes["sac"].with_array(image))
        assert assess_escc(masks_of)["grade"] == grade


def test_masks_that_contradict_one_another_are_refused():
    volumes = masks(CASES["1b in front"])
    moved = volumes["sac"].affine.copy()
    moved[0, 3] += 5
    with pytest.raises(GeometryMismatchError, match="the sac mask lies on another grid"):
        of({**volumes, "sac": Volume(volumes["sac"].array, moved)})
    framed = Volume(volumes["cord"].array, volumes["cord"].affine, "1.2.3")
    other = Volume(volumes["sac"].array, volumes["sac"].affine, "1.2.4")
    with pytest.raises(GeometryMismatchError, match=r"1\.2\.4.*1\.2\.3"):
        of({**volumes, "cord": framed, "sac": other})
    labels = volumes["tumour"].array * 1
    labels[0, 0, 0] = 2
    with pytest.raises(StudyError, match="the epidural mask must be binary, got 3"):
        of({**volumes, "tumour": volumes["tumour"].with_array(labels)})
    nothing = np.zeros_like(volumes["cord"].array)
    with pytest.raises(StudyError, match="both empty"):
        of({**volumes, "cord": volumes["cord"].with_array(nothing), "sac": volumes["sac"].with_array(nothing)})
    twice = volumes["cord"].array | np.roll(volumes["cord"].array, 24, axis=0)
    with pytest.raises(StudyError, match="two cords in slice"):
        of({**volumes, "cord": volumes["cord"].with_array(twice)})
    narrow = volumes["canal"].array & np.roll(volumes["canal"].array, 12, axis=0)
    with pytest.raises(StudyError, match="% of the sac lies outside the canal"):
        of({**volumes, "canal": volumes["canal"].with_array(narrow)})


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_slices_lie_across_the_axis_closest_to_the_cord(stored):
    volumes = masks(CASES["1a"], stored=stored)
    assert stack_axis(volumes["cord"]) == STORED[stored]["axes"].index(2)
    stack = canal_stack(volumes["cord"], volumes["sac"], volumes["tumour"])
    assert stack.tilt_deg < 12
    assert stack.slice_mm == pytest.approx(3.5)


def written_masks(folder):
    """Options of the command for masks that were written into a folder."""
    for name, volume in masks(CASES["2 flattened"]).items():
        write_mask(folder / f"{name}.nii.gz", volume)
    options = {"cord": "cord", "sac": "sac", "epidural": "tumour"}
    return [f"--{option}={folder / name}.nii.gz" for option, name in options.items()]


def test_the_command_prints_the_answer(tmp_path, capsys):
    words = written_masks(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["escc", *words, "--level", "t7"])
    answer = json.loads(capsys.readouterr().out)
    assert stop.value.code == 0
    assert answer["level"] == "T7"
    assert "2" in answer["possible_grades"]
    assert set(answer["slices"][0]) == {
        "index", "grade", "epidural_area_mm2", "sac_indentation_mm", "sac_area_loss", "cord_gap_mm", "mscc_ap",
        "cord_area_loss", "cord_shift_mm", "csf_fraction", "measures",
    }  # fmt: skip
    with pytest.raises(SpinemetsError, match="--level: 'Q' is not a vertebral level"):
        run_escc(*(tmp_path / f"{name}.nii.gz" for name in ("cord", "sac", "tumour")), level="Q")


def test_the_command_writes_the_answer_and_a_page_with_pictures(tmp_path, capsys):
    words = written_masks(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["escc", *words, "--level", "T7", "--out", str(tmp_path / "out")])
    assert (stop.value.code, capsys.readouterr().out) == (0, "")
    answer = json.loads((tmp_path / "out" / "escc.json").read_text())
    page = (tmp_path / "out" / "escc.html").read_text()
    assert "<strong>T7: Compression of the spinal cord, ESCC 2.</strong>" in page
    assert "Research use only" in page
    assert "cord compressed, CSF visible round it" in page
    assert "at most 0.5 mm lie between" in page
    assert f"slice {answer['slice']}, grade 2: gap" in page
    for kind in ("cord", "sac", "tumour", "undeformed", "gap", "indentation", "csf"):
        assert f'class="mark {kind}"' in page
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as stop:
        main(["escc", *words, "--out", str(tmp_path / "file" / "out")])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("cannot write to the output folder: ")


def test_a_site_without_a_slice_that_decides_has_a_page_without_pictures(tmp_path):
    volumes = masks(EpiduralCase(length_mm=0.0))
    for name, volume in volumes.items():
        write_mask(tmp_path / f"{name}.nii.gz", volume)
    answer = run_escc(*(tmp_path / f"{name}.nii.gz" for name in ("cord", "sac", "tumour")), out=tmp_path / "out")
    page = (tmp_path / "out" / "escc.html").read_text()
    assert answer["slice"] is None
    assert "<svg" not in page
    assert "No epidural tumour found; this is not clearance." in page
