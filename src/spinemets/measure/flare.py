"""How much denser the bone round a lesion, and the lesion itself, became between two CTs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import LesionLabel, Level
from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.geometry import corners_mm, resample, world_aligned_grid
from spinemets.measure.own_lesion import own_lesion
from spinemets.measure.same_place import STEP_MM, displacement
from spinemets.volume import Volume

SHELL_MM = 3.0
"""Thickness of the shell round a lesion (`clinical.md` §1.7, X13, [D])."""
AROUND_MM = 30.0
"""Bone that tells what changed between the two CTs in general lies within this of the vertebra (ours) ..."""
AWAY_MM, INNER_MM = 8.0, 3.0
"""... this far from every lesion, and so far inside its vertebra (ours)."""
LEAST_VOXELS = 10
"""Of a lesion (`clinical.md` §1, [D])."""
LEAST_ML = 0.5
"""Of a shell's and of sound bone's volume, the latter (ours)."""
COARSEST_MM = 3.0
"""With larger voxels a shell of 3 mm is not seen (ours)."""
MOST_MOVED_MM = 1.0
"""Two CTs may lie so far apart (ours)."""
METAL_HU, METAL_ML = 1500.0, 0.2
"""Metal or cement (`clinical.md` §1, [D])."""
NORMAL_SPREADS = 2.0
"""Bone was not sclerotic before if its mean lay within so many standard deviations of sound bone (§1.6, [D])."""


@dataclass(frozen=True)
class DensityChange:
    """Change of attenuation between two CTs, less that of sound bone.

    Attributes
    ----------
    rim_rise : Finding
        Mean rise of the bone within `SHELL_MM` of a lesion, HU; the largest of all lesions of the vertebra.
    new_rise : Finding
        Mean rise within a sclerotic lesion that was no denser than sound bone before, HU; the largest.
    """

    rim_rise: Finding
    new_rise: Finding


@dataclass(frozen=True, eq=False)
class _Pair:
    """Both CTs round a vertebra on one grid."""

    now: NDArray[np.float32]
    before: NDArray[np.float32]
    lesion: NDArray[np.bool_]
    blastic: NDArray[np.bool_]
    own: NDArray[np.bool_]
    sound: NDArray[np.bool_]


def density_change(level: Level, lesions: Volume, vertebrae: Volume, ct: Volume, prior: Volume) -> DensityChange:
    """Change round and in the lesions of a vertebra.

    Parameters
    ----------
    level : Level
        The vertebra.
    lesions, vertebrae, ct : Volume
        `LesionLabel` values, VerSe ids and HU on one grid.
    prior : Volume
        HU of an earlier date in the same world, on any grid.
    """
    spots = own_lesion(level, lesions, vertebrae)
    if spots is None:
        reason = NotAssessed(Reason.MISSING_MASK, f"the vertebra mask does not hold {level}")
        return DensityChange(reason, reason)
    if not spots.array.any():
        return DensityChange(NotApplicable("no_lesion"), NotApplicable("no_lesion"))
    voxel = float(max(ct.spacing_mm.max(), prior.spacing_mm.max()))
    if voxel > COARSEST_MM:
        coarse = NotAssessed(Reason.RESOLUTION, f"voxels of {voxel:.1f} mm do not show a shell of {SHELL_MM:g} mm")
        return DensityChange(coarse, coarse)
    pair = _pair(level, spots, lesions, vertebrae, ct, prior)
    refusal = _refusal(pair)
    return DensityChange(refusal, refusal) if refusal is not None else _change(pair, voxel)


def _pair(level: Level, spots: Volume, lesions: Volume, vertebrae: Volume, ct: Volume, prior: Volume) -> _Pair:
    corners = corners_mm(spots.shape, spots.affine)
    grid = world_aligned_grid(corners.min(axis=0) - AROUND_MM, corners.max(axis=0) + AROUND_MM, STEP_MM)

    def share(volume: Volume, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return resample(volume.with_array(mask.astype(np.uint8) * 100), grid) >= 50

    everywhere = share(lesions, lesions.array > 0)
    bone = share(vertebrae, vertebrae.array > 0)
    own = share(vertebrae, vertebrae.array == level.verse_id)
    sound = ndimage.distance_transform_edt(bone) * STEP_MM > INNER_MM
    if everywhere.any():
        sound &= ndimage.distance_transform_edt(~everywhere) * STEP_MM > AWAY_MM
    now, before = (resample(image, grid, fill=np.nan) for image in (ct, prior))
    sound &= np.isfinite(now) & np.isfinite(before)
    blastic = share(spots, spots.array == LesionLabel.BLASTIC)
    return _Pair(now, before, share(spots, spots.array > 0), blastic, own, sound)


def _refusal(pair: _Pair) -> NotAssessed | None:
    """Why two CTs cannot be compared at a vertebra."""
    near = pair.lesion | pair.own
    known = np.isfinite(pair.now) & np.isfinite(pair.before)
    if known[near].mean() < 0.9:
        return NotAssessed(Reason.OUT_OF_FIELD, "one of the CTs does not show the whole vertebra")
    usable = near & known
    for image in (pair.now, pair.before):
        if (image[usable] > METAL_HU).sum() * STEP_MM**3 > 1000 * METAL_ML:
            return NotAssessed(Reason.METAL, "metal or cement lies in the vertebra")
    moved = displacement(pair.now, pair.before, ndimage.binary_dilation(near, iterations=6), MOST_MOVED_MM)
    if moved is not None:
        return moved
    if pair.sound.sum() * STEP_MM**3 < 1000 * LEAST_ML:
        return NotAssessed(Reason.NO_REFERENCE, "no sound bone near the vertebra shows what changed in general")
    return None


def _change(pair: _Pair, voxel_mm: float) -> DensityChange:
    general = float((pair.now - pair.before)[pair.sound].mean())
    usual = float(pair.before[pair.sound].mean()), float(pair.before[pair.sound].std())
    pieces, count = ndimage.label(pair.lesion, structure=np.ones((3, 3, 3)))
    large = [piece for n in range(1, count + 1) if (piece := pieces == n).sum() >= LEAST_VOXELS]
    if not large:
        small = NotAssessed(Reason.TOO_SMALL, f"no lesion has {LEAST_VOXELS} voxels")
        return DensityChange(small, small)
    rims = [_rim(pair, piece, general, voxel_mm) for piece in large]
    new = [found for piece in large if (found := _new(pair, piece, general, usual)) is not None]
    return DensityChange(_largest(rims), _largest(new) if new else NotApplicable("no_new_sclerotic_lesion"))


def _rim(pair: _Pair, piece: NDArray[np.bool_], general: float, voxel_mm: float) -> Finding:
    """Rise of the shell round a piece, without the half voxels at its edges, which hold something else, too.

    The interval is that of a lesion half a voxel larger or smaller, and of what the rest may have lost to its
    surroundings.
    """
    distance = _distance_mm(piece)
    rise = pair.now - pair.before - general
    usable = np.isfinite(rise) & pair.own & (~pair.lesion | piece)
    margin = min(voxel_mm / 2, SHELL_MM / 3)
    edges = [(margin + shift, SHELL_MM - margin + shift) for shift in (0.0, -voxel_mm / 2, voxel_mm / 2)]
    shells = [usable & (distance > least) & (distance <= most) for least, most in [*edges, (0.0, SHELL_MM)]]
    if min(int(shell.sum()) for shell in shells) < LEAST_VOXELS:
        return NotAssessed(Reason.TOO_SMALL, "hardly any bone lies round the lesion")
    core, *moved, whole = (float(rise[shell].mean()) for shell in shells)
    found = [core, *moved, core + _lost_share(voxel_mm, margin) * (core - whole)]
    error = _error(rise[shells[0]])
    method = f"mean rise of the bone within {SHELL_MM:g} mm of the lesion, less that of sound bone"
    return Measured(core, "[hnsf'U]", min(found) - error, max(found) + error, method)


def _distance_mm(piece: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance from the surface of a mask, mm, negative inside, to a third of a voxel; infinite far away."""
    around = int(np.ceil(2 * SHELL_MM / STEP_MM))
    own = ndimage.find_objects(piece.astype(np.uint8))[0]
    box = tuple(slice(max(axis.start - around, 0), axis.stop + around) for axis in own)
    fine = ndimage.zoom(piece[box].astype(np.float32), 3, order=1, mode="grid-constant", grid_mode=True) >= 0.5
    distance = ndimage.distance_transform_edt(~fine) - ndimage.distance_transform_edt(fine)
    distance = (distance - 0.5 * np.sign(distance)) * STEP_MM / 3
    result = np.full(piece.shape, np.inf)
    result[box] = distance[1::3, 1::3, 1::3]
    return result


def _lost_share(voxel_mm: float, margin_mm: float) -> float:
    """What a shell without its edges lost to its surroundings, by its difference from the whole shell.

    Interpolated between voxels, an image has at a distance `d` from a straight edge lost ``(1 - d / voxel)² / 2`` of
    the step there; both losses are the means of that over the shell.
    """
    whole = voxel_mm / (3 * SHELL_MM)
    core = voxel_mm * (1 - margin_mm / voxel_mm) ** 3 / (3 * (SHELL_MM - 2 * margin_mm))
    return core / (whole - core)


def _new(pair: _Pair, piece: NDArray[np.bool_], general: float, usual: tuple[float, float]) -> Measured | None:
    """Rise within a sclerotic piece that was no denser than sound bone; None for any other."""
    known = piece & np.isfinite(pair.now) & np.isfinite(pair.before)
    if (pair.blastic & piece).sum() <= piece.sum() / 2 or known.sum() < LEAST_VOXELS:
        return None
    if float(pair.before[known].mean()) > usual[0] + NORMAL_SPREADS * usual[1]:
        return None
    rise = (pair.now - pair.before)[known] - general
    value, error = float(rise.mean()), _error(rise)
    method = "mean rise of a sclerotic lesion that was no denser than sound bone before, less that of sound bone"
    return Measured(value, "[hnsf'U]", value - error, value + error, method)


def _error(values: NDArray[np.float32]) -> float:
    """Half width of the 90 % interval of a mean, every eighth voxel taken for independent."""
    return float(1.64 * values.std() / np.sqrt(max(len(values) / 8, 1)))


def _largest(findings: list[Finding] | list[Measured]) -> Finding:
    known = [one for one in findings if isinstance(one, Measured)]
    return max(known, key=lambda one: one.value) if known else findings[0]
