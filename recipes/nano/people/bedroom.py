"""Bedrooms: a boy reads a book in bed, on the bed's edge, or in a chair beside the bed."""

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.people.bedding import QUILTS, bed_behind, covers, pages, quilt
from recipes.nano.people.casts import boy
from recipes.nano.people.faces import WHITE, Person
from recipes.nano.people.figures import Pose, arm, face, hand, leg, trunk
from recipes.nano.people.rooms import WOOD, candle, drapes, painting, room, scene, window

SHIRTS: tuple[Colour, ...] = ((128, 170, 216), (206, 124, 120), (120, 176, 140), (226, 184, 96))


def reading_boy(canvas: Canvas) -> None:
    """A boy with an open book in his bedroom."""
    night = canvas.chance(0.5)
    room(canvas, 18 + canvas.jitter(3))
    layout = canvas.choice((in_bed, from_the_foot, on_the_edge, in_a_chair))
    with scene(canvas):
        layout(canvas, night)


def table(canvas: Canvas, x: float, y: float) -> None:
    """A night table with a candle, its top at a height."""
    canvas.rectangle(x - 9, y, 18, 3.4, shade(WOOD, 0.1))
    canvas.rectangle(x - 7, y + 3.4, 14, 100 - y, shade(WOOD, -0.15))
    candle(canvas, x, y, 1.05)


def in_bed(canvas: Canvas, night: bool) -> None:
    """The boy sits up in bed, seen from the side, the quilt over his legs."""
    if canvas.chance(0.6):
        window(canvas, 62, 10, 26, 34, night)
        drapes(canvas, 62, 10, 26, 34, canvas.choice(QUILTS))
    else:
        painting(canvas, 60, 14, 26)
    lad = boy(canvas, coat=canvas.choice(SHIRTS), kind="shirt")
    canvas.rectangle(1, 34, 7, 62, shade(WOOD, -0.1), round=2.5)
    canvas.rectangle(6, 80, 88, 9, shade(WOOD, 0.1))
    canvas.rectangle(90, 64, 7, 33, shade(WOOD, -0.1), round=2.5)
    canvas.oval(17, 56, 9, 20, WHITE, turn=12)
    canvas.rectangle(6, 72, 86, 10, (240, 236, 226), round=3, form="round")
    with canvas.frame(30, 82, 1.08):
        pose = Pose(
            neck=(1, -38),
            hip=(0, -4),
            arms=(((16, -20), (37, -19)), ((3, -16), (22, -15))),
            turn=0.75,
            nod=0.7,
            tilt=8,
            mood="down",
        )
        trunk(canvas, lad, pose)
        face(canvas, lad, pose)
        colour = canvas.choice(QUILTS)
        d = "M-8 4Q4 -8 14 -10Q30 -22 40 -12Q52 -6 57 -5L57 11L-8 11Z"
        quilt(canvas, d, colour, ((14, 2), (28, -6), (42, 1), (51, 4)))
        pages(canvas, 31, -15, 1.02, 4)
        arm(canvas, lad, pose, 1)
        hand(canvas, lad, 45, -20, 4)


def from_the_foot(canvas: Canvas, night: bool) -> None:
    """The boy in bed seen from its foot, the book held before him."""
    side = canvas.choice((0, 1))
    window(canvas, 8 + 66 * side, 8, 20, 32, night)
    table(canvas, 90 - 80 * side, 62)
    lad = boy(canvas, coat=canvas.choice(SHIRTS), kind="shirt")
    canvas.path("M17 100L17 34Q34 12 50 12Q66 12 83 34L83 100Z", WOOD, "flat", 90)
    canvas.path("M24 100L24 38Q38 20 50 20Q62 20 76 38L76 100Z", shade(WOOD, 0.24), "flat", 90)
    canvas.oval(50, 50, 25, 13, WHITE)
    reader(canvas, lad, 50, 84, 1.0)
    colour = canvas.choice(QUILTS)
    d = "M15 101L16 80Q30 72 50 76Q70 72 84 80L85 101Z"
    quilt(canvas, d, colour, ((26, 88), (42, 92), (58, 92), (74, 88)))
    hold(canvas, lad, 50, 84, 1.0)


FRONT = Pose(
    neck=(0, -36),
    hip=(0, 0),
    arms=(((18, -18), (13, -12)), ((-18, -18), (-13, -12))),
    turn=0.0,
    nod=1.0,
    mood="down",
)


def reader(canvas: Canvas, lad: Person, x: float, y: float, size: float) -> None:
    """The trunk and head of a boy who looks down, from the front."""
    with canvas.frame(x, y, size):
        trunk(canvas, lad, FRONT)
        face(canvas, lad, FRONT)


def hold(canvas: Canvas, lad: Person, x: float, y: float, size: float) -> None:
    """The arms of that boy, and the book that they hold, its print towards him or towards us."""
    with canvas.frame(x, y, size):
        for side in (0, 1):
            arm(canvas, lad, FRONT, side)
        if canvas.chance(0.5):
            covers(canvas, 0, -4, 1.0, canvas.choice(((150, 40, 44), (40, 74, 120), (50, 96, 60))))
        else:
            pages(canvas, 0, -4, 1.05)
        for side in (-1, 1):
            hand(canvas, lad, 14.6 * side, -9, 4)


def on_the_edge(canvas: Canvas, night: bool) -> None:
    """The boy sits on the edge of his bed, his feet on the floor."""
    if canvas.chance(0.6):
        window(canvas, 8, 8, 22, 30, night)
    painting(canvas, 74, 12, 22)
    bed_behind(canvas, 66)
    lad = boy(canvas, kind="shirt")
    x = 52 + canvas.jitter(4)
    reader(canvas, lad, x, 70, 0.96)
    with canvas.frame(x, 70, 0.96):
        seat = Pose(hip=(0, -1), legs=(((9, 6), (8, 26)), ((-9, 6), (-8, 26))), turn=0.2)
        for side in (0, 1):
            leg(canvas, lad, seat, side)
    hold(canvas, lad, x, 72, 0.96)


def in_a_chair(canvas: Canvas, night: bool) -> None:
    """The boy sits in an armchair, his bed behind it."""
    window(canvas, 62, 8, 24, 30, night)
    with canvas.frame(100, 0, mirrored=True):
        bed_behind(canvas, 58)
    lad = boy(canvas)
    cloth: Colour = canvas.choice(((150, 66, 62), (84, 122, 96), (176, 126, 66)))
    canvas.path("M6 92L4 40Q6 28 20 30Q32 30 31 46L32 92Z", cloth)
    canvas.rectangle(6, 70, 44, 22, shade(cloth, -0.12), round=4, form="round")
    with canvas.frame(27, 74, 0.98):
        pose = Pose(
            neck=(0, -35),
            hip=(0, 0),
            arms=(((17, -16), (35, -16)), ((4, -13), (20, -11))),
            legs=(((25, -4), (28, 20)), ((22, -2), (23, 20))),
            turn=0.75,
            nod=0.8,
            tilt=8,
            mood="down",
        )
        for side in (0, 1):
            leg(canvas, lad, pose, side)
        trunk(canvas, lad, pose)
        face(canvas, lad, pose)
        pages(canvas, 28, -10, 1.0, 4)
        arm(canvas, lad, pose, 1)
        hand(canvas, lad, 42, -14, 4)
    canvas.path("M6 92L5 66Q6 60 16 61Q26 61 27 67L27 92Z", shade(cloth, 0.14))
