"""Actors in the costumes of Shakespeare's time."""

from dataclasses import replace

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.people.casts import CLOTHES, man, woman
from recipes.nano.people.faces import GOLD, GREYS, INK, WHITE, Person
from recipes.nano.people.figures import Pose, arm, face, leg, skirt, trunk


def ruff(canvas: Canvas, x: float, y: float) -> None:
    """A white ruff about a neck."""
    with canvas.part("round"):
        for i in range(-3, 4):
            canvas.oval(x + 3.6 * i, y + 0.32 * (9 - i * i) * 0.4, 3.3, 3.6, WHITE)


def breeches(canvas: Canvas, person: Person, pose: Pose) -> None:
    """Puffed breeches with stripes of the trim."""
    x, y = pose.hip
    with canvas.part("round"):
        for side in (-1, 1):
            canvas.oval(x + 6 * side, y + 2, 8, 8.6, person.coat)
            for dx in (-3.4, 2.6):
                canvas.stroke(
                    f"M{x + 6 * side + dx} {y - 4}L{x + 6 * side + dx * 1.3} {y + 8}",
                    1.8,
                    person.trim,
                )


def cape(canvas: Canvas, pose: Pose, colour: Colour) -> None:
    """A cape hanging behind."""
    (x, y), (hx, hy) = pose.neck, pose.hip
    d = f"M{x - 9} {y + 2}Q{hx - 24} {hy - 4} {hx - 25} {hy + 24}"
    d += f"Q{hx - 8} {hy + 29} {hx + 12} {hy + 24}L{x + 9} {y + 2}Z"
    canvas.path(d, colour)


def actor(
    canvas: Canvas,
    person: Person,
    pose: Pose,
    x: float,
    y: float,
    size: float,
    mirrored: bool = False,
    cloak: Colour | None = None,
) -> None:
    """An actor in doublet and hose, or in a gown or robe, with a ruff."""
    with canvas.frame(x, y, size, mirrored=mirrored):
        if cloak:
            cape(canvas, pose, cloak)
        arm(canvas, person, pose, 0)
        if person.kind == "jacket":
            for side in (0, 1):
                leg(canvas, person, pose, side)
        trunk(canvas, person, pose)
        if person.kind == "jacket":
            breeches(canvas, person, pose)
        else:
            skirt(canvas, person, pose)
        if person.kind == "robe":
            arm(canvas, person, pose, 1)
            ermine(canvas, pose)
            face(canvas, person, pose)
            return
        face(canvas, person, pose)
        ruff(canvas, pose.neck[0], pose.neck[1] + 0.5)
        arm(canvas, person, pose, 1)


def ermine(canvas: Canvas, pose: Pose) -> None:
    """A king's collar of ermine with dark spots."""
    x, y = pose.neck
    with canvas.part("round"):
        canvas.path(
            f"M{x - 7} {y - 2}Q{x - 15} {y + 5} {x - 13} {y + 10}"
            f"Q{x} {y + 17} {x + 13} {y + 10}Q{x + 15} {y + 5} {x + 7} {y - 2}Z",
            WHITE,
        )
        for dx, dy in ((-8, 6), (0, 9), (8, 6)):
            canvas.oval(x + dx, y + dy, 1.3, 1.7, INK)


def gallant(canvas: Canvas, coat: Colour) -> Person:
    """A young man in doublet and hose."""
    hose = canvas.choice(((236, 226, 204), (120, 110, 140), (200, 170, 90)))
    hat = canvas.choice(("none", "plumed"))
    beard = canvas.choice(("none", "moustache"))
    own = man(canvas, beard=beard, hat=hat, coat=coat, legs=hose, trim=GOLD, felt=shade(coat, -0.2))
    return replace(own, trim=WHITE if hat == "plumed" else GOLD)


def monarch(canvas: Canvas) -> Person:
    """A bearded king in a robe."""
    own = man(canvas, beard="full", hat="crown", kind="robe", trim=GOLD)
    robe = canvas.choice(((150, 40, 60), (96, 56, 120), (52, 72, 140)))
    return replace(own, coat=robe, hair=canvas.choice((*GREYS, own.hair)))


def queen(canvas: Canvas) -> Person:
    """A lady in a gown, maybe crowned."""
    return woman(
        canvas, hat=canvas.choice(("crown", "none")), coat=canvas.choice(CLOTHES), trim=WHITE
    )
