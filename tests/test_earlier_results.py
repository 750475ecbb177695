"""What becomes of the files of an earlier run in the same folder."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from box_vertebra import stack
from oblique import centred_affine

from spinemets import results
from spinemets.pipeline import examine
from spinemets.results import write_results
from spinemets.volume import Series, Study, Volume


@pytest.fixture(scope="module")
def assessment():
    """Three vertebrae of boxes in a CT, with lesions that somebody drew."""
    parts, numbers, _ = stack(3, spacing_mm=3.0, shape=(36, 36, 44))
    image = Volume(
        np.where(parts > 0, 400, -50).astype(np.int16),
        centred_affine(parts.shape, spacing_mm=(3, 3, 3), angles_deg=(0, 0, 0)),
    )
    vertebrae = image.with_array(np.where(numbers > 0, numbers + 19, 0).astype(np.uint8))
    masks = {"vertebrae": vertebrae, "subregions": image.with_array(parts)}
    masks["lesions"] = image.with_array((numbers == 2).astype(np.uint8))
    return examine(Study((Series("ct", image, "boxes.nii.gz"),)), masks=masks)


def without_lesions(assessment):
    return replace(assessment, results=(replace(assessment.results[0], lesions=None),))


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_the_report_lists_the_files_that_belong_to_it_with_what_is_in_them(assessment, tmp_path):
    write_results(assessment, tmp_path, dicom=False)
    files = json.loads((tmp_path / "report.json").read_text())["provenance"]["files"]
    assert set(files) == {"vertebrae.nii.gz", "subregions.nii.gz", "lesions.nii.gz"}
    for name, digest in files.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest


def test_a_mask_that_the_new_report_does_not_have_is_taken_away_and_nothing_else(assessment, tmp_path):
    write_results(assessment, tmp_path, dicom=False)
    (tmp_path / "canal.nii.gz").write_bytes(b"of somebody else")
    (tmp_path / "notes").mkdir()
    write_results(without_lesions(assessment), tmp_path, dicom=False)
    left = {"report.html", "report.json", "vertebrae.nii.gz", "subregions.nii.gz", "canal.nii.gz", "notes"}
    assert names(tmp_path) == left


def test_a_mask_that_was_changed_since_is_kept(assessment, tmp_path):
    write_results(assessment, tmp_path, dicom=False)
    (tmp_path / "lesions.nii.gz").write_bytes(b"corrected by a reader")
    write_results(without_lesions(assessment), tmp_path, dicom=False)
    assert (tmp_path / "lesions.nii.gz").read_bytes() == b"corrected by a reader"


def test_a_run_that_fails_takes_nothing_away(assessment, tmp_path, monkeypatch):
    def broken(*arguments):
        raise ValueError("no page")

    write_results(assessment, tmp_path, dicom=False)
    before = names(tmp_path)
    monkeypatch.setattr(results, "write_report_html", broken)
    with pytest.raises(ValueError, match="no page"):
        write_results(without_lesions(assessment), tmp_path, dicom=False)
    assert names(tmp_path) == before


FOREIGN = [
    "no json",
    "[]",
    '{"schema": "urn:spinemets:schema:report-1"}',
    '{"schema": "of another program", "provenance": {"files": {"scan.nii.gz": "DIGEST"}}}',
    '{"schema": "urn:spinemets:schema:report-1", "provenance": {"files": {"../scan.nii.gz": "DIGEST"}}}',
    '{"schema": "urn:spinemets:schema:report-1", "provenance": {"files": ["scan.nii.gz"]}}',
]


@pytest.mark.parametrize("text", FOREIGN)
def test_no_file_outside_or_of_another_program_is_touched(text, assessment, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    for path in (folder / "scan.nii.gz", tmp_path / "scan.nii.gz"):
        path.write_bytes(b"a scan")
    (folder / "report.json").write_text(text.replace("DIGEST", hashlib.sha256(b"a scan").hexdigest()))
    write_results(without_lesions(assessment), folder, dicom=False)
    assert (folder / "scan.nii.gz").exists()
    assert (tmp_path / "scan.nii.gz").exists()
