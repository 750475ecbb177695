"""Which signs of Table 1 a simulated fracture shows on MR, drawn from the table of frequencies, and how they look.

CT and MR show the same fracture: wall, posterior elements, blood and tumour beside the bone are those that CT drew, so
that MR3 and MR7 follow from them. Drawn here is what CT cannot show: how far the marrow is dark on T1, fluid, and what
marrow and tumour do out of phase, on diffusion and after contrast medium.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.simulate.disease import Disease, FractureTruth
from spinemets.simulate.irregular import FLOAT, grain, ramp
from spinemets.simulate.mr_functional import MATTER_FUNCTION, Function, matter_range
from spinemets.simulate.mr_signals import Matter
from spinemets.simulate.sign_frequencies import SIGN_FREQUENCIES, FractureClass
from spinemets.simulate.subject import stream
from spinemets.simulate.tissues import Tissue

DRAWN = ("t1_diffuse", "t1_band", "fluid_sign", "opposed_phase_drop", "high_adc", "intense_uptake")
"""Signs that are drawn for MR; names of `SIGN_FREQUENCIES`."""
EITHER = ("t1_diffuse", "t1_band")
"""A body shows one of them or neither, as they were counted (Ahn 2016)."""
FROM_CT: Mapping[str, str] = {
    "retropulsion_mr": "retropulsion",
    "posterior_wall_bulge_mr": "posterior_wall_bulge",
    "posterior_elements_dark": "pedicle_destroyed",
    "haematoma_without_uptake": "lamellar_haematoma",
    "mass_with_uptake": "paravertebral_mass",
}
"""Signs on MR that follow from one on CT; blood that looks like a mass takes up nothing all the same."""
WHOLE, BAND_HEIGHT = 1.3, (0.30, 0.60)
"""How much of the height of the body is dark on T1 at once, and in a band below the broken endplate (ours)."""
REPLACED = (0.88, 1.0)
"""Share of the marrow that is gone where it is dark (ours)."""
FLUID_DEPTH_MM, FLUID_MM, FLUID_WIDTH = (3.5, 5.5), (2.0, 3.6), (0.5, 0.75)
"""Depth below the endplate, thickness, and width by that of the body of a fluid-filled cleft (ours)."""
ADC_SPAN = {True: (1.4, 1.9), False: (0.8, 1.0)}
OPPOSED_SPAN = {True: (0.49, 0.79), False: (0.96, 1.16)}
UPTAKE_SPAN = {True: (2.0, 2.6), False: (1.4, 1.8)}
WEIGHTED = {True: 1.2, False: 2.5}
"""Of oedema and tumour in a fractured vertebra by whether it has the sign: `clinical.md` §3.5 has them for either; that
one with the other's sign has the other's values is ours. A signal out of phase below 0.8 is a drop."""
OF_SIGNS = (Matter.LYTIC, Matter.OEDEMA)


def mr_signs(fracture: FractureTruth, seed: int) -> dict[str, bool]:
    """Signs of one fracture on MR, the same in all images of a patient; those of `FROM_CT` as CT has them."""
    rng = stream(seed, f"mr signs {fracture.level}")
    cause = FractureClass(fracture.cause)
    signs = {name: bool(rng.random() < SIGN_FREQUENCIES[name].of(cause)) for name in DRAWN}
    diffuse, band = (SIGN_FREQUENCIES[name].of(cause) for name in EITHER)
    place = rng.random()
    signs |= {"t1_diffuse": bool(place < diffuse), "t1_band": bool(diffuse <= place < diffuse + band)}
    return signs | {name: fracture.signs.get(on_ct, False) for name, on_ct in FROM_CT.items()}


def is_infiltrated(fracture: FractureTruth, signs: Mapping[str, bool]) -> bool:
    """Whether all marrow of a body is tumour, most of which CT may not show."""
    return fracture.cause == FractureClass.METASTATIC.value and signs["t1_diffuse"]


def functions(matter: Matter, signs: Mapping[str, bool]) -> tuple[Function, Function]:
    """The least and the most of what matter does in a vertebra with these signs."""
    low, high = MATTER_FUNCTION[matter]
    if matter not in OF_SIGNS:
        return low, high
    spans = zip(
        ADC_SPAN[signs["high_adc"]],
        OPPOSED_SPAN[signs["opposed_phase_drop"]],
        UPTAKE_SPAN[signs["intense_uptake"]],
        strict=True,
    )
    first, second = (Function(WEIGHTED[signs["high_adc"]], *values) for values in spans)
    return first, second


def lay_marrow(
    image: FLOAT, disease: Disease, fracture: FractureTruth, signs: Mapping[str, bool], sequence: str,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Lay the dark marrow of a fractured body into an image before the scanner, in place; all else is laid over it.

    Parameters
    ----------
    image : (I, J, K) ndarray of float32
        Signal on the grid of the anatomy of the disease, muscle being 1.
    disease, fracture : Disease, FractureTruth
        The patient, and which body.
    signs : mapping of str to bool
        As `mr_signs` draws them.
    sequence : str
        One of `mr_functional.SEQUENCES`.
    rng : numpy Generator
        The same draws for every sequence.
    """
    body = _body(disease, fracture)
    if body is None:
        return
    box, inside, depth = body
    edge = float(np.linalg.norm(disease.anatomy.affine[:3, 0]))
    tall = float(np.median(inside.sum(axis=2)[inside.any(axis=2)])) * edge
    band, strength, place = rng.uniform(*BAND_HEIGHT), rng.uniform(*REPLACED), rng.uniform()
    uneven = depth + 1.5 * grain(inside.shape, rng, 6.0, edge)
    reach = WHOLE if signs["t1_diffuse"] else band if signs["t1_band"] else 0.0
    if reach:
        share = (1.0 - ramp(uneven, reach * tall - 2.0, reach * tall + 2.0)) * inside * strength
        matter = Matter.LYTIC if is_infiltrated(fracture, signs) else Matter.OEDEMA
        _mix(image[box], share, matter_range(matter, sequence, functions(matter, signs)), place)


def lay_fluid(image: FLOAT, disease: Disease, fracture: FractureTruth, sequence: str, rng: np.random.Generator) -> None:
    """Lay a cleft filled with fluid into a fractured body, in place, over all else; parameters as of `lay_marrow`."""
    body = _body(disease, fracture)
    if body is None:
        return
    box, inside, depth = body
    edge = float(np.linalg.norm(disease.anatomy.affine[:3, 0]))
    place, uneven = rng.uniform(), depth + 0.8 * grain(inside.shape, rng, 6.0, edge)
    _mix(image[box], _fluid(inside, uneven, edge, rng), matter_range(Matter.FLUID, sequence), place)


def _mix(part: FLOAT, share: FLOAT, span: tuple[float, float], place: float) -> None:
    part += share.astype(np.float32) * (np.float32(span[0] + place * (span[1] - span[0])) - part)


def _body(
    disease: Disease, fracture: FractureTruth
) -> tuple[tuple[slice, slice, slice], NDArray[np.bool_], FLOAT] | None:
    """Box of a body, its voxels, and their depth below the upper endplate, mm; None where the anatomy lacks it."""
    own = (disease.anatomy.vertebra == fracture.level.verse_id) & (disease.anatomy.tissue == Tissue.VERTEBRAL_BODY)
    box = ndimage.find_objects(own.view(np.uint8))
    if not box:
        return None
    inside = own[box[0]]
    edge = float(np.linalg.norm(disease.anatomy.affine[:3, 0]))
    top = np.where(inside.any(axis=2), inside.shape[2] - np.argmax(inside[:, :, ::-1], axis=2), 0)[:, :, None]
    return box[0], inside, ((top - np.arange(inside.shape[2])) * edge).astype(np.float32)


def _fluid(inside: NDArray[np.bool_], depth: FLOAT, edge: float, rng: np.random.Generator) -> FLOAT:
    """Share of each voxel that a flat cleft filled with fluid takes."""
    at, thick, wide = (float(rng.uniform(*span)) for span in (FLUID_DEPTH_MM, FLUID_MM, FLUID_WIDTH))
    x, y = (np.linspace(-1.0, 1.0, n) for n in inside.shape[:2])
    across = np.sqrt(np.clip(1.0 - (x[:, None] / wide) ** 2 - (y[None, :] / wide) ** 2, 0.0, 1.0))[:, :, None]
    share = np.clip((0.5 * thick * across - np.abs(depth - at)) / edge + 0.5, 0.0, 1.0) * (across > 0)
    return np.asarray(share * inside, dtype=np.float32)
