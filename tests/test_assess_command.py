import nibabel
import numpy as np
import pytest
from box_vertebra import stack

from spinemets import assess_command
from spinemets.anatomy import Level
from spinemets.assess_command import AssessOptions, parse_anchor, run_assess
from spinemets.cli import main
from spinemets.errors import SpinemetsError
from spinemets.inference.segment import SpineModels

AFFINE = np.diag([3.0, 3.0, 3.0, 1.0])


def save(path, array, affine=AFFINE):
    nibabel.save(nibabel.Nifti1Image(array, affine), path)
    return str(path)


def air(shape=(12, 12, 12)):
    return np.full(shape, -1000, np.int16)


def outcome(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["assess", *words])
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


def nothing(folder):
    (folder / "empty").mkdir()
    return str(folder / "empty")


def words_for_image(folder):
    (folder / "text").mkdir()
    (folder / "text" / "notes.txt").write_text("no image")
    return str(folder / "text")


def with_nan(folder):
    array = air().astype(np.float32)
    array[3, 4, 5] = np.nan
    return "ct=" + save(folder / "nan.nii.gz", array)


def truncated(folder):
    path = folder / "short.nii"
    save(path, np.zeros((30, 30, 30), np.int16) - 1000)
    path.write_bytes(path.read_bytes()[:2000])
    return str(path)


BAD = {
    "empty folder": nothing,
    "no image in it": words_for_image,
    "2-D": lambda folder: save(folder / "flat.nii.gz", air((12, 12))),
    "4-D": lambda folder: save(folder / "series.nii.gz", air((6, 6, 6, 3))),
    "NaN": with_nan,
    "truncated": truncated,
    "unknown role": lambda folder: "flair=" + save(folder / "x.nii.gz", air()),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_an_image_that_cannot_be_used_ends_in_one_sentence_and_no_folder(make, capsys, tmp_path):
    code, out, err = outcome(capsys, make(tmp_path), "--out", str(tmp_path / "out"))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert len(err) > 20
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("shape", "shift", "said"), [((12, 12, 11), 0, "has shape (12, 12, 11)"), ((12, 12, 12), 1, "another grid")]
)
def test_a_mask_on_another_grid_ends_in_one_sentence(shape, shift, said, capsys, tmp_path):
    affine = AFFINE.copy()
    affine[0, 3] = shift
    mask = save(tmp_path / "mask.nii.gz", np.full(shape, 20, np.uint8), affine)
    ct = save(tmp_path / "ct.nii.gz", air())
    code, out, err = outcome(capsys, ct, "--out", str(tmp_path / "out"), "--vertebrae", mask)
    assert (code, out) == (2, "")
    assert f"the vertebrae mask {said}" in err or said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("value", "said"), [(99, "vertebra label 99 is no VerSe id"), (0, "the vertebra mask is empty")]
)
def test_a_mask_without_vertebrae_ends_in_one_sentence(value, said, capsys, tmp_path):
    mask = save(tmp_path / "mask.nii.gz", np.full((12, 12, 12), value, np.uint8))
    ct = save(tmp_path / "ct.nii.gz", air())
    code, out, err = outcome(capsys, ct, "--out", str(tmp_path / "out"), "--vertebrae", mask)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_debug_lets_the_error_through(tmp_path):
    with pytest.raises(SpinemetsError, match="no such file"):
        main(["--debug", "assess", str(tmp_path / "absent.nii.gz"), "--out", str(tmp_path / "out")])


def test_a_fault_of_ours_ends_in_one_sentence_that_says_how_to_see_more(capsys, monkeypatch, tmp_path):
    def broken(options):
        raise AttributeError("a fault\nof ours")

    monkeypatch.setattr(assess_command, "run_assess", broken)
    code, out, err = outcome(capsys, "scan", "--out", str(tmp_path / "out"))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "AttributeError: a fault of ours" in err
    assert "--debug" in err


def test_a_ct_with_a_mask_becomes_a_folder_of_results(capsys, tmp_path):
    parts, numbers, _ = stack(2, spacing_mm=3.0, shape=(34, 34, 34))
    ct = save(tmp_path / "ct.nii.gz", np.where(parts > 0, 500, -900).astype(np.int16))
    mask = save(tmp_path / "mask.nii.gz", np.where(numbers > 0, numbers + 19, 0).astype(np.uint8))
    out = tmp_path / "out"
    code, _, err = outcome(capsys, ct, "--out", str(out), "--vertebrae", mask, "--pain", "none", "--pain-by", "Dr A")
    assert (code, err) == (0, "")
    written = sorted(path.name for path in out.iterdir())
    assert written == ["lesions.nii.gz", "report.html", "report.json", "vertebrae.nii.gz"]


def test_networks_are_opened_with_the_backend_and_threads_that_were_asked_for(monkeypatch, tmp_path):
    asked = []

    class Opened(Exception):
        pass

    def load(backend, threads):
        asked.append((backend, threads))
        raise Opened

    monkeypatch.setattr(SpineModels, "load", load)
    options = AssessOptions(
        [save(tmp_path / "ct.nii.gz", air())],
        tmp_path / "out",
        backend="openvino",
        threads=3,
        treated="yes",
        partial_response="no",
    )
    with pytest.raises(Opened):
        run_assess(options)
    assert asked == [("openvino", 3)]
    assert (options.clinical.treated, options.clinical.partial_response) == ("yes", "no")


@pytest.mark.parametrize(
    ("text", "level", "point"),
    [
        ("L5@3.5,-20,-610", Level.L5, [3.5, -20, -610]),
        ("t7@0,0,0", Level.T7, [0, 0, 0]),
        ("T13@1e2, 2,3", Level.T13, [100, 2, 3]),
    ],
)
def test_an_anchor_is_a_level_and_a_point(text, level, point):
    found = parse_anchor(text)
    assert found[0] is level
    assert found[1] == pytest.approx(point)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("L5", "is not LEVEL@x,y,z"),
        ("L5@", "is not LEVEL@x,y,z"),
        ("L5@a,b,c", "is not LEVEL@x,y,z"),
        ("@1,2,3", "'' is not a vertebral level"),
        ("L9@1,2,3", "'L9' is not a vertebral level"),
        ("L5@1,2", "needs three finite millimetres"),
        ("L5@1,2,3,4", "needs three finite millimetres"),
        ("L5@1,2,nan", "needs three finite millimetres"),
        ("L5@1,2,inf", "needs three finite millimetres"),
        ("sacrum@1,2,3", "must be a vertebra above the sacrum"),
    ],
)
def test_what_is_no_anchor_is_refused_with_what_was_written(text, said):
    with pytest.raises(SpinemetsError, match=said) as caught:
        parse_anchor(text)
    assert f"anchor '{text}'" in str(caught.value)
