"""Single figures: a woman with an umbrella, an old woman, a soldier, a fisherman."""

from dataclasses import replace

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.people.casts import BRIGHT, CLOTHES, man, woman
from recipes.nano.people.faces import GREYS, INK, WHITE, Person
from recipes.nano.people.figures import Pose, arm, face, hand, placed, trunk
from recipes.nano.people.parks import fence, park, path_across, tree
from recipes.nano.people.rooms import drapes, room, scene, window


def woman_with_umbrella(canvas: Canvas) -> None:
    """A woman under an umbrella, in rain or sun."""
    park(canvas, 34)
    rain = canvas.chance(0.6)
    with scene(canvas):
        path_across(canvas, 84)
        tree(canvas, 88, 68, 0.8)
        lady = woman(
            canvas,
            coat=canvas.choice(CLOTHES),
            hat=canvas.choice(("bonnet", "none", "straw")),
            felt=canvas.choice(BRIGHT),
        )
        pose = Pose(
            arms=(((16, -62), (17, -74)), ((-14, -58), (-9, -44))), hem=((-21, -4), (20, -4))
        )
        if rain:
            with canvas.background():
                for i in range(14):
                    x, y = (17 * i) % 100, (37 * i) % 80
                    canvas.stroke(f"M{x} {y}l-2 8", 1.1, (120, 150, 190))
        placed(canvas, lady, pose, 45, 95, 0.74)
        umbrella(canvas, 58, 95 - 74 * 0.74, canvas.choice(BRIGHT))
        hand(canvas, lady, 57.6, 40, 3.4)


def umbrella(canvas: Canvas, x: float, y: float, colour: Colour) -> None:
    """An open umbrella, its grip at a point."""
    canvas.stroke(f"M{x} {y + 8}L{x - 6} {y - 24}", 2.2, (88, 60, 44))
    with canvas.frame(x - 6, y - 24, 1.0, turn=-8), canvas.part("round"):
        canvas.path(
            "M-36 4Q-32 -18 0 -19Q32 -18 36 4"
            "Q30 -1 24 4Q18 -1 12 4Q6 -1 0 4Q-6 -1 -12 4Q-18 -1 -24 4Q-30 -1 -36 4Z",
            colour,
        )
        canvas.path("M-12 4Q-11 -14 0 -19Q11 -14 12 4Q6 -1 0 4Q-6 -1 -12 4Z", shade(colour, 0.3))
        canvas.stroke("M0 -19L0 -22", 2, (88, 60, 44))


def old_woman(canvas: Canvas) -> None:
    """An old woman: with a stick on a path, or knitting in a chair."""
    crone = woman(
        canvas,
        hair=canvas.choice(GREYS),
        style="bun",
        hat=canvas.choice(("mob", "hood", "bonnet")),
        felt=canvas.choice(CLOTHES),
        trim=WHITE,
    )
    if canvas.chance(0.5):
        park(canvas, 38)
        with scene(canvas):
            path_across(canvas, 82)
            fence(canvas, 68)
            stoop = Pose(
                neck=(9, -66),
                hip=(0, -38),
                arms=(((20, -52), (27, -44)), ((4, -48), (16, -42))),
                turn=0.7,
                hem=((-19, -4), (16, -4)),
                nod=0.3,
            )
            placed(canvas, crone, stoop, 45, 95, 0.94)
            canvas.stroke("M71 52L74 95", 2.8, (96, 64, 44))
            hand(canvas, crone, 70.6, 53.6, 3.8)
    else:
        room(canvas, 22)
        with scene(canvas):
            window(canvas, 62, 10, 26, 32, False)
            drapes(canvas, 62, 10, 26, 32, canvas.choice(BRIGHT))
            knitter(canvas, crone)


def knitter(canvas: Canvas, crone: Person) -> None:
    """The old woman in an armchair with her knitting."""
    canvas.path("M20 96L20 42Q22 26 44 26Q66 26 68 42L68 96Z", (150, 84, 74))
    pose = Pose(
        neck=(0, -36),
        hip=(0, 0),
        arms=(((17, -16), (9, -10)), ((-17, -16), (-9, -10))),
        turn=0.2,
        nod=0.8,
        mood="down",
    )
    with canvas.frame(44, 72, 0.98):
        trunk(canvas, crone, pose)
        canvas.path("M-11 -6Q-22 8 -21 25Q0 30 21 25Q22 8 11 -6Z", crone.coat)
        face(canvas, crone, pose)
        canvas.path("M-9 -10L9 -10L11 10L-7 12Z", (226, 180, 80), "hair")
        for side in (0, 1):
            arm(canvas, crone, pose, side)
        canvas.stroke("M-10 -10L8 -22M10 -10L-8 -22", 1.8, (240, 238, 232))
        canvas.oval(32, 20, 6.4, 6.4, (206, 80, 84), form="hair")


def soldier(canvas: Canvas) -> None:
    """A soldier in a red or blue coat with his musket."""
    park(canvas, 34)
    coat: Colour = canvas.choice(((200, 48, 52), (52, 76, 150)))
    guard = man(
        canvas,
        hat="shako",
        coat=coat,
        legs=(236, 232, 222),
        beard=canvas.choice(("moustache", "none", "chops")),
        trim=(252, 250, 244),
    )
    with scene(canvas):
        if canvas.chance(0.5):
            with canvas.background():
                canvas.polygon([(4, 70), (24, 34), (44, 70)], (240, 234, 220))
        pose = Pose(arms=(((15, -60), (13, -46)), ((-15, -58), (-13, -44))), mood="stern", turn=0.3)
        placed(canvas, guard, pose, 48, 95, 0.72)
        canvas.stroke(f"M{57.4} 94L58.6 40", 3, (112, 74, 48))
        canvas.stroke("M58.4 48L59.6 16", 2, (120, 126, 138))
        hand(canvas, guard, 57.6, 62, 3.4)
        canvas.line([(41, 45), (48, 56), (54, 66)], 2.4, WHITE)


def fisherman(canvas: Canvas) -> None:
    """A fisherman with his rod and a fish, by the water."""
    with canvas.background():
        canvas.band(-1, canvas.h - 44, (206, 228, 244), (236, 244, 250))
        canvas.band(canvas.h - 46, canvas.h - 14, (150, 194, 216), (176, 212, 226))
        canvas.band(canvas.h - 16, canvas.h + 1, (222, 204, 160))
    oilskin: Colour = canvas.choice(((226, 178, 50), (62, 92, 120), (96, 112, 88)))
    angler = man(
        canvas,
        beard="full",
        hat="souwester",
        felt=oilskin,
        coat=oilskin,
        kind="coat",
        legs=(86, 80, 90),
        trim=(60, 80, 130),
    )
    angler = replace(angler, hair=canvas.choice((*GREYS, angler.hair)))
    with scene(canvas):
        pose = Pose(
            arms=(((16, -60), (25, -58)), ((-16, -58), (-20, -46))),
            hem=((-15, -18), (15, -18)),
            turn=0.6,
        )
        placed(canvas, angler, pose, 42, 95, 0.8, shadow=(192, 172, 130))
        canvas.stroke("M56 62L90 8", 2.2, (120, 80, 48))
        canvas.stroke("M90 8L92 66", 1.2, (90, 90, 96))
        canvas.oval(92, 67, 2.4, 2.4, (210, 60, 56))
        hand(canvas, angler, 62, 49, 3.8)
        fish(canvas, 25, 68)


def fish(canvas: Canvas, x: float, y: float) -> None:
    """A fish hanging by its mouth."""
    with canvas.part("round"):
        canvas.path(
            f"M{x} {y - 9}Q{x + 6} {y} {x} {y + 10}l5 5l-10 0l5 -5Q{x - 6} {y} {x} {y - 9}Z",
            (120, 146, 168),
        )
        canvas.oval(x + 0.8, y - 4, 1.2, 1.2, INK)
