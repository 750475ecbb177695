import numpy as np
import pytest
from pydicom import dcmread

from spinemets.formats.dicom_source import missing_identifier
from spinemets.formats.dicom_write import write_ct_series
from spinemets.volume import Series, Volume


@pytest.mark.parametrize("keyword", [None, "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"])
def test_an_identifier_that_one_file_leaves_empty_is_named(tmp_path, keyword):
    image = Volume(np.zeros((4, 5, 3), np.int16), np.eye(4))
    write_ct_series(image, tmp_path, patient_id="p", seed=1, description="ct")
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    if keyword is not None:
        header = dcmread(files[-1])
        setattr(header, keyword, "")
        header.save_as(files[-1])
    assert missing_identifier(Series("ct", image, instances=tuple(files))) == keyword
