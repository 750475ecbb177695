"""Bones that a network takes for vertebrae: hips, thighs, shoulders, skull and jaw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from spinemets.simulate.canvas import Canvas, Field, draw_bone
from spinemets.simulate.implicit import Array, Capsule, Ellipsoid, Shape, spline, tube, vector
from spinemets.simulate.landmarks import Landmarks
from spinemets.simulate.rib_cage import RibCage
from spinemets.simulate.roughness import Roughness, roughness
from spinemets.simulate.subject import Arms, Subject, stream
from spinemets.simulate.tissues import Tissue
from spinemets.simulate.vertebral_arch import SIDES


def sheet(lower: ArrayLike, upper: ArrayLike, edge_mm: float, middle_mm: float, bulge: Array) -> list[Shape]:
    """A curved plate between two curves, as rods laid side by side: thick at the edges, thin between.

    `bulge` moves the middle of each rod, mm.
    """
    rods = int(np.linalg.norm(np.diff(np.asarray(upper), axis=0), axis=1).sum() / (1.4 * middle_mm)) + 2
    shapes: list[Shape] = []
    for low, high in zip(spline(lower, rods), spline(upper, rods), strict=True):
        path = [low, 0.7 * low + 0.3 * high + 0.8 * bulge, 0.3 * low + 0.7 * high + 0.8 * bulge, high]
        shapes += tube(path, [edge_mm, middle_mm, middle_mm, edge_mm * 0.9])
    return shapes


def at(marks: Landmarks, side: int, points: Sequence[Sequence[float]]) -> Array:
    """Points in mm from S1 of a subject of scale 1, x outwards, as world positions."""
    mirror = np.array([side, 1.0, 1.0]) * marks.scale
    return np.asarray(points, dtype=np.float64) * mirror + marks.spine(18.0)


def hip_joint(marks: Landmarks, side: int) -> Array:
    """(3,) centre of the femoral head, world mm."""
    return at(marks, side, [[90.0, 14.0, -84.0]])[0]


def hip_bone(marks: Landmarks, side: int) -> list[Shape]:
    """Iliac wing, acetabulum, pubis and ischium of one side."""
    scale = marks.scale
    crest = at(marks, side, [[46, -78, -8], [66, -62, 32], [96, -28, 54], [124, 18, 52], [130, 52, 30], [122, 72, 2]])
    foot = at(
        marks, side, [[56, -52, -52], [64, -32, -55], [76, -12, -60], [88, 4, -62], [98, 22, -58], [108, 42, -44]]
    )
    shapes = sheet(foot, crest, 5.5 * scale, 3.4 * scale, np.array([side * 3.0, -6.0, 0.0]) * scale)
    cup = hip_joint(marks, side)
    shapes.append(Ellipsoid(cup + np.array([-side * 4.0, 0.0, 3.0]) * scale, vector([33, 33, 33]) * scale))
    ischium = at(marks, side, [[82, 0, -100], [74, -20, -125], [64, -26, -148]])
    ramus = at(marks, side, [[62, -24, -150], [40, 8, -148], [16, 40, -128]])
    pubis = at(marks, side, [[76, 34, -80], [45, 56, -84], [10.5, 62, -102], [10.5, 56, -122]])
    shapes += tube(spline(ischium, 5), np.linspace(15, 13, 5) * scale)
    shapes += tube(spline(ramus, 6), 7.0 * scale)
    return shapes + tube(spline(pubis, 8), np.linspace(10, 8.8, 8) * scale)


def draw_pelvis(canvas: Canvas, subject: Subject, marks: Landmarks, gap_mm: float) -> None:
    """Draw both hip bones and the upper thighs; the sacrum must be there already."""
    relief = roughness(stream(subject.seed, "relief of the hips"), 0.7)
    scale = subject.scale
    for side in SIDES:
        shapes, joint = hip_bone(marks, side), hip_joint(marks, side)
        bone = Field(canvas, shapes)
        for shape in shapes:
            bone.add(shape)
        outwards = np.array([side * 60.0, 10.0, -38.0]) * scale
        bone.carve(Capsule(joint, joint + outwards, 26.5 * scale, 30.0 * scale))
        bone.roughen(relief)
        bone.draw({0: Tissue.HIP}, gap_mm=gap_mm)
        draw_bone(canvas, thigh(marks, side), Tissue.FEMUR, relief, gap_mm=gap_mm)


def thigh(marks: Landmarks, side: int) -> list[Shape]:
    """Upper half of a femur."""
    scale, joint = marks.scale, hip_joint(marks, side)
    knee = at(marks, side, [[100.0, 12.0, -440.0]])[0]
    crotch, top = at(marks, side, [[124.0, 6.0, -120.0], [132.0, -2.0, -98.0]])
    return [
        Ellipsoid(joint, vector([24.0, 24.0, 24.0]) * scale),
        Capsule(joint, crotch, 15.0 * scale, 17.0 * scale),
        Capsule(top, crotch, 13.0 * scale, 17.0 * scale),
        Capsule(crotch, knee, 17.0 * scale, 14.0 * scale),
    ]


def shoulder_joint(cage: RibCage, arms: Arms, side: int) -> Array:
    """(3,) centre of the humeral head, world mm."""
    marks = cage.marks
    if arms is Arms.UP:
        return marks.point(1.2, side * 148.0, -8.0, 18.0)
    return marks.point(2.2, side * 158.0, 6.0, 0.0)


def elbow(cage: RibCage, arms: Arms, side: int) -> Array:
    """(3,) lower end of the humerus, world mm."""
    away = np.array([side * 12.0, 45.0, 290.0]) if arms is Arms.UP else np.array([side * 58.0, -12.0, -285.0])
    return shoulder_joint(cage, arms, side) + away * cage.marks.scale


def shoulder_blade(cage: RibCage, arms: Arms, side: int) -> list[Shape]:
    """Scapula of one side, turned upwards when the arm is raised."""
    marks, scale = cage.marks, cage.marks.scale
    turn, lift = (0.3, -1.0) if arms is Arms.UP else (0.0, 0.0)

    def place(angle: float, station: float, out: float) -> Array:
        return cage.surface(side, angle, marks.height(station), out * scale)

    joint = shoulder_joint(cage, arms, side)
    socket = joint + np.array([-side * 33.0, -8.0, 0.0]) * scale
    tip = place(0.72 + turn, 7.0 + lift, 12.0)
    medial = np.array(
        [place(0.62, 2.0, 15.0), place(0.55, 3.6 + lift / 2, 13.0), place(0.6 + turn / 2, 5.4 + lift, 12.0), tip]
    )
    lateral = np.array(
        [socket + vector([0.0, -4.0, 12.0]), socket, 0.5 * (socket + tip) + [side * 4.0, -6.0, 0.0], tip]
    )
    shapes = sheet(medial, lateral, 3.2 * scale, 2.4 * scale, np.array([0.0, -3.0, 0.0]) * scale)
    roof = joint + np.array([-side * 2.0, -4.0, 36.0]) * scale
    shapes += tube(
        spline(
            [medial[1], 0.5 * (medial[1] + socket) + [0.0, -16.0, 8.0], socket + vector([0.0, -22.0, 16.0]), roof], 9
        ),
        4.2 * scale,
    )
    shapes += tube(lateral[1:], 5.0 * scale)
    return [*shapes, Ellipsoid(socket, vector([9.0, 12.0, 17.0]) * scale)]


def draw_shoulders(canvas: Canvas, subject: Subject, cage: RibCage, gap_mm: float) -> None:
    """Draw shoulder blades, collar bones and upper arms."""
    relief = roughness(stream(subject.seed, "relief of the shoulders"), 0.5)
    scale, marks = subject.scale, cage.marks
    notch = cage.surface(1, np.pi - 1e-3, marks.height(2.7), 3.0)
    for side in SIDES:
        draw_bone(canvas, shoulder_blade(cage, subject.arms, side), Tissue.SCAPULA, relief, gap_mm=gap_mm)
        joint, low = shoulder_joint(cage, subject.arms, side), elbow(cage, subject.arms, side)
        arm: list[Shape] = [Ellipsoid(joint, vector([23.0, 23.0, 23.0]) * scale)]
        arm += tube(
            spline([joint, 0.8 * joint + 0.2 * low, low], 7), np.array([17, 13, 12, 11.5, 11.5, 11.5, 13]) * scale
        )
        draw_bone(canvas, arm, Tissue.HUMERUS, relief, gap_mm=gap_mm)
        inner = notch + np.array([side * 20.0, 2.0, 6.0]) * scale
        outer = joint + np.array([-side * 18.0, 6.0, 30.0]) * scale
        bend = [
            inner,
            0.65 * inner + 0.35 * outer + [0.0, 10.0, 3.0],
            0.25 * inner + 0.75 * outer - [0.0, 6.0, 0.0],
            outer,
        ]
        draw_bone(canvas, tube(spline(bend, 10), 6.2 * scale), Tissue.CLAVICLE, relief, gap_mm=gap_mm)


def draw_head(canvas: Canvas, subject: Subject, marks: Landmarks, gap_mm: float) -> None:
    """Draw skull, brain, upper jaw and mandible."""
    relief = roughness(stream(subject.seed, "relief of the skull"), 0.8)
    scale, atlas = subject.scale, marks.spine(-6.0)
    vault = atlas + np.array([0.0, 12.0, 78.0]) * scale
    outer = Ellipsoid(vault, vector([72.0, 92.0, 66.0]) * scale)
    face = Ellipsoid(atlas + np.array([0.0, 82.0, 42.0]) * scale, vector([38.0, 26.0, 42.0]) * scale)
    petrous = [
        Ellipsoid(atlas + vector([s * 38.0, 6.0, 26.0]) * scale, vector([26.0, 16.0, 13.0]) * scale) for s in SIDES
    ]
    condyles = [
        Ellipsoid(atlas + vector([s * 15.0, 4.0, 12.0]) * scale, vector([8.0, 11.0, 8.0]) * scale) for s in SIDES
    ]
    shapes: list[Shape] = [outer, face, *petrous, *condyles]
    skull = Field(canvas, shapes)
    for shape in shapes:
        skull.add(shape)
    brain = Ellipsoid(vault, vector([66.0, 86.0, 60.0]) * scale)
    skull.carve(brain)
    skull.carve(Ellipsoid(face.centre, vector([30.0, 19.0, 32.0]) * scale))
    skull.roughen(relief)
    canvas.paint([brain], Tissue.BRAIN)
    canvas.paint([Ellipsoid(face.centre, vector([29.0, 18.0, 31.0]) * scale)], Tissue.AIRWAY)
    skull.draw({0: Tissue.SKULL}, gap_mm=gap_mm, spare=(Tissue.CORD, Tissue.CSF))
    draw_jaw(canvas, atlas, scale, relief, gap_mm)


def draw_jaw(canvas: Canvas, atlas: Array, scale: float, relief: Roughness, gap_mm: float) -> None:
    """Draw the mandible, a bow from joint to joint round the chin."""
    half = np.array([[50, 34, 30], [48, 46, -14], [42, 62, -26], [26, 92, -32], [0, 104, -34]], float)
    bow = np.vstack([half, half[-2::-1] * [-1.0, 1.0, 1.0]]) * scale + atlas
    draw_bone(canvas, tube(spline(bow, 26), 5.0 * scale, (1.0, 1.0, 2.0)), Tissue.SKULL, relief, gap_mm=gap_mm)
