import json
from dataclasses import replace

import highdicom as hd
import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from box_vertebra import stack
from formats.dicom_phantom import errors_of_dciodvfy
from oblique import STORED, centred_affine
from scipy import ndimage

from spinemets import results
from spinemets.dicom_results import write_dicom
from spinemets.errors import SpinemetsError, StudyError
from spinemets.formats import dicom_codes as codes
from spinemets.formats.dicom_stamp import concept
from spinemets.geometry import Grid, resample
from spinemets.lesion_search import LESIONS_BY_NETWORK
from spinemets.pipeline import examine
from spinemets.results import write_image, write_mask, write_results
from spinemets.series_assessment import BY_NETWORK
from spinemets.volume import Series, Study, Volume


def volume(stored, dtype=np.uint8):
    shape = (7, 8, 9)
    values = np.random.default_rng(0).integers(0, 60, shape).astype(dtype)
    return Volume(values, centred_affine(shape, (5, -6, 7), **stored))


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_a_mask_that_is_written_lies_where_it_was_for_nibabel_and_itk(stored, dtype, tmp_path):
    mask = volume(stored, dtype)
    write_mask(tmp_path / "vertebrae.nii.gz", mask)
    image = nibabel.load(tmp_path / "vertebrae.nii.gz")
    assert image.get_data_dtype() == np.uint8
    np.testing.assert_array_equal(np.asanyarray(image.dataobj), mask.array)
    for affine in (image.get_sform(coded=True)[0], image.get_qform(coded=True)[0]):
        assert affine == pytest.approx(mask.affine, abs=1e-4)
    assert image.header.get_xyzt_units()[0] == "mm"

    seen = sitk.ReadImage(str(tmp_path / "vertebrae.nii.gz"))
    place = (3, 5, 2)
    lps = seen.TransformIndexToPhysicalPoint(place)
    assert np.array(lps) * [-1, -1, 1] == pytest.approx(mask.world(place), abs=1e-4)
    assert seen[place] == mask.array[place]


def test_the_same_image_is_written_to_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_image(tmp_path / f"{name}.nii.gz", volume(STORED[1], np.int16))
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.fixture(scope="module")
def assessment():
    """Three vertebrae of boxes in a CT stored left to right reversed, with lesions that somebody drew."""
    parts, numbers, _ = stack(3, spacing_mm=3.0, shape=(36, 36, 44))
    affine = centred_affine(parts.shape, spacing_mm=(3, 3, 3), angles_deg=(0, 0, 0), signs=(-1, -1, 1))
    grid = Volume(np.where(parts > 0, 400, -50).astype(np.int16)[::-1, ::-1], affine)
    vertebrae = grid.with_array(np.where(numbers > 0, numbers + 19, 0).astype(np.uint8)[::-1, ::-1])
    masks = {
        "vertebrae": vertebrae,
        "subregions": grid.with_array(parts[::-1, ::-1]),
        "lesions": grid.with_array((numbers == 2).astype(np.uint8)[::-1, ::-1]),
    }
    return examine(Study((Series("ct", grid, "boxes.nii.gz"),)), masks=masks)


@pytest.fixture(scope="module")
def written(assessment, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "new" / "folder"
    return folder, write_results(assessment, folder, dicom=False)


def test_a_report_and_every_mask_are_written_the_report_first(written):
    folder, paths = written
    names = ["report.html", "report.json", "vertebrae.nii.gz", "subregions.nii.gz", "lesions.nii.gz"]
    assert [path.name for path in paths] == names
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)


def test_the_report_tells_the_vertebrae_that_the_mask_has(written):
    folder, _ = written
    levels = json.loads((folder / "report.json").read_text())["spine"]["levels"]
    assert [entry["level"] for entry in levels] == ["L1", "L2", "L3"]
    mask = nibabel.load(folder / "vertebrae.nii.gz")
    for entry in levels:
        index = np.argwhere(np.asanyarray(mask.dataobj) == entry["verse_id"]).mean(axis=0)
        centroid = nibabel.affines.apply_affine(mask.affine, index)
        assert entry["centroid_mm"] == pytest.approx(centroid, abs=0.1)
    assert all(word in (folder / "report.html").read_text() for word in ("L1", "L2", "L3"))


def test_with_several_images_files_carry_the_role(assessment, tmp_path):
    other = replace(
        assessment.results[0],
        series=replace(assessment.results[0].series, role="t1"),
        subregions=None,
        lesions=None,
    )
    both = replace(assessment, results=(assessment.results[0], other), masks={})
    names = [path.name for path in write_results(both, tmp_path, dicom=False)]
    assert names[2:] == ["vertebrae_ct.nii.gz", "subregions_ct.nii.gz", "lesions_ct.nii.gz", "vertebrae_t1.nii.gz"]


@pytest.fixture(scope="module")
def of_dicom(assessment, tmp_path_factory):
    """The same boxes read from DICOM, with masks of the vertebrae and three lesions."""
    from spinemets.formats.dicom_write import write_ct_series
    from spinemets.formats.study import read_study

    given, folder = assessment.results[0], tmp_path_factory.mktemp("dicom")
    write_ct_series(given.series.volume, folder, patient_id="SIM1", seed=1, description="boxes")
    study = read_study(folder)
    image = study.series[0].volume
    masks = {
        name: image.with_array(resample(mask, Grid.of(image), order=0).astype(np.uint8))
        for name, mask in (("vertebrae", given.vertebrae), ("subregions", given.subregions))
    }
    masks["lesions"] = _spots(image, masks["vertebrae"])
    return examine(study, masks=masks)


def test_for_dicom_a_segmentation_and_a_structured_report_are_written_as_well(of_dicom, tmp_path):
    import pydicom

    written = write_results(of_dicom, tmp_path / "out", dicom=True)
    assert {path.name for path in written} >= {"seg.dcm", "sr.dcm"}
    segments = pydicom.dcmread(tmp_path / "out" / "seg.dcm").SegmentSequence
    labels = {segment.SegmentLabel for segment in segments}
    assert {f"{level} {kind}" for level in ("L1", "L2", "L3") for kind in ("vertebra", "body")} <= labels
    spots = {"lesion 1 lytic L2", "lesion 2 blastic L2", "lesion 1 lytic L3"}
    assert {label for label in labels if label.startswith("lesion")} == spots
    assert errors_of_dciodvfy(tmp_path / "out" / "seg.dcm") == []
    assert errors_of_dciodvfy(tmp_path / "out" / "sr.dcm") == []
    assert _lesion_groups(tmp_path / "out" / "sr.dcm") == {
        f"lesion {n} {lesion['type']} {own.level}": (codes.level_code(own.level).value, lesion["volume_ml"].value)
        for own in of_dicom.report.vertebrae
        for n, lesion in enumerate(own.lesions, start=1)
    }
    report = pydicom.dcmread(tmp_path / "out" / "sr.dcm")
    assert report.VerificationFlag == "UNVERIFIED"
    assert report.PatientID == "SIM1"


@pytest.mark.parametrize(
    ("flags", "kinds"),
    [
        ((), ("MANUAL", "MANUAL")),
        ((BY_NETWORK,), ("AUTOMATIC", "MANUAL")),
        ((LESIONS_BY_NETWORK,), ("MANUAL", "AUTOMATIC")),
    ],
)
def test_a_segment_says_whether_a_network_or_a_user_made_it(of_dicom, tmp_path, flags, kinds):
    import pydicom

    result = of_dicom.results[0]
    assert not {BY_NETWORK, LESIONS_BY_NETWORK} & set(result.findings.flags)
    write_dicom(replace(result, findings=replace(result.findings, flags=flags)), tmp_path, "")
    told = {one.SegmentLabel: one.SegmentAlgorithmType for one in pydicom.dcmread(tmp_path / "seg.dcm").SegmentSequence}
    assert (told["L2 body"], told["lesion 1 lytic L2"]) == kinds


def test_where_no_dicom_object_can_refer_to_a_series_all_else_is_written_and_the_report_says_so(
    assessment, tmp_path, monkeypatch
):
    def refused(result, folder, suffix):
        (folder / "seg.dcm").write_text("half of it")
        raise StudyError("series 'ct' states no SOPClassUID: no DICOM object can refer to it")

    first = replace(assessment.results[0], series=replace(assessment.results[0].series, instances=(tmp_path / "a",)))
    monkeypatch.setattr(results, "write_dicom", refused)
    written = write_results(replace(assessment, results=(first,)), tmp_path / "out", dicom=True)
    assert {path.name for path in written} == {path.name for path in (tmp_path / "out").iterdir()}
    assert "seg.dcm" not in {path.name for path in written}
    told = json.loads((tmp_path / "out" / "report.json").read_text())["not_assessed"]
    (reason,) = [one for one in told if one["item"] == "dicom_results"]
    assert reason["detail"] == "series 'ct' states no SOPClassUID: no DICOM object can refer to it"


def test_a_failure_at_the_end_leaves_the_folder_as_it_was(assessment, tmp_path, monkeypatch):
    def broken(*arguments):
        raise ValueError("no page")

    (tmp_path / "report.json").write_text("of an earlier run")
    monkeypatch.setattr(results, "write_report_html", broken)
    with pytest.raises(ValueError, match="no page"):
        write_results(assessment, tmp_path, dicom=False)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "of an earlier run"


def _spots(image, vertebrae):
    """Two lesions in L2, the larger of them lytic, and one in L3."""
    spots = np.zeros(image.shape, np.uint8)
    for level, label, size, end in ((21, 1, 5, 0), (21, 2, 3, -1), (22, 1, 4, 0)):
        inside = np.argwhere(ndimage.binary_erosion(vertebrae.array == level, iterations=3))
        at = inside[np.argsort(inside[:, 0], kind="stable")][end]
        spots[tuple(slice(a - size // 2, a - size // 2 + size) for a in at)] = label
    return image.with_array(np.where(vertebrae.array > 0, spots, 0).astype(np.uint8))


def _lesion_groups(path):
    """Site and volume of every lesion in a structured report, by its tracking identifier."""
    groups = hd.sr.srread(path).content.get_volumetric_roi_measurement_groups(finding_type=concept(codes.LESION))
    return {
        group.tracking_identifier: (
            group.finding_sites[0].value.value,
            pytest.approx(group.get_measurements(concept(codes.VOLUME))[0].value),
        )
        for group in groups
    }


def test_a_folder_that_cannot_be_made_is_refused_with_the_reason(assessment, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(SpinemetsError, match="cannot write to the output folder: File exists"):
        write_results(assessment, tmp_path / "taken", dicom=False)
