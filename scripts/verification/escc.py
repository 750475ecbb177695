"""Grades of epidural tumour of known deformation, on grids as scanners make them and with noise on the masks.

Test seeds only. Every case has its own sac, cord and tumour, pixels of 0.2 to 0.8 mm and slices of 3 to 4 mm, oblique
and perhaps flipped. The edges of the masks are moved by up to half a pixel: cord and all the rest each by a smooth
random field of their own, anew in every slice. A case is at a boundary if half a pixel more or less of any parameter of
the deformation gives it another true grade; the truth comes from these parameters. Tumour that touches a cord leaves a
gap of at most half a millimetre, which half a pixel opens or closes: such cases are at a boundary. Most of 1c, 2 and 3
that are away from one press the sac further than to the cord, round which it then wraps, as every second case does.

No grade 3 is away from a film of CSF half a pixel wide between cord and sac, which no parameter but the film's own
opens: 0.1 mm, half of the finest pixel, is a tenth of the millimetre in which CSF is looked for. The last column says
so.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from spinemets.datasets.splits import SEEDS
from spinemets.escc_assessment import assess_escc
from spinemets.escc_masks import EsccMasks
from spinemets.geometry import Grid
from spinemets.simulate.epidural import EpiduralCase
from spinemets.simulate.epidural_masks import epidural_masks
from spinemets.volume import Volume

GRADES = ("1a", "1b", "1c", "2", "3")
FINE = 4
"""Masks are painted with pixels so many times finer than those of the image, and noise is added there."""
FILM_NOTE = (
    "No grade 3 can lie away from a film of CSF half a pixel wide round the cord, which is a tenth or more of the ring "
    "in which CSF is looked for; away from a boundary it is in the parameters that press on the sac."
)
WRAPPED = 0.5
"""Share of the cases of 1c, 2 and 3 whose sac wraps round the cord, so that they may lie away from a boundary."""
WAVE_MM = 2.5
"""Standard deviation of the smoothing of the noise."""
EXTENT_MM = 100.0
FIELD_MM = 30.0


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """How often the grade is the true one, for cases at and away from a boundary."""
    rows = []
    for number in range(options.cases):
        seed = SEEDS[options.split][5000 + number]
        rows.append(one_case(np.random.default_rng(seed), GRADES[number % len(GRADES)]) | {"seed": seed})
        print(f"\rcase {number + 1} of {options.cases}", end="", flush=True)
    print()
    table = [summary(rows, grade) for grade in (*GRADES, "all")]
    print("| " + " | ".join(table[0]) + " |\n|" + "---|" * len(table[0]))
    for line in table:
        print("| " + " | ".join(f"{v:.3f}" if isinstance(v, float) else str(v) for v in line.values()) + " |")
    print(FILM_NOTE)
    return {"rows": rows, "table": table}


def one_case(rng: np.random.Generator, grade: str) -> dict[str, Any]:
    """The answers for one case with and without noise, beside its true grade."""
    case = random_case(rng, grade)
    pixel, slice_mm = float(rng.uniform(0.2, 0.8)), float(rng.uniform(3.0, 4.0))
    grid, axes, along = scanner_grid(rng, pixel, slice_mm)
    painted = paint(case, grid, axes, along)
    clean, noisy = (graded(sampled(painted, grid, along, noise)) for noise in (None, rng))
    return {
        "truth": case.grade,
        "pixel_mm": pixel,
        "at_boundary": len({one.grade for one in moved_edges(case, pixel / 2)}) > 1,
        "film_changes_grade": replace(case, film_mm=case.film_mm + pixel / 2).grade != case.grade,
        "clean": clean["grade"],
        "noisy": noisy["grade"],
        "possible": noisy["possible_grades"],
        "flags": noisy["flags"],
        "reason": noisy["reason"],
    }


def random_case(rng: np.random.Generator, grade: str) -> EpiduralCase:
    """A case of one grade, drawn until it has it and its sac wraps round the cord, or stays off it, as is wanted."""
    wrapped = grade in ("1c", "2", "3") and rng.random() < WRAPPED
    while True:
        wide = rng.uniform(12.5, 18.0)
        direction = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)][int(rng.integers(4))]
        case = EpiduralCase(
            sac_mm=(wide, wide * rng.uniform(0.75, 0.9)),
            cord_mm=(rng.uniform(7.5, 11.0), rng.uniform(5.5, 7.0)),
            direction=direction,
            half_angle_deg=180.0 if rng.random() < 0.15 else rng.uniform(45, 85),
            indentation_mm=rng.uniform(0, 7),
            flattening=rng.choice([0.0, 1.0]) * rng.uniform(0, 0.4),
            shift_mm=rng.choice([0.0, 1.0]) * rng.uniform(0, 2.5),
            length_mm=rng.uniform(20, 32),
        )
        if grade in ("1a", "1b"):  # nothing flattens a cord that it does not touch
            case = replace(case, indentation_mm=case.indentation_mm / 2, flattening=0.0)
        if grade == "1a":
            case = replace(case, indentation_mm=rng.uniform(0, 1), shift_mm=0.0)
        if grade == "3":
            case = _filled(case, rng, wrapped=wrapped)
        healthy = replace(case, length_mm=0.0, indentation_mm=0.0, flattening=0.0, shift_mm=0.0)
        if healthy.clearance_mm > 1.0 and (case.clearance_mm < 0) == wrapped and case.grade == grade:
            return case


def _filled(case: EpiduralCase, rng: np.random.Generator, *, wrapped: bool) -> EpiduralCase:
    """The case with tumour all round, and a sac that it presses against the cord: firmly, or but for a film of CSF."""
    flat = [1.0, 1.0]
    flat[int(abs(case.direction[1]) > abs(case.direction[0]))] = 1 - case.flattening
    pressed = rng.uniform(2.2, 4.0) if wrapped else rng.uniform(1.2, 3.0)
    around = 2 * (pressed - rng.uniform(0.2, 1.2) if wrapped else pressed + rng.uniform(0.0, 0.3))
    sac = (case.cord_mm[0] * flat[0] + around, case.cord_mm[1] * flat[1] + around)
    return replace(case, half_angle_deg=180.0, indentation_mm=pressed, sac_mm=sac, shift_mm=0.0)


def moved_edges(case: EpiduralCase, step_mm: float) -> Iterator[EpiduralCase]:
    """The case with each of its edges a step further in and out."""
    yield case
    for sign in (-1, 1):
        step = sign * step_mm
        yield replace(case, indentation_mm=max(case.indentation_mm + step, 0.0))
        yield replace(case, cord_mm=(case.cord_mm[0] + 2 * step, case.cord_mm[1] + 2 * step))
        yield replace(case, sac_mm=(case.sac_mm[0] + 2 * step, case.sac_mm[1] + 2 * step))
        yield replace(case, shift_mm=case.shift_mm + step)
        across = case.cord_mm[int(abs(case.direction[1]) > abs(case.direction[0]))]
        yield replace(case, flattening=max(case.flattening + 2 * step / across, 0.0))


def scanner_grid(rng: np.random.Generator, pixel_mm: float, slice_mm: float) -> tuple[Grid, np.ndarray, int]:
    """An axial stack round the origin, tilted, stored in any order, with the canal's own axes."""
    order, signs = rng.permutation(3), rng.choice([-1.0, 1.0], 3)
    spacing, extent = np.array([pixel_mm, pixel_mm, slice_mm]), np.array([FIELD_MM, FIELD_MM, EXTENT_MM])
    turn = Rotation.from_euler("xyz", rng.uniform(-10, 10, 3), degrees=True).as_matrix()
    matrix = (turn * spacing * signs)[:, order]
    shape = np.round(extent / spacing).astype(int)[order]
    affine = np.eye(4)
    affine[:3, :3] = matrix
    affine[:3, 3] = -matrix @ ((shape - 1) / 2) + rng.uniform(-0.5, 0.5, 3) * pixel_mm
    axes = Rotation.from_euler("xyz", rng.uniform(-6, 6, 3), degrees=True).as_matrix().T
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine), axes, int(np.flatnonzero(order == 2)[0])


def paint(case: EpiduralCase, grid: Grid, axes: np.ndarray, along: int) -> dict[str, np.ndarray]:
    """The masks with finer pixels, the slices as they are."""
    finer = np.array([1 if axis == along else FINE for axis in range(3)])
    affine = grid.affine.copy()
    affine[:3, :3] = grid.affine[:3, :3] / finer
    affine[:3, 3] = grid.affine[:3, 3] - affine[:3, :3] @ ((finer - 1) / 2)
    shape = finer * grid.shape
    fine = Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)
    return epidural_masks(case, fine, centre_mm=np.zeros(3), axes=axes)


def sampled(
    painted: dict[str, np.ndarray], grid: Grid, along: int, rng: np.random.Generator | None
) -> dict[str, Volume]:
    """The masks at the pixels of the image, their edges moved by up to half a pixel where there is `rng`."""
    finer = np.array([1 if axis == along else FINE for axis in range(3)])[:, None, None, None]
    places = np.indices(grid.shape) * finer + (finer - 1) / 2
    fields = [np.zeros((3, *grid.shape)) if rng is None else noise(grid, along, rng) for _ in range(2)]
    result = {}
    for name, mask in painted.items():
        field = fields[int(name == "cord")]
        values = ndimage.map_coordinates(mask, places + field * FINE, order=0, mode="nearest")
        result[name] = Volume(values.astype(np.uint8), grid.affine)
    cord = result["cord"].array > 0
    result["sac"] = result["sac"].with_array(((result["sac"].array > 0) | cord).astype(np.uint8))
    result["tumour"] = result["tumour"].with_array(((result["tumour"].array > 0) & ~cord).astype(np.uint8))
    return result


def noise(grid: Grid, along: int, rng: np.random.Generator) -> np.ndarray:
    """(3, *shape) shift of every pixel within its slice, up to half a pixel, smooth within the slice only."""
    pixel = min(float(grid.spacing_mm[axis]) for axis in range(3) if axis != along)
    field = np.zeros((3, *grid.shape))
    for axis in range(3):
        if axis == along:
            continue
        sigma = [0.0 if other == along else WAVE_MM / pixel for other in range(3)]
        wave = ndimage.gaussian_filter(rng.standard_normal(grid.shape), sigma)
        field[axis] = np.clip(0.25 * wave / wave.std(), -0.5, 0.5)
    return field


def graded(masks: dict[str, Volume]) -> dict[str, Any]:
    """The answer for a set of masks."""
    given = EsccMasks(masks["cord"], masks["sac"], masks["tumour"], canal=None)
    return assess_escc(given, bone_metastasis="yes")


def says_so(row: dict[str, Any]) -> bool:
    """Whether an answer says that it is close to another grade."""
    return len(row["possible"]) > 1 or "half_pixel_changes_grade" in row["flags"]


def summary(rows: list[dict[str, Any]], grade: str) -> dict[str, Any]:
    """Shares over the cases of one true grade."""
    own = [row for row in rows if grade in ("all", row["truth"])]
    away, near = [row for row in own if not row["at_boundary"]], [row for row in own if row["at_boundary"]]

    def share(of: list[dict[str, Any]], holds: Any) -> float:
        return float(np.mean([bool(holds(row)) for row in of])) if of else float("nan")

    return {
        "true grade": grade,
        "away from a boundary": len(away),
        "right without noise": share(away, lambda row: row["clean"] == row["truth"]),
        "right with noise": share(away, lambda row: row["noisy"] == row["truth"]),
        "truth possible": share(away, lambda row: row["truth"] in row["possible"]),
        "at a boundary": len(near),
        "truth among the possible": share(near, lambda row: row["truth"] in row["possible"]),
        "several possible": share(near, lambda row: len(row["possible"]) > 1),
        "says so": share(near, says_so),
        "several possible away from one": share(away, lambda row: len(row["possible"]) > 1),
        "says so away from one": share(away, says_so),
        "a film changes it away from one": share(away, lambda row: row["film_changes_grade"]),
    }
