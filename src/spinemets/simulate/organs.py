"""Organs, vessels and airways round the spine, painted into the empty cavities."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from spinemets.simulate.canvas import Canvas
from spinemets.simulate.implicit import Array, Capsule, Ellipsoid, Formula, Shape, spline, tube, vector
from spinemets.simulate.landmarks import Landmarks
from spinemets.simulate.roughness import roughness
from spinemets.simulate.subject import Subject, stream
from spinemets.simulate.tissues import Tissue
from spinemets.simulate.trunk import CAVITY
from spinemets.simulate.vertebral_arch import SIDES

CHEST = (Tissue.LUNG, CAVITY)
ABDOMEN = (CAVITY,)


def draw_organs(canvas: Canvas, subject: Subject, marks: Landmarks) -> None:
    """Fill chest, abdomen and neck; muscles beside the spine too."""
    rng = stream(subject.seed, "organs")
    draw_neck(canvas, marks)
    draw_heart_and_vessels(canvas, marks, rng)
    draw_airways(canvas, marks)
    draw_solid_organs(canvas, marks, rng)
    draw_bowel(canvas, marks, rng)
    draw_psoas(canvas, marks, rng)
    canvas.paint([bumpy(marks.point(20.2, 0.0, 42.0), [38.0, 30.0, 28.0], marks, rng)], Tissue.BLADDER, over=ABDOMEN)


def bumpy(
    centre: Array, radii: Sequence[float], marks: Landmarks, rng: np.random.Generator, tilt: float = 0.0
) -> Shape:
    """An ellipsoid with a wavy surface, leaning by `tilt` radians in the coronal plane."""
    size = vector(radii) * marks.scale * rng.normal(1.0, 0.05)
    axes = np.array([[np.cos(tilt), 0, -np.sin(tilt)], [0, 1, 0], [np.sin(tilt), 0, np.cos(tilt)]])
    smooth = Ellipsoid(centre, size, axes)
    relief = roughness(rng, 0.06 * float(size.min()), 0.8 * float(size.min()), 3.0 * float(size.max()), 6)
    lower, upper = smooth.bounds()
    return Formula(lower - 4, upper + 4, lambda x, y, z: smooth.distance(x, y, z) + relief(x, y, z))


def draw_heart_and_vessels(canvas: Canvas, marks: Landmarks, rng: np.random.Generator) -> None:
    """Heart to the left, aorta before the left side of the spine, vena cava before the right."""
    width = rng.uniform(0.85, 1.25)
    heart = bumpy(marks.point(7.4, -20.0, 62.0), [58.0 * width, 46.0, 56.0], marks, rng, tilt=0.5)
    canvas.paint([heart], Tissue.HEART, over=CHEST)
    aorta = [
        marks.point(6.5, 8.0, 62.0),
        marks.point(4.6, 16.0, 52.0),
        marks.point(3.9, 2.0, 38.0),
        marks.point(4.2, -16.0, 22.0),
        marks.point(5.2, -22.0, 12.0),
        marks.point(8.0, -21.0, 14.0),
        marks.point(11.0, -13.0, 25.0),
        marks.point(13.5, -8.0, 32.0),
        marks.point(16.0, -5.0, 33.0),
    ]
    calibre = np.interp(np.arange(40), [0, 10, 22, 39], [15.0, 13.5, 12.0, 8.5]) * marks.scale * rng.normal(1.0, 0.1)
    canvas.paint(tube(spline(aorta, 40), calibre), Tissue.ARTERY, over=(*CHEST, Tissue.MUSCLE, Tissue.HEART))
    cava = [marks.point(s, 15.0 + 0.5 * (16.5 - s), 30.0 + 1.2 * (16.5 - s)) for s in (16.5, 14.5, 12.5, 10.5, 9.0)]
    canvas.paint(
        tube(spline(cava, 16), 10.0 * marks.scale, (1.2, 0.9, 1.0)), Tissue.VEIN, over=(*ABDOMEN, Tissue.MUSCLE)
    )
    upper = [marks.point(s, 24.0, 50.0) for s in (2.0, 4.0, 6.0)]
    canvas.paint(tube(upper, 9.0 * marks.scale), Tissue.VEIN, over=CHEST)
    for side in SIDES:
        pulmonary = [
            marks.point(5.2, 0.0, 44.0),
            marks.point(5.4, side * 35.0, 32.0),
            marks.point(6.4, side * 62.0, 14.0),
        ]
        canvas.paint(tube(spline(pulmonary, 8), np.linspace(11, 4, 8) * marks.scale), Tissue.HEART, over=CHEST)
        iliac = [
            marks.point(16.0, side * 4.0, 33.0),
            marks.point(17.6, side * 30.0, 22.0),
            marks.point(20.0, side * 62.0, 52.0),
        ]
        canvas.paint(tube(spline(iliac, 9), 5.0 * marks.scale), Tissue.ARTERY, over=ABDOMEN)
        beside = [point + np.array([side * 3.0, -11.0, -8.0]) * marks.scale for point in iliac]
        canvas.paint(tube(spline(beside, 9), 5.5 * marks.scale), Tissue.VEIN, over=ABDOMEN)
    draw_lung_vessels(canvas, marks, rng)


def draw_lung_vessels(canvas: Canvas, marks: Landmarks, rng: np.random.Generator) -> None:
    """Branches that thin out from each hilum."""
    for side in SIDES:
        hilum = marks.point(5.6, side * 36.0, 28.0)
        for _ in range(26):
            away = rng.normal(size=3) * [1.0, 1.0, 1.3]
            away[0] = side * abs(away[0])
            end = hilum + away / np.linalg.norm(away) * rng.uniform(50.0, 110.0) * marks.scale
            branch = Capsule(hilum, end, 3.2 * marks.scale, 1.0)
            canvas.paint([branch], Tissue.VEIN, over=(Tissue.LUNG,))


def draw_airways(canvas: Canvas, marks: Landmarks) -> None:
    """Pharynx, larynx, trachea, main bronchi, and the gullet behind them."""
    scale = marks.scale
    throat = [marks.point(-6.6, 0.0, 36.0), marks.point(-4.5, 0.0, 22.0), marks.point(-2.5, 0.0, 28.0)]
    pipe = [throat[-1], marks.point(0.5, 0.0, 30.0), marks.point(3.0, 1.0, 30.0), marks.point(4.6, 2.0, 30.0)]
    everything = (Tissue.MUSCLE, Tissue.FAT, CAVITY, Tissue.SOFT_ORGAN, Tissue.LUNG, Tissue.HEART)
    canvas.paint(tube(spline(throat, 8), 6.0 * scale, (1.6, 1.0, 1.0)), Tissue.AIRWAY, over=everything)
    gullet = [p + np.array([-4.0, -14.0, 0.0]) * scale for p in pipe] + [marks.point(9.5, -10.0, 30.0)]
    canvas.paint(tube(spline(gullet, 16), 6.0 * scale), Tissue.SOFT_ORGAN, over=everything)
    canvas.paint(tube(spline(pipe, 14), 10.5 * scale), Tissue.SOFT_ORGAN, over=everything)
    canvas.paint(tube(spline(pipe, 14), 8.5 * scale), Tissue.AIRWAY, over=everything)
    for side in SIDES:
        bronchus = [pipe[-1], marks.point(5.2, side * 22.0, 28.0), marks.point(5.9, side * 45.0, 22.0)]
        canvas.paint(tube(spline(bronchus, 8), 6.0 * scale), Tissue.AIRWAY, over=everything)


def draw_neck(canvas: Canvas, marks: Landmarks) -> None:
    """Carotid arteries, jugular veins and the thyroid."""
    for side in SIDES:
        artery = [
            marks.point(2.5, side * 8.0, 36.0),
            marks.point(0.0, side * 22.0, 26.0),
            marks.point(-5.5, side * 28.0, 18.0),
        ]
        canvas.paint(tube(spline(artery, 10), 3.8 * marks.scale), Tissue.ARTERY, over=(Tissue.MUSCLE, *CHEST))
        vein = [point + np.array([side * 10.0, 2.0, 0.0]) * marks.scale for point in artery]
        canvas.paint(tube(spline(vein, 10), 5.2 * marks.scale), Tissue.VEIN, over=(Tissue.MUSCLE, *CHEST))
        lobe = Ellipsoid(marks.point(-0.6, side * 15.0, 32.0), vector([8.0, 9.0, 22.0]) * marks.scale)
        canvas.paint([lobe], Tissue.SOFT_ORGAN, over=(Tissue.MUSCLE,))


def draw_solid_organs(canvas: Canvas, marks: Landmarks, rng: np.random.Generator) -> None:
    """Liver on the right, spleen and stomach on the left, a kidney on each side."""
    for side in SIDES:
        station = 14.0 + (0.3 if side > 0 else -0.1) + rng.normal(0.0, 0.3)
        kidney = marks.point(station, side * rng.uniform(54.0, 62.0), 0.0)
        canvas.paint([bumpy(kidney, [26.0, 27.0, 52.0], marks, rng, tilt=-0.2 * side)], Tissue.KIDNEY, over=ABDOMEN)
        canvas.paint([Ellipsoid(kidney, vector([9.0, 8.0, 22.0]) * marks.scale)], Tissue.FAT, over=(Tissue.KIDNEY,))
    spleen = bumpy(marks.point(11.6, -95.0, -4.0), [32.0, 42.0, 52.0], marks, rng, tilt=0.3)
    canvas.paint([spleen], Tissue.SPLEEN, over=ABDOMEN)
    liver = [
        bumpy(marks.point(11.7, 72.0, 40.0), [92.0, 98.0, 92.0], marks, rng),
        bumpy(marks.point(10.9, -8.0, 72.0), [70.0, 42.0, 42.0], marks, rng, tilt=0.2),
    ]
    canvas.paint(liver, Tissue.LIVER, over=ABDOMEN)
    stomach = marks.point(11.6, -58.0, 56.0)
    canvas.paint([bumpy(stomach, [54.0, 60.0, 64.0], marks, rng, tilt=0.4)], Tissue.BOWEL, over=ABDOMEN)
    bubble = Ellipsoid(stomach + vector([0.0, 18.0, 12.0]) * marks.scale, vector([30.0, 22.0, 30.0]) * marks.scale)
    canvas.paint([bubble], Tissue.BOWEL_GAS, over=(Tissue.BOWEL,))
    pancreas = [marks.point(13.4, 22.0, 50.0), marks.point(12.8, -15.0, 54.0), marks.point(12.0, -70.0, 20.0)]
    canvas.paint(tube(spline(pancreas, 10), 10.0 * marks.scale), Tissue.SOFT_ORGAN, over=ABDOMEN)


def draw_bowel(canvas: Canvas, marks: Landmarks, rng: np.random.Generator) -> None:
    """Loops of small bowel and the frame of the colon, each with fluid, gas or contrast inside."""
    drank_contrast = rng.random() < 0.35
    loops = []
    for _ in range(110):
        middle = marks.point(rng.uniform(12.8, 19.8), rng.uniform(-90, 90), rng.uniform(45, 120))
        half = rng.normal(size=3) * 16.0
        loops.append((middle - half, middle + half, rng.uniform(8.0, 14.0)))
    for side in SIDES:
        path = spline(
            [marks.point(18.5, side * 92, 32), marks.point(15.5, side * 100, 28), marks.point(12.8, side * 90, 48)], 8
        )
        loops += [(a, b, rng.uniform(15.0, 23.0)) for a, b in pairwise(path)]
    across = spline([marks.point(13.4, 90, 70), marks.point(14.6, 0, 112), marks.point(13.0, -88, 72)], 12)
    loops += [(a, b, rng.uniform(15.0, 22.0)) for a, b in pairwise(across)]
    for start, end, radius in loops:
        wall = Capsule(start, end, radius * marks.scale, radius * marks.scale)
        canvas.paint([wall], Tissue.BOWEL, over=ABDOMEN)
        draw = rng.random()
        filling = Tissue.BOWEL_GAS if draw < 0.35 else Tissue.BOWEL_CONTRAST if drank_contrast else Tissue.BOWEL
        inner = (radius - 2.5) * marks.scale * rng.uniform(0.6, 1.0)
        lift = vector([0.0, (radius - 2.5) * marks.scale - inner, 0.0])  # gas rises to the front
        canvas.paint([Capsule(start + lift, end + lift, inner, inner)], filling, over=(Tissue.BOWEL,))


def draw_psoas(canvas: Canvas, marks: Landmarks, rng: np.random.Generator) -> None:
    """Psoas from the side of L1 to the thigh, growing downwards."""
    size = rng.uniform(0.75, 1.15)
    for side in SIDES:
        path = [
            marks.point(12.8, side * 24.0, -8.0),
            marks.point(14.5, side * 34.0, -4.0),
            marks.point(16.5, side * 44.0, 4.0),
            marks.point(18.0, side * 58.0, 28.0),
            marks.point(20.0, side * 82.0, 48.0),
        ]
        radii = np.interp(np.arange(24), [0, 8, 15, 23], [7.0, 15.0, 20.0, 16.0]) * marks.scale * size
        over = (CAVITY, Tissue.BOWEL, Tissue.BOWEL_GAS, Tissue.BOWEL_CONTRAST, Tissue.FAT)
        canvas.paint(tube(spline(path, 24), radii), Tissue.MUSCLE, over=over)
