"""`spinemets simulate`: patients on disk, with the truth about them."""

from __future__ import annotations

from pathlib import Path

from spinemets.console import stage_progress
from spinemets.errors import SpinemetsError
from spinemets.findings import NotAssessed, Reason
from spinemets.formats.dicom_write import write_ct_series
from spinemets.formats.report_json import write_report_json
from spinemets.geometry import Grid
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.report import InputSeries, Report
from spinemets.results import write_image, write_mask
from spinemets.simulate.ct import render_ct
from spinemets.simulate.field_of_view import FIELDS
from spinemets.simulate.masks import render_masks
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.volume import Series

MODALITIES = ("ct",)
NO_DISEASE = NotAssessed(Reason.NOT_TRAINED_FOR, "this version simulates patients without disease")


def run_simulate(out: Path, *, cases: int, seed: int, modality: str, dicom: bool, field: str) -> list[Path]:
    """Write `cases` patients to ``out/patient-<seed>``.

    Raises
    ------
    SpinemetsError
        If the modality or the field of view is not one that can be simulated.
    """
    if modality not in MODALITIES:
        raise SpinemetsError(f"modality '{modality}' cannot be simulated yet; this version has {', '.join(MODALITIES)}")
    if field not in FIELDS and field != "random":
        raise SpinemetsError(f"unknown field of view '{field}'; it must be one of {', '.join(FIELDS)} or random")
    folders = []
    with stage_progress() as progress:
        for number in range(cases):
            progress("simulating", number / cases)
            folder = out / f"patient-{seed + number}"
            folder.mkdir(parents=True, exist_ok=True)
            _write_patient(folder, seed + number, field, dicom)
            folders.append(folder)
    return folders


def _write_patient(folder: Path, seed: int, field: str, dicom: bool) -> None:
    anatomy = parametric_anatomy(seed, spacing_mm=1.0, field=field)
    image = render_ct(anatomy, seed)
    masks = render_masks(anatomy, Grid.of(image))
    write_image(folder / "ct.nii.gz", image)
    for name in ("vertebrae", "subregions", "canal"):
        write_mask(folder / f"{name}.nii.gz", getattr(masks, name))
    spine = spine_from_mask(masks.vertebrae)
    report = Report(
        inputs=(InputSeries.of(Series("ct", image, name="ct.nii.gz")),),
        spine=spine,
        not_assessed=(("disease", NO_DISEASE),),
        provenance={"seed": seed, "field": field, "simulated": True},
    )
    write_report_json(folder / "truth.json", report)
    if dicom:
        write_ct_series(image, folder / "dicom", patient_id=f"SIM{seed}", seed=seed, description="Simulated CT")
