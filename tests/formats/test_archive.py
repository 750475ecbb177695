"""Zips: what comes out, for how long, and what is not unpacked."""

import gc
import zipfile

import pytest
from made_dicom import Made

from spinemets.errors import StudyError
from spinemets.formats import archive
from spinemets.formats.archive import unpack
from spinemets.formats.study import read_study


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return path


def test_files_live_as_long_as_a_path_does(tmp_path):
    paths = unpack(zipped(tmp_path / "x.zip", {"b/one": b"1", "a/two": b"2"}))
    assert [path.read_bytes() for path in paths] == [b"2", b"1"]
    kept, folder = paths[0], paths[0].folder.path
    del paths
    gc.collect()
    assert kept.read_bytes() == b"2"
    del kept
    gc.collect()
    assert not folder.exists()


def test_zipped_study_keeps_its_instances_as_long_as_it_is_used(tmp_path):
    files = {path.name: path.read_bytes() for path in Made().write(tmp_path / "Doe^Jane").iterdir()}
    study = read_study(zipped(tmp_path / "study.zip", {f"Doe/{name}": data for name, data in files.items()}))
    assert study.is_dicom
    assert [series.role for series in study.series] == ["ct"]
    gc.collect()
    assert all(path.is_file() for path in study.series[0].instances)
    assert not any("Doe" in str(path) for path in study.series[0].instances)


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/x", "C:/x", "..\\x"])
def test_names_that_lead_outside_are_refused(name, tmp_path):
    with pytest.raises(StudyError, match="a file name that points outside it"):
        unpack(zipped(tmp_path / "x.zip", {name: b"x"}))


def test_bombs_are_refused(tmp_path, monkeypatch):
    path = zipped(tmp_path / "x.zip", {"a": bytes(10**6)})
    monkeypatch.setattr(archive, "RATIO_MATTERS_BYTES", 10**5)
    with pytest.raises(StudyError, match=r"unpacks to \d+ times its size, at most 200 times"):
        unpack(path)
    monkeypatch.setattr(archive, "MAX_ARCHIVE_BYTES", 2**19)
    with pytest.raises(StudyError, match=r"unpacks to 0\.0 GiB, at most 0\.0 GiB"):
        unpack(path)
    monkeypatch.setattr(archive, "MAX_ARCHIVE_FILES", 0)
    with pytest.raises(StudyError, match="the zip holds 1 files, at most 0"):
        unpack(path)


def test_truncated_and_encrypted_zips_are_refused(tmp_path):
    path = zipped(tmp_path / "x.zip", {"a": b"text" * 50})
    data = bytearray(path.read_bytes())
    (tmp_path / "cut.zip").write_bytes(data[:-30])
    with pytest.raises(StudyError, match="the zip is truncated or damaged"):
        unpack(tmp_path / "cut.zip")
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(data)
    with pytest.raises(StudyError, match="the zip is encrypted"):
        unpack(tmp_path / "locked.zip")
