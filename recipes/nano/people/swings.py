"""Children on a swing and on a seesaw."""

from recipes.nano.drawing.canvas import Canvas, shade
from recipes.nano.people.casts import boy, child, girl
from recipes.nano.people.faces import Person
from recipes.nano.people.figures import Pose, figure, placed
from recipes.nano.people.parks import bench, fence, path_across, tree
from recipes.nano.people.rooms import WOOD

SIT = Pose(
    neck=(-8, -33),
    hip=(0, 0),
    arms=(((3, -22), (14, -34)), ((-4, -19), (8, -28))),
    legs=(((17, -5), (28, 10)), ((16, -2), (25, 14))),
    hem=((13, 11), (24, -4)),
    turn=0.6,
    mood="laugh",
)


def lap(canvas: Canvas, person: Person) -> None:
    """The skirt of a girl who sits, facing right."""
    if person.kind == "dress":
        d = "M-9 -8Q-12 3 -4 6L17 8Q21 8 22 3L22 -5Q16 -9 6 -9Z"
        canvas.path(d, shade(person.coat, -0.08))


def bough(canvas: Canvas) -> None:
    """An old tree whose bough reaches over the lawn."""
    with canvas.background():
        canvas.path("M2 94Q8 60 4 12L14 8Q16 60 24 94Z", (146, 110, 78), "round", 90)
        canvas.path("M8 20Q50 8 96 14L96 18Q50 16 12 30Z", (146, 110, 78))
        with canvas.part("round"):
            for x, y, r in ((4, 6, 15), (24, 2, 15), (46, 0, 13), (68, 2, 13), (90, 4, 15)):
                canvas.oval(x, y, r * 1.15, r, (122, 178, 100))


def frame_of_posts(canvas: Canvas) -> None:
    """A swing's frame: a beam on two pairs of posts."""
    tree(canvas, 12, 64, 0.8)
    with canvas.part("flat"):
        for x in (47, 97):
            canvas.stroke(f"M{x} 9L{x - 5} 93M{x} 9L{x + 5} 88", 2.8, (150, 104, 66))
        canvas.stroke("M43 10L101 10", 3.6, (128, 84, 54))


def swing(canvas: Canvas) -> None:
    """A child on a swing under a tree, another one pushes."""
    path_across(canvas, 82)
    if canvas.chance(0.5):
        bench(canvas, 90, 66, 0.8)
    if canvas.chance(0.5):
        bough(canvas)
    else:
        frame_of_posts(canvas)
    rider, pusher = canvas.choice(((girl(canvas), boy(canvas)), (boy(canvas), girl(canvas))))
    push = Pose(
        neck=(5, -62),
        hip=(-2, -34),
        arms=(((20, -58), (36, -56)), ((14, -54), (32, -49))),
        legs=(((-8, -18), (-14, -3)), ((7, -18), (9, -2))),
        hem=((-17, -18), (13, -18)),
        turn=0.7,
    )
    placed(canvas, pusher, push, 27, 94, 0.74)
    with canvas.frame(72, 71, 0.78), canvas.frame(0, 0, turn=-6):
        canvas.stroke("M14 4L14 -76", 2, (132, 84, 52))
        canvas.stroke("M8 4L8 -76", 2, (132, 84, 52))
        figure(canvas, rider, SIT)
        lap(canvas, rider)
        canvas.stroke("M-8 5L18 5", 4, shade(WOOD, -0.25))


def seesaw(canvas: Canvas) -> None:
    """Two children on a seesaw."""
    tree(canvas, 50, 66, 1.05)
    if canvas.chance(0.5):
        fence(canvas, 62)
    path_across(canvas, 86)
    canvas.polygon([(50, 72), (60, 94), (40, 94)], shade(WOOD, -0.3))
    canvas.polygon([(3, 61), (3, 66), (97, 83), (97, 78)], shade(WOOD, 0.05))
    grip = Pose(
        neck=(-2, -32),
        hip=(0, 0),
        arms=(((12, -18), (20, -9)), ((5, -14), (17, -5))),
        legs=(((14, 0), (15, 18)), ((12, 2), (11, 19))),
        hem=((13, 11), (24, -4)),
        turn=0.6,
        mood="laugh",
    )
    for x, y, mirrored, tilt in ((21, 60.5, False, 0), (79, 73, True, 0)):
        person = child(canvas)
        with canvas.frame(x, y, 0.84, mirrored=mirrored, turn=tilt):
            figure(canvas, person, grip)
            lap(canvas, person)
