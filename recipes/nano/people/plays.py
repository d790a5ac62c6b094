"""Scenes of plays by Shakespeare on a stage."""

from dataclasses import replace

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.people.casts import CLOTHES, man, woman
from recipes.nano.people.costumes import actor, gallant, monarch, queen, ruff
from recipes.nano.people.faces import GREYS
from recipes.nano.people.figures import Pose, arm, face, hand, skirt, trunk
from recipes.nano.people.rooms import scene
from recipes.nano.people.theatre import CURTAINS, STONE, cauldron, drop, house, rail, skull, sword


def play(canvas: Canvas) -> None:
    """Actors in costume on a stage."""
    drop(canvas)
    layout = canvas.choice((hamlet, balcony, duel, witches, court))
    with scene(canvas, low=0.96, high=1.0):
        layout(canvas)
    house(canvas)


def hamlet(canvas: Canvas) -> None:
    """Hamlet, in black, with the skull in his hand, beside a king or a lady."""
    black: Colour = (52, 48, 62)
    prince = man(
        canvas,
        beard="none",
        coat=black,
        legs=(78, 72, 88),
        trim=(160, 150, 170),
        style=canvas.choice(("short", "long")),
    )
    pose = Pose(
        arms=(((17, -64), (29, -74)), ((-15, -58), (-3, -52))),
        legs=(((9, -22), (12, -3)), ((-5, -22), (-9, -2))),
        turn=0.7,
        mood="stern",
    )
    other = monarch(canvas) if canvas.chance(0.6) else queen(canvas)
    back = Pose(arms=(((14, -58), (4, -50)), ((-16, -62), (-22, -72))), turn=0.5, mood="stern")
    actor(canvas, other, back, 76, 87, 0.66, mirrored=True)
    actor(canvas, prince, pose, 33, 90, 0.76, cloak=canvas.choice((black, (120, 40, 54))))
    with canvas.frame(33, 90, 0.76):
        skull(canvas, 31, -85, 1.15)
        hand(canvas, prince, 30, -75, 4.4)


def balcony(canvas: Canvas) -> None:
    """A lady on her balcony, her lover below with his arms spread."""
    with canvas.part("flat", angle=0):
        canvas.rectangle(47, 8, 60, 86, STONE)
        for x, y in ((54, 74), (72, 79), (58, 86), (78, 70), (74, 90)):
            canvas.rectangle(x, y, 10, 3, shade(STONE, -0.16))
    canvas.path("M53 54L53 30Q66 4 80 30L80 54Z", (104, 98, 120), "flat")
    lady = queen(canvas)
    lady = replace(lady, hat="none", style=canvas.choice(("long", "bun")))
    pose = Pose(arms=(((16, -58), (10, -50)), ((-14, -58), (-4, -50))), turn=0.6, nod=0.5, tilt=8)
    with canvas.frame(66, 86, 0.74, mirrored=True):
        arm(canvas, lady, pose, 0)
        trunk(canvas, lady, pose)
        face(canvas, lady, pose)
        ruff(canvas, 0, -75.5)
    rail(canvas)
    with canvas.frame(66, 86, 0.74, mirrored=True):
        arm(canvas, lady, pose, 1)
    lover = gallant(canvas, canvas.choice(CLOTHES))
    plea = Pose(
        neck=(1, -76),
        arms=(((17, -68), (28, -78)), ((-2, -56), (7, -62))),
        legs=(((10, -22), (14, -3)), ((-6, -22), (-11, -2))),
        turn=0.7,
        nod=-0.7,
        tilt=-12,
    )
    actor(canvas, lover, plea, 28, 91, 0.68, cloak=canvas.choice(CURTAINS))


def duel(canvas: Canvas) -> None:
    """Two men fight with swords."""
    lunge = Pose(
        neck=(5, -70),
        hip=(-2, -38),
        arms=(((16, -56), (24, -58)), ((-14, -72), (-20, -86))),
        legs=(((17, -24), (21, -3)), ((-12, -20), (-22, -2))),
        turn=0.7,
        mood="stern",
    )
    colours = [canvas.choice(CURTAINS), canvas.choice(((52, 72, 140), (46, 100, 84), (60, 60, 76)))]
    for i, (x, mirrored) in enumerate(((27, False), (74, True))):
        person = gallant(canvas, colours[i])
        actor(
            canvas,
            person,
            lunge,
            x,
            90,
            0.78,
            mirrored,
            shade(colours[1 - i], -0.1) if canvas.chance(0.7) else None,
        )
        with canvas.frame(x, 90, 0.78, mirrored=mirrored):
            sword(canvas, (24, -57), (39, -97 + 2 * i))
            hand(canvas, person, 24, -58, 4.6)


def witches(canvas: Canvas) -> None:
    """Two or three witches about a cauldron."""
    dark = canvas.choice(((64, 58, 82), (58, 70, 66), (84, 62, 60)))
    for x, y, size, mirrored in ((24, 88, 0.68, False), (77, 88, 0.68, True)):
        crone = woman(
            canvas,
            style="long",
            hair=canvas.choice(GREYS),
            kind="robe",
            hat=canvas.choice(("witch", "witch", "hood")),
            coat=dark,
            felt=shade(dark, -0.3),
            trim=(150, 120, 60),
        )
        pose = Pose(
            neck=(4, -70),
            hip=(0, -38),
            arms=(((20, -62), (32, -60)), ((14, -66), (24, -80))),
            turn=0.7,
            mood="laugh",
        )
        with canvas.frame(x, y, size, mirrored=mirrored):
            arm(canvas, crone, pose, 0)
            trunk(canvas, crone, pose)
            skirt(canvas, crone, pose)
            face(canvas, crone, pose)
            arm(canvas, crone, pose, 1)
    cauldron(canvas, 50, 92)


def court(canvas: Canvas) -> None:
    """A king gives orders to a man who kneels, or to a queen."""
    king = monarch(canvas)
    point = Pose(arms=(((17, -62), (31, -68)), ((-15, -58), (-17, -44))), turn=0.6, mood="stern")
    actor(canvas, king, point, 31, 89, 0.68)
    if canvas.chance(0.5):
        reply = Pose(arms=(((16, -60), (28, -56)), ((8, -58), (2, -64))), turn=0.6)
        actor(canvas, replace(queen(canvas), hat="crown"), reply, 71, 89, 0.67, mirrored=True)
        return
    kneel = Pose(
        neck=(6, -54),
        hip=(0, -22),
        arms=(((19, -48), (27, -56)), ((14, -42), (23, -48))),
        legs=(((18, -21), (18, -3)), ((4, -5), (-17, -4))),
        turn=0.7,
        nod=-0.5,
        tilt=-8,
    )
    actor(
        canvas,
        gallant(canvas, canvas.choice(CLOTHES)),
        kneel,
        73,
        90,
        0.74,
        mirrored=True,
        cloak=canvas.choice(CURTAINS),
    )
