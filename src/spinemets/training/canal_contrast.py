"""A T2-weighted image of axial label patches, as any scanner may show it."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from spinemets.simulate.axial_tissues import FAT_SUPPRESSED, T2_SIGNAL, AxialTissue
from spinemets.simulate.tissues import Tissue
from spinemets.training.filters import blur, chance, smooth_noise, uniform

ANY_CONTRAST, SUPPRESSED, T1_SHARE = 0.05, 0.25, 0.05
"""Share of the patches with a contrast that no sequence has, with fat suppression, and with that of a T1 (ours). In
the first nothing tells tumour that does not press on the sac from fat; with 0.15 and 0.12 it was hardly learnt, though
a T2 shows it. What fewer of them change was not told apart from what more steps do."""
VENTRAL_SHARE = 0.4
"""Share of the patches in whose front epidural space no fat is seen, but ligament and veins of any signal (ours), as in
most necks; where that is not drawn, the dark line before a healthy sac is taken for tumour."""
COARSE_SHARE = 0.15
"""Share of the patches with pixels of 1 to 1.5 mm (ours)."""
TUMOURS = (AxialTissue.EPIDURAL_TUMOUR, AxialTissue.BONE_TUMOUR, AxialTissue.SOFT_TUMOUR)
FATS = (Tissue.FAT, Tissue.EPIDURAL_FAT, AxialTissue.FORAMEN_FAT)
MARROWS = (Tissue.VERTEBRAL_BODY, Tissue.POSTERIOR_ELEMENTS, Tissue.RIB)
CORDS = (Tissue.CORD, AxialTissue.GREY_MATTER)
FLUID = (Tissue.CSF, AxialTissue.NERVE_ROOT)
BRIGHT = 9.0
"""Signal of CSF relative to muscle: what is divided by."""


def signal_table(device: torch.device) -> Tensor:
    """(256,) signal of every code in one patch, CSF about 1 on T2."""
    table = torch.zeros(256)
    fat = FAT_SUPPRESSED if chance(SUPPRESSED) else {}
    spread = 0.35 if chance(0.3) else 0.18
    for code, signal in (T2_SIGNAL | fat).items():
        table[code] = signal * math.exp(spread * float(torch.randn(1)))
    table[Tissue.CSF] = uniform(5.5, 11.0)
    if chance(ANY_CONTRAST):
        table = torch.rand(256) * 8.0
    elif chance(T1_SHARE):
        table = like_t1(table)
    for group, between in ((FATS, 0.1), (MARROWS, 0.12), (CORDS, 0.05)):
        for code in group[1:]:
            table[code] = table[group[0]] * math.exp(between * float(torch.randn(1)))
    tumour = uniform(0.4, 5.0)
    for code in TUMOURS:
        table[code] = tumour * math.exp(0.12 * float(torch.randn(1)))
    for code in (Tissue.AIR, Tissue.LUNG, Tissue.AIRWAY, AxialTissue.FLOW_VOID, AxialTissue.CORTEX):
        table[code] = uniform(0.0, 0.5)
    return (table / BRIGHT).to(device)


def like_t1(table: Tensor) -> Tensor:
    """A table in which CSF is dark and fat bright."""
    table = table.clone()
    for codes, low, high in ((FLUID, 0.6, 2.0), (CORDS, 2.5, 4.5), (FATS, 5.0, 9.0), (MARROWS, 2.5, 6.0)):
        table[list(codes)] = uniform(low, high)
    table[[int(Tissue.MUSCLE), int(Tissue.DISC), int(AxialTissue.NUCLEUS)]] = uniform(1.8, 3.5)
    return table


def without_ventral_fat(image: Tensor, codes: Tensor) -> Tensor:
    """An image whose epidural space in front of the sac is ligament and veins instead of fat.

    Parameters
    ----------
    image, codes : (1, 1, I, J, K) Tensor
        J runs to the front.
    """
    sac = torch.isin(codes, torch.tensor([*FLUID, *CORDS], device=codes.device))
    space = (codes == Tissue.EPIDURAL_FAT) | (codes == AxialTissue.EPIDURAL_VEIN)
    front = torch.arange(codes.shape[3], device=codes.device).reshape(1, 1, 1, -1, 1)
    middle = (sac * front).sum((2, 3), keepdim=True) / sac.sum((2, 3), keepdim=True).clamp_min(1)
    level = torch.sigmoid(smooth_noise(image.shape, 10, image.device) * 3)
    first, second = uniform(0.1, 1.5), uniform(0.1, 4.0)
    layer = (first + (second - first) * level) / BRIGHT
    return torch.where(space & (front > middle), layer, image)


def render_axial(codes: Tensor) -> Tensor:
    """(1, 1, I, J, K) ideal signal of one patch of codes (1, 1, I, J, K)."""
    image = signal_table(codes.device)[codes.long()]
    if chance(VENTRAL_SHARE):
        image = without_ventral_fat(image, codes)
    grain = blur(torch.randn_like(image), (uniform(0.5, 2.0), uniform(0.5, 2.0), 0.5))
    patchy = smooth_noise(image.shape, 12, image.device)
    tumour = torch.zeros_like(codes, dtype=torch.bool)
    for code in TUMOURS:
        tumour |= codes == code
    image = image * (1 + grain * uniform(0.0, 0.2) + patchy * (uniform(0.0, 0.08) + tumour * uniform(0.0, 0.25)))
    if chance(0.4):
        image = flow_voids(image, (codes == Tissue.CSF) | (codes == AxialTissue.NERVE_ROOT))
    return image.clamp_min(0.0)


def flow_voids(image: Tensor, fluid: Tensor) -> Tensor:
    """An image in which CSF that moves has lost signal here and there."""
    field = smooth_noise(image.shape, int(uniform(8, 24)), image.device)
    lost = torch.sigmoid((field - uniform(0.6, 1.6)) * 6) * uniform(0.2, 0.9)
    return torch.where(fluid, image * (1 - lost), image)


def scan_axial(slices: Tensor) -> Tensor:
    """(1, 1, I, J, K) magnitude image of slices: resolution, ghosts, metal, sensitivity, noise."""
    image = blur(slices, (uniform(0.3, 0.9), uniform(0.3, 0.9), 0.0))
    size = tuple(image.shape[2:])
    if chance(0.5):
        coarser = uniform(1.9, 3.0) if chance(COARSE_SHARE) else uniform(1.0, 1.9)
        counts = (round(size[0] / coarser), round(size[1] / coarser), size[2])
        image = functional.interpolate(image, size=counts, mode="trilinear", align_corners=False)
    level = uniform(0.004, 0.05)
    if chance(0.25):
        image = ghosts(image)
    if chance(0.05):
        image = metal(image)
    bias = torch.exp(smooth_noise(image.shape, 3, image.device) * uniform(0.0, 0.35))
    each = 1 + torch.randn(1, 1, 1, 1, image.shape[4], device=image.device) * uniform(0.0, 0.1)
    image = image * bias * each
    image = torch.sqrt((image + torch.randn_like(image) * level) ** 2 + (torch.randn_like(image) * level) ** 2)
    if tuple(image.shape[2:]) != size:
        image = functional.interpolate(image, size=size, mode="trilinear", align_corners=False)
    return image


def ghosts(image: Tensor) -> Tensor:
    """Faint copies of an image along one axis of its slices, as motion makes them."""
    axis = 2 if chance(0.5) else 3
    step = int(uniform(0.1, 0.45) * image.shape[axis])
    strength = uniform(0.02, 0.12)
    return image + strength * (image.roll(step, axis) + image.roll(-step, axis))


def metal(image: Tensor) -> Tensor:
    """A void with a bright rim, as beside a screw."""
    size = image.shape[2:]
    axes = [torch.arange(n, device=image.device, dtype=torch.float32) for n in size]
    place = torch.meshgrid(*axes, indexing="ij")
    centre = [uniform(0.25, 0.75) * n for n in size]
    radius = (uniform(6, 22), uniform(6, 22), uniform(1.5, 4.0))
    far = sum(((p - c) / r) ** 2 for p, c, r in zip(place, centre, radius, strict=True)).sqrt()  # type: ignore[union-attr]
    rim = torch.exp(-(((far - 1.08) / 0.06) ** 2)) * uniform(0.2, 1.0)
    return image * torch.sigmoid((far - 1) * 20) + rim
