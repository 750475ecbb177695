"""One patient at a time, and no word of who it is."""

import logging

import pytest
from made_dicom import Made, mr

from spinemets.errors import StudyError
from spinemets.formats.study import read_study


def refused(folder, match):
    """The sentence, which matches `match`, that refuses `folder`."""
    with pytest.raises(StudyError, match=match) as caught:
        read_study(folder)
    return str(caught.value)


def test_two_patients_are_refused_without_naming_them(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    Made().write(tmp_path / "Doe^Jane")
    Made(attributes={"PatientID": "0815", "PatientName": "Roe^Richard"}).write(tmp_path / "b")
    said = refused(tmp_path, "images of 2 patients") + caplog.text
    assert not any(secret in said for secret in ("Doe", "Roe", "4711", "0815", str(tmp_path)))


def test_without_patient_id_the_name_or_birth_date_tells_patients_apart(tmp_path):
    Made(attributes={"PatientID": "", "PatientBirthDate": "19500101"}).write(tmp_path / "a")
    Made(attributes={"PatientID": "", "PatientBirthDate": "19600101"}).write(tmp_path / "b")
    refused(tmp_path, "images of 2 patients")


def test_a_changed_name_under_the_same_patient_id_is_one_patient(tmp_path):
    Made().write(tmp_path / "a")
    mr(PatientName="Doe-Roe^Jane").write(tmp_path / "b")
    assert {series.role for series in read_study(tmp_path).series} == {"ct", "t2"}


def test_patients_are_compared_across_inputs(tmp_path):
    Made().write(tmp_path / "a")
    Made(attributes={"PatientID": "0815"}).write(tmp_path / "b")
    with pytest.raises(StudyError, match="images of 2 patients"):
        read_study([tmp_path / "a", f"prior_ct={tmp_path / 'b'}"])


def test_odd_values_that_pydicom_would_quote_reach_neither_log_nor_warning(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    folder = Made().write(tmp_path)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b"19500101", b"Doe^Jane"))
    assert read_study(folder).first("ct") is not None
    assert "Doe" not in caplog.text
