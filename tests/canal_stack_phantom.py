"""Slices of a canal drawn by geometry on the fine grid: a cord or roots in CSF, with or without tumour."""

import numpy as np

from spinemets.measure.canal_slices import CanalSlice, CanalStack
from spinemets.measure.fine_grid import FINE_MM

SIZE_MM = 26.0
CORD, ROOT, CSF, REST = 270.0, 300.0, 900.0, 120.0


def places():
    line = (np.arange(round(SIZE_MM / FINE_MM)) + 0.5) * FINE_MM - SIZE_MM / 2
    return np.meshgrid(line, line, indexing="ij")


def oval(width_mm, depth_mm, centre=(0.0, 0.0)):
    x, y = places()
    return np.hypot((x - centre[0]) / (width_mm / 2), (y - centre[1]) / (depth_mm / 2)) < 1


def one_slice(index, *, cord=None, drawn=None, roots=(), tumour=None, sac=None, step_mm=4.0):
    """A slice whose image shows `cord` and roots at points, and whose mask of the cord is `drawn`."""
    sac = oval(15.0, 12.0) if sac is None else sac
    nothing = np.zeros_like(sac)
    image = np.where(sac, CSF, REST).astype(np.float32)
    for centre in roots:
        image[oval(1.3, 1.3, centre)] = ROOT
    if cord is not None:
        image[cord] = CORD
    drawn = cord if drawn is None else drawn
    tumour = nothing if tumour is None else tumour & ~sac
    return CanalSlice(index, index * step_mm, nothing if drawn is None else drawn & sac, sac, tumour, image)


def stack(slices, to_head=1.0):
    return CanalStack(2, tuple(slices), 0.5, 4.0, 0.0, np.array([0.0, 1.0]), to_head)


SCATTERED = [(x, y) for x in (-5, -2.5, 0, 2.5, 5) for y in (-3.5, -1.2, 1.0)]
SPECK = oval(2.0, 2.0, (0.0, -1.2))
BESIDE = oval(4.0, 4.0, (0.0, 8.0))
"""Tumour in front of the sac."""


def cord_slice(index, **options):
    return one_slice(index, cord=oval(8.0, 6.0), **options)


def roots_slice(index, **options):
    return one_slice(index, roots=SCATTERED, drawn=SPECK, **options)
