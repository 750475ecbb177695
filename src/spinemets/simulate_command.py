"""`spinemets simulate`: patients on disk, with the truth about them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from spinemets.console import stage_progress
from spinemets.errors import SpinemetsError
from spinemets.findings import NotAssessed, Reason
from spinemets.formats.dicom_stamp import uid_of
from spinemets.formats.dicom_write import write_ct_series, write_mr_series
from spinemets.formats.report_json import write_report_json
from spinemets.geometry import Grid
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.report import InputSeries, Report
from spinemets.results import write_image, write_mask
from spinemets.simulate.axial_t2 import axial_case
from spinemets.simulate.axial_truth import escc_truth, parameters
from spinemets.simulate.ct import render_ct
from spinemets.simulate.disease import Disease
from spinemets.simulate.disease_truth import render_lesions, vertebra_truth
from spinemets.simulate.diseased_patient import DISEASES, diseased
from spinemets.simulate.epidural_growth import NoRoomError
from spinemets.simulate.field_of_view import FIELDS
from spinemets.simulate.masks import Masks, render_masks
from spinemets.simulate.mr import random_mr_acquisition, render_mr
from spinemets.simulate.mr_fracture import mr_signs
from spinemets.simulate.mr_functional import B_VALUE
from spinemets.simulate.mr_lesions import as_mr_shows
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.simulate.tissues import LabelledAnatomy
from spinemets.volume import Series

PARTS = ("ct", "mr", "axial_t2")
MODALITIES = (*PARTS, "mr_full", "all")
HEALTHY = "none"
T2_TSE: dict[str, Any] = {"RepetitionTime": 3500, "EchoTime": 100, "EchoTrainLength": 16}
"""Sequence that a simulated axial T2 states."""
SAGITTAL: dict[str, dict[str, Any]] = {
    "t1": {"ScanningSequence": "SE", "RepetitionTime": 600, "EchoTime": 10},
    "t2": T2_TSE,
    "stir": {"ScanningSequence": "IR", "RepetitionTime": 4000, "EchoTime": 60, "InversionTime": 160},
}
"""Series of a simulated sagittal MR, by role, and the sequence that each states."""
_DIFFUSION = {"ScanningSequence": "EP", "RepetitionTime": 3000, "EchoTime": 70}
_GRADIENT = {"ScanningSequence": "GR", "RepetitionTime": 150, "MagneticFieldStrength": 1.5}
FULL: dict[str, dict[str, Any]] = SAGITTAL | {
    "t1_gd": SAGITTAL["t1"] | {"ContrastBolusAgent": "gadolinium"},
    "in_phase": _GRADIENT | {"EchoTime": 4.6, "ImageType": ["ORIGINAL", "PRIMARY", "IN_PHASE"]},
    "out_phase": _GRADIENT | {"EchoTime": 2.3, "ImageType": ["ORIGINAL", "PRIMARY", "OUT_PHASE"]},
    "dwi_b0": _DIFFUSION | {"ImageType": ["ORIGINAL", "PRIMARY", "DIFFUSION"], "DiffusionBValue": 0.0},
    "dwi_high": _DIFFUSION | {"ImageType": ["ORIGINAL", "PRIMARY", "DIFFUSION"], "DiffusionBValue": 1000 * B_VALUE},
    "adc": _DIFFUSION | {"ImageType": ["DERIVED", "PRIMARY", "ADC"]},
}
"""With phases, diffusion and T1 after contrast medium as well."""
NO_DISEASE = NotAssessed(Reason.NOT_TRAINED_FOR, "this patient was simulated without disease")


def run_simulate(
    out: Path, *, cases: int, seed: int, modality: str, dicom: bool, field: str, disease: str = HEALTHY
) -> list[Path]:
    """Write `cases` patients to ``out/patient-<seed>``.

    Raises
    ------
    SpinemetsError
        If the modality, the field of view or the disease is not one that can be simulated, or not with one another.
    """
    if modality not in MODALITIES:
        raise SpinemetsError(f"modality '{modality}' cannot be simulated yet; this version has {', '.join(MODALITIES)}")
    if field not in FIELDS and field != "random":
        raise SpinemetsError(f"unknown field of view '{field}'; it must be one of {', '.join(FIELDS)} or random")
    if disease not in (HEALTHY, *DISEASES):
        raise SpinemetsError(f"unknown disease '{disease}'; it must be one of {', '.join((HEALTHY, *DISEASES))}")
    if modality == "axial_t2" and (field != "random" or disease != HEALTHY):
        raise SpinemetsError("an axial T2 has a field and a disease of its own; leave --field and --disease out")
    folders = []
    with stage_progress() as progress:
        for number in range(cases):
            progress("simulating", number / cases)
            folder = out / f"patient-{seed + number}"
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder, seed + number, modality, field, disease, folder / "dicom" if dicom else None)
            folders.append(folder)
    return folders


def _write(folder: Path, seed: int, modality: str, field: str, disease: str, dicom: Path | None) -> None:
    """One patient; of all modalities, a folder for each and one DICOM study, CT and MR in one frame of reference."""
    if modality == "axial_t2":
        _write_axial(folder, seed, dicom)
    elif modality == "ct":
        _write_ct(folder, seed, field, disease, dicom)
    elif modality in ("mr", "mr_full"):
        _write_mr(folder, seed, field, disease, dicom, SAGITTAL if modality == "mr" else FULL)
    else:
        for part in PARTS:
            (folder / part).mkdir(exist_ok=True)
        _write_ct(folder / "ct", seed, field, disease, dicom and dicom / "ct")
        _write_mr(folder / "mr", seed, field, disease, dicom, SAGITTAL)
        _write_axial(folder / "axial_t2", seed, dicom and dicom / "t2_axial", frame=uid_of("axial", seed))


def _patient(seed: int, field: str, disease: str) -> tuple[LabelledAnatomy, Disease | None]:
    """The anatomy to show, and the disease that is in it."""
    anatomy = parametric_anatomy(seed, spacing_mm=1.0, field=field)
    ill = None if disease == HEALTHY else diseased(anatomy, disease, seed)
    return anatomy if ill is None else ill.anatomy, ill


def _write_ct(folder: Path, seed: int, field: str, disease: str, dicom: Path | None) -> None:
    shown, ill = _patient(seed, field, disease)
    image = render_ct(shown, seed, disease=ill)
    masks = _write_masks(folder, shown, Grid.of(image), ill)
    write_image(folder / "ct.nii.gz", image)
    truth = _truth([Series("ct", image, name="ct.nii.gz")], masks, ill, {"seed": seed, "field": field})
    write_report_json(folder / "truth.json", truth)
    if dicom:
        write_ct_series(image, dicom, patient_id=f"SIM{seed}", seed=seed, description="Simulated CT")


def _write_mr(
    folder: Path, seed: int, field: str, disease: str, dicom: Path | None, wanted: dict[str, dict[str, Any]]
) -> None:
    """Sagittal images of one stack, so that the masks are those of all of them."""
    shown, ill = _patient(seed, field, disease)
    stack = random_mr_acquisition(seed, "t1")
    images = {role: render_mr(shown, seed, replace(stack, sequence=role), ill) for role in wanted}
    seen = None if ill is None else as_mr_shows(ill, seed)
    masks = _write_masks(folder, shown, Grid.of(images["t1"]), seen)
    for role, image in images.items():
        write_image(folder / f"{role}.nii.gz", image)
        if dicom:
            write_mr_series(
                image,
                dicom / role,
                patient_id=f"SIM{seed}",
                seed=seed,
                description=f"Simulated sagittal {role.upper()}",
                **wanted[role],
            )
    series = [Series(role, image, name=f"{role}.nii.gz") for role, image in images.items()]
    signs = {str(one.level): mr_signs(one, seed) for one in (() if ill is None else ill.fractures)}
    provenance = {"seed": seed, "field": field, **({"mr_signs": signs} if signs else {})}
    write_report_json(folder / "truth.json", _truth(series, masks, seen, provenance))


def _write_masks(folder: Path, shown: LabelledAnatomy, grid: Grid, ill: Disease | None) -> Masks:
    masks = render_masks(shown, grid)
    for name in ("vertebrae", "subregions", "canal"):
        write_mask(folder / f"{name}.nii.gz", getattr(masks, name))
    if ill is not None:
        write_mask(folder / "lesions.nii.gz", render_lesions(ill, grid))
    return masks


def _write_axial(folder: Path, seed: int, dicom: Path | None, frame: str | None = None) -> None:
    """An axial T2 with its masks; seeds take turns through the ESCC grades.

    Its anatomy is a piece of canal of its own, so beside a CT of the same seed it states a `frame` of its own.
    """
    try:
        case = axial_case(seed)
    except NoRoomError as error:
        raise SpinemetsError(f"patient {seed} has no axial T2: {error}; take another --seed") from error
    write_image(folder / "t2_axial.nii.gz", case.image)
    for name, mask in case.masks.items():
        write_mask(folder / f"{name}.nii.gz", mask)
    site = escc_truth(case)
    report = Report(
        inputs=(InputSeries.of(Series("t2_axial", case.image, name="t2_axial.nii.gz")),),
        spine=spine_from_mask(case.piece.vertebra),
        escc=(site,),
        provenance={"seed": seed, "simulated": True, **parameters(case)},
    )
    write_report_json(folder / "truth.json", report)
    if dicom:
        write_mr_series(
            replace(case.image, frame_of_reference=frame),
            dicom,
            patient_id=f"SIM{seed}",
            seed=seed,
            description="Simulated axial T2",
            **T2_TSE,
        )


def _truth(series: list[Series], masks: Masks, ill: Disease | None, provenance: dict[str, Any]) -> Report:
    spine = spine_from_mask(masks.vertebrae)
    return Report(
        inputs=tuple(InputSeries.of(one) for one in series),
        spine=spine,
        vertebrae=() if ill is None else vertebra_truth(ill, spine.levels),
        not_assessed=(("disease", NO_DISEASE),) if ill is None else (),
        provenance={**provenance, "simulated": True, **({} if ill is None else {"disease": ill.record()})},
    )
