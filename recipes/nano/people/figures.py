"""Figures: bodies from poses, with their clothes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recipes.nano.drawing.canvas import Canvas, Colour, Point, shade
from recipes.nano.people.faces import Person
from recipes.nano.people.hats import head

Limb = tuple[Point, Point]  # elbow and hand, or knee and foot


@dataclass(frozen=True)
class Pose:
    """A body's joints, y downwards from the ground on which it stands, facing right.

    Attributes:
        neck: Where neck and shoulders meet.
        hip: The lower end of the trunk.
        arms: Far and near arm.
        legs: Far and near leg.
        hem: Where a skirt ends, between its two lower corners.
    """

    neck: Point = (0, -76)
    hip: Point = (0, -42)
    arms: tuple[Limb, ...] = (((13, -60), (12, -44)), ((-13, -60), (-12, -44)))
    legs: tuple[Limb, ...] = (((5, -22), (6, -2)), ((-5, -22), (-6, -2)))
    hem: tuple[Point, Point] = ((-18, -6), (18, -6))
    turn: float = 0.4
    nod: float = 0.0
    tilt: float = 0.0
    mood: str = "smile"


CHILD = Pose(
    neck=(0, -64),
    hip=(0, -34),
    arms=(((11, -52), (12, -38)), ((-11, -52), (-12, -38))),
    legs=(((5, -18), (6, -2)), ((-5, -18), (-6, -2))),
    hem=((-16, -18), (16, -18)),
)


def radius(person: Person) -> float:
    """The radius of a person's head, where the body is some 100 high."""
    return 15.5 if person.child else 12.0


def figure(canvas: Canvas, person: Person, pose: Pose) -> None:
    """A whole person in a pose, at the origin of the present frame."""
    arm(canvas, person, pose, 0)
    if person.kind != "robe":
        for side in (0, 1):
            leg(canvas, person, pose, side)
    trunk(canvas, person, pose)
    if person.kind in ("dress", "robe", "coat"):
        skirt(canvas, person, pose)
    face(canvas, person, pose)
    arm(canvas, person, pose, 1)


def face(canvas: Canvas, person: Person, pose: Pose) -> None:
    """The neck and head of a person in a pose."""
    size = radius(person)
    _, down = axis(pose)
    x, y = pose.neck[0] - down[0] * size * 0.9, pose.neck[1] - down[1] * size * 0.9
    shadow = shade(person.skin, -0.12)
    canvas.stroke(f"M{pose.neck[0]} {pose.neck[1] + 1}L{x} {y}", 7, shadow, "skin")
    head(canvas, person, x, y, size, turn=pose.turn, nod=pose.nod, tilt=pose.tilt, mood=pose.mood)


def axis(pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors across the trunk and down it."""
    down = np.subtract(pose.hip, pose.neck).astype(float)
    down /= np.hypot(*down)
    return np.array([down[1], -down[0]]), down


def trunk(canvas: Canvas, person: Person, pose: Pose) -> None:
    """The upper body in its clothes, buttoned down the front."""
    across, down = axis(pose)
    length = float(np.hypot(*np.subtract(pose.hip, pose.neck)))
    waist = 7.5 if person.kind == "dress" else 9.0

    def at(sideways: float, share: float) -> Point:
        place = np.asarray(pose.neck) + across * sideways * person.bulk + down * share * length
        return float(place[0]), float(place[1])

    outline = [at(-4, -0.06), at(-10.5, 0.1), at(-10, 0.4), at(-waist, 0.7), at(-9.5, 1.04)]
    outline += [at(9.5, 1.04), at(waist, 0.7), at(10, 0.4), at(10.5, 0.1), at(4, -0.06)]
    with canvas.part("round"):
        canvas.blob(outline, person.coat)
        shift = 5 * pose.turn
        if person.kind in ("jacket", "coat"):
            tip = at(shift * 1.2, 0.48)
            canvas.polygon([at(shift - 5, -0.05), at(shift + 5, -0.05), tip], person.trim)
            canvas.line([at(shift * 1.2, 0.5), at(shift * 1.2, 1)], 1.6, shade(person.coat, -0.35))
        else:
            collar = [at(-6, -0.06), at(0, 0.14), at(6, -0.06)]
            canvas.line(collar, 4, person.trim)


def skirt(canvas: Canvas, person: Person, pose: Pose) -> None:
    """A skirt, robe or coat tails from the waist to the hem, an apron on some."""
    across, down = axis(pose)
    hip = np.asarray(pose.hip) - down * 7
    (x0, y0), (x1, y1) = pose.hem
    left, right = hip - across * 8 * person.bulk, hip + across * 8 * person.bulk
    if person.kind == "coat":
        y0, y1 = (y0 + pose.hip[1]) / 2, (y1 + pose.hip[1]) / 2
    with canvas.part("round"):
        d = f"M{left[0]} {left[1]}Q{(left[0] + x0) / 2 - 3} {(left[1] + y0) / 2 - 4} {x0} {y0}"
        d += f"Q{(x0 + x1) / 2} {max(y0, y1) + 4} {x1} {y1}"
        d += f"Q{(right[0] + x1) / 2 + 3} {(right[1] + y1) / 2 - 4} {right[0]} {right[1]}Z"
        canvas.path(d, person.coat)
        canvas.line(
            [(x0, y0), ((x0 + x1) / 2, max(y0, y1) + 2), (x1, y1)], 2.4, shade(person.coat, -0.3)
        )


def arm(canvas: Canvas, person: Person, pose: Pose, side: int) -> None:
    """One arm: the far one, 0, or the near one, 1."""
    across, down = axis(pose)
    sign = 1 if side == 0 else -1
    shoulder = np.asarray(pose.neck) + across * 8.5 * sign * person.bulk + down * 5
    elbow, hand_at = pose.arms[side]
    colour = shade(person.coat, -0.18) if side == 0 else shade(person.coat, 0.1)
    limb(canvas, [(float(shoulder[0]), float(shoulder[1])), elbow, hand_at], 7.4, colour)
    hand(canvas, person, *hand_at)


def hand(canvas: Canvas, person: Person, x: float, y: float, size: float = 4.2) -> None:
    """A hand."""
    canvas.oval(x, y, size, size, person.skin, form="skin")


def leg(canvas: Canvas, person: Person, pose: Pose, side: int) -> None:
    """One leg with its shoe: the far one, 0, or the near one, 1."""
    knee, foot = pose.legs[side]
    sign = 4 if side == 0 else -4
    colour = shade(person.legs, -0.2) if side == 0 else person.legs
    limb(canvas, [(pose.hip[0] + sign * 0.8, pose.hip[1] - 1), knee, foot], 8.4, colour)
    toe = 3.0 if pose.turn >= 0 else -3.0
    canvas.oval(foot[0] + toe, foot[1], 6.4, 3.6, person.shoes, form="solid")


def limb(canvas: Canvas, points: Sequence[Point], width: float, colour: Colour) -> None:
    """A limb bent at its middle joint."""
    canvas.line(points, width, colour, "round")


def placed(
    canvas: Canvas,
    person: Person,
    pose: Pose,
    x: float,
    y: float,
    size: float,
    mirrored: bool = False,
    shadow: Colour = (134, 176, 96),
) -> None:
    """A figure with its feet at a point, over a shadow on the ground, by default on grass."""
    with canvas.background():
        canvas.oval(x, y, 17 * size, 3.2 * size, shadow, form="flat")
    with canvas.frame(x, y, size, mirrored=mirrored):
        figure(canvas, person, pose)
