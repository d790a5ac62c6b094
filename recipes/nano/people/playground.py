"""Parks with children at play: with balls, hoops, swings, kites and seesaws."""

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.people.casts import BRIGHT, boy, girl
from recipes.nano.people.figures import Pose, placed
from recipes.nano.people.parks import bench, fence, park, path_across, tree
from recipes.nano.people.rooms import scene
from recipes.nano.people.swings import seesaw, swing

BALL: Colour = (222, 70, 60)


RUN = Pose(
    neck=(7, -62),
    hip=(0, -34),
    arms=(((19, -52), (27, -62)), ((-6, -50), (-17, -48))),
    legs=(((-10, -20), (-26, -18)), ((13, -22), (17, -3))),
    hem=((-17, -18), (16, -22)),
    turn=0.7,
    mood="laugh",
)


CHEER = Pose(
    neck=(0, -64),
    hip=(0, -34),
    arms=(((16, -68), (20, -84)), ((-16, -68), (-20, -84))),
    legs=(((8, -18), (11, -2)), ((-8, -18), (-11, -2))),
    hem=((-17, -17), (17, -17)),
    turn=0.4,
    mood="laugh",
)


def playing_children(canvas: Canvas) -> None:
    """Two or three children at play in a park."""
    park(canvas, 44 + canvas.jitter(5))
    layout = canvas.choice((ball_game, hoop_and_rope, swing, kite, seesaw, ring))
    with scene(canvas):
        layout(canvas)


def surroundings(canvas: Canvas, x: float) -> None:
    """A path, and a bench, tree or fence behind the children."""
    if canvas.chance(0.4):
        fence(canvas, 64)
    else:
        bench(canvas, x, 67, 0.95)
    path_across(canvas, 84)


def ball(canvas: Canvas, x: float, y: float, radius: float) -> None:
    """A ball with a stripe."""
    colour = canvas.choice((BALL, (60, 110, 190), (232, 170, 50)))
    with canvas.part("round"):
        canvas.oval(x, y, radius, radius, colour)
        canvas.oval(x, y, radius * 0.36, radius, (252, 246, 230), turn=30)


def ball_game(canvas: Canvas) -> None:
    """Two children run after a ball."""
    if canvas.chance(0.6):
        tree(canvas, 8, 72, 0.95)
        surroundings(canvas, 62)
    else:
        path_across(canvas, 80)
        tree(canvas, 94, 70, 0.9)
    placed(canvas, girl(canvas), RUN, 24, 90, 0.76)
    placed(canvas, boy(canvas), RUN, 57, 94, 0.8)
    ball(canvas, 89, 88 + canvas.jitter(4), 8)


def hoop_and_rope(canvas: Canvas) -> None:
    """A boy drives a hoop; a girl skips with a rope."""
    surroundings(canvas, 84)
    tree(canvas, 50, 66, 0.85)
    skip = Pose(
        neck=(0, -68),
        hip=(0, -38),
        arms=(((15, -54), (22, -50)), ((-15, -54), (-22, -50))),
        legs=(((6, -22), (4, -10)), ((-6, -22), (-4, -10))),
        hem=((-17, -20), (17, -20)),
        turn=0.3,
        mood="laugh",
    )
    d = "M4 58Q-4 4 24 2Q52 4 44 58" if canvas.chance(0.5) else "M5 56Q4 97 24 97Q44 97 43 56"
    canvas.stroke(d, 1.6, (122, 72, 50))
    placed(canvas, girl(canvas), skip, 24, 92, 0.78)
    placed(canvas, boy(canvas), RUN, 59, 95, 0.72)
    ring_of_wood = "M86 70A12 12 0 1 1 85.9 70Z"
    canvas.stroke(ring_of_wood, 2.8, (168, 100, 48))
    canvas.stroke("M78 50L85 62", 2, (110, 70, 44))


def kite(canvas: Canvas) -> None:
    """A boy flies a kite, another child cheers."""
    tree(canvas, 8, 70, 0.8)
    surroundings(canvas, 70)
    colour = canvas.choice(BRIGHT)
    canvas.line([(78, 24), (64, 36), (45, 38.6)], 1.4, (110, 96, 90))
    with canvas.frame(83, 19, 1.2, turn=-16):
        canvas.line([(0, 16), (5, 22), (-3, 28), (3, 35)], 1.8, (200, 80, 70))
        with canvas.part("flat"):
            canvas.polygon([(0, -17), (12, -3), (0, 17), (-12, -3)], colour)
            canvas.polygon([(0, -17), (12, -3), (0, -3)], shade(colour, 0.55))
            canvas.polygon([(0, 17), (-12, -3), (0, -3)], shade(colour, 0.55))
    fly = Pose(
        neck=(0, -64),
        hip=(0, -34),
        arms=(((14, -60), (24, -68)), ((10, -54), (20, -58))),
        legs=(((9, -18), (13, -2)), ((-6, -18), (-10, -2))),
        hem=((-16, -18), (16, -18)),
        turn=0.7,
        nod=-0.8,
        tilt=-10,
        mood="laugh",
    )
    placed(canvas, boy(canvas), fly, 26, 93, 0.8)
    placed(canvas, girl(canvas), CHEER if canvas.chance(0.4) else RUN, 66, 97, 0.64)


def ring(canvas: Canvas) -> None:
    """Three children dance hand in hand."""
    tree(canvas, 10, 64, 0.8)
    bench(canvas, 80, 66, 0.9)
    path_across(canvas, 78, 20)
    for person, x, y, turn in (
        (girl(canvas), 18, 90, 0.4),
        (boy(canvas), 50, 95, 0.0),
        (girl(canvas), 82, 90, -0.4),
    ):
        pose = Pose(
            neck=(0, -64),
            hip=(0, -34),
            arms=(((13, -56), (21, -60)), ((-13, -56), (-21, -60))),
            legs=(((9, -20), (4 + 8 * turn, -5)), ((-8, -18), (-10, -2))),
            hem=((-17, -17), (17, -17)),
            turn=turn,
            mood="laugh",
        )
        placed(canvas, person, pose, x, y, 0.77)
