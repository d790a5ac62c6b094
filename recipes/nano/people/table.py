"""Meals: a family around its dinner table."""

from recipes.nano.drawing.canvas import Canvas, shade
from recipes.nano.people.casts import boy, girl, man, woman
from recipes.nano.people.faces import Person
from recipes.nano.people.figures import Pose, arm, face, leg, trunk
from recipes.nano.people.rooms import WOOD, candle, painting, room, scene, window
from recipes.nano.people.tableware import CLOTH, cloth, jug, plate, roast


def dinner(canvas: Canvas) -> None:
    """Father, mother and children around a laid table."""
    room(canvas, 26)
    layout = canvas.choice((behind_the_table, at_both_ends, carving))
    with scene(canvas, low=0.94, high=1.02):
        layout(canvas)


def family(canvas: Canvas) -> tuple[Person, Person, Person, Person]:
    """Father, mother, son and daughter of one skin."""
    father = man(canvas, beard=canvas.choice(("full", "full", "moustache")))
    mother = woman(
        canvas, skin=father.skin, hair=father.hair, hat=canvas.choice(("none", "none", "mob"))
    )
    son = boy(canvas, skin=father.skin, hair=father.hair)
    return father, mother, son, girl(canvas, skin=father.skin, hair=father.hair)


def eater(canvas: Canvas, person: Person, x: float, size: float, turn: float, edge: float) -> None:
    """A person behind the table: trunk and head; the arms come after the table."""
    with canvas.frame(x, edge, size):
        pose = Pose(neck=(0, -27), hip=(0, 12), turn=turn, nod=0.2)
        trunk(canvas, person, pose)
        face(canvas, person, pose)


def arms(canvas: Canvas, person: Person, x: float, size: float, edge: float) -> None:
    """The arms of that person, the hands on the cloth."""
    with canvas.frame(x, edge, size):
        pose = Pose(
            neck=(0, -27), hip=(0, 12), arms=(((15, -4), (11, 6)), ((-15, -4), (-11, 6))), turn=0.2
        )
        for side in (0, 1):
            arm(canvas, person, pose, side)


def behind_the_table(canvas: Canvas) -> None:
    """All sit behind the table and look at the roast."""
    father, mother, son, daughter = family(canvas)
    number = canvas.choice((3, 4))
    seats = [(father, 0.98, 0.5), (son, 0.8, 0.3), (daughter, 0.8, -0.3), (mother, 0.98, -0.5)]
    if number == 3:
        seats = [
            (father, 1.06, 0.4),
            (canvas.choice((son, daughter)), 0.82, 0.0),
            (mother, 1.06, -0.4),
        ]
    edge = 60
    places = [16, 39.5, 61, 84] if number == 4 else [21, 50, 79]
    for (person, size, turn), x in zip(seats, places, strict=True):
        eater(canvas, person, x, size, turn, edge)
    cloth(canvas, -1, 101, edge, 90)
    for (person, size, _), x in zip(seats, places, strict=True):
        arms(canvas, person, x, size, edge)
    for x in (places[0], places[-1]):
        plate(canvas, x, edge + 13)
    middle = (places[0] + places[-1]) / 2
    if number == 3:
        roast(canvas, middle, edge + 13, 1.0)
        candle(canvas, 34, edge + 8, 0.9)
        jug(canvas, 67, edge + 8)
    else:
        roast(canvas, middle, edge + 14, 0.9)
        candle(canvas, 29 if canvas.chance(0.5) else 71, edge + 10, 0.9)


def chair(canvas: Canvas, x: float, y: float) -> None:
    """A wooden chair from the side, facing right, its seat's middle at a point."""
    canvas.line([(x - 11, y - 34), (x - 9, y)], 3.6, shade(WOOD, -0.3))
    canvas.stroke(
        f"M{x - 9} {y}L{x + 9} {y}L{x + 9} 98M{x - 9} {y}L{x - 10} 98", 3.4, shade(WOOD, -0.3)
    )


def sitter(canvas: Canvas, person: Person, x: float, y: float, size: float, mirrored: bool) -> None:
    """A whole person on a chair from the side, the hands towards the table."""
    pose = Pose(
        neck=(2, -38),
        hip=(-1, 0),
        arms=(((14, -17), (25, -15)), ((8, -12), (21, -11))),
        legs=(((21, -3), (21, 23)), ((18, -1), (17, 23))),
        hem=((6, 22), (27, 21)),
        turn=0.75,
        nod=0.2,
    )
    with canvas.frame(x, y, 1.0, mirrored=mirrored):
        with canvas.frame(0, 0):
            chair(canvas, 0, 1)
        with canvas.frame(0, 0, size):
            arm(canvas, person, pose, 0)
            for side in (0, 1):
                leg(canvas, person, pose, side)
            trunk(canvas, person, pose)
            if person.kind == "dress":
                gown(canvas, person)
            face(canvas, person, pose)
            arm(canvas, person, pose, 1)


def gown(canvas: Canvas, person: Person) -> None:
    """The skirt of a woman who sits, facing right."""
    with canvas.part("round"):
        canvas.path("M-10 -8Q-12 3 -4 6L10 8L7 22Q18 26 28 22L27 2Q22 -8 8 -9Z", person.coat)
        canvas.stroke("M8 22Q18 25 27 21", 2.4, shade(person.coat, -0.3))


def at_both_ends(canvas: Canvas) -> None:
    """Father and mother at the ends of the table, children behind it."""
    father, mother, son, daughter = family(canvas)
    children = [(canvas.choice((son, daughter)), 50.0)]
    if canvas.chance(0.5):
        window(canvas, 36, 3, 28, 20, canvas.chance(0.5))
    else:
        painting(canvas, 38, 3, 24)
    edge = 62
    for child, x in children:
        eater(canvas, child, x, 0.82, (50 - x) / 40, edge)
    for side in (0, 1):
        canvas.rectangle(30 + 36 * side, edge + 8, 4, 30, shade(WOOD, -0.1))
    canvas.path(
        f"M26 {edge}L74 {edge}L77 {edge + 9}L23 {edge + 9}Z", canvas.choice(CLOTH), "flat", 0
    )
    canvas.path(
        f"M23 {edge + 9}L77 {edge + 9}L77 {edge + 18}q-9 4 -18 0q-9 4 -18 0q-9 4 -18 0Z",
        (222, 214, 204),
        "flat",
        90,
    )
    for child, x in children:
        arms(canvas, child, x, 0.78, edge)
    sitter(canvas, father, 13, 75, 1.0, False)
    sitter(canvas, mother, 87, 75, 1.0, True)
    plate(canvas, 34, edge + 5)
    plate(canvas, 66, edge + 5)
    roast(canvas, 50, edge + 6, 0.8)
    candle(canvas, 74 if canvas.chance(0.5) else 27, edge + 2, 0.7)


def carving(canvas: Canvas) -> None:
    """Father stands and carves the roast while mother and a child watch."""
    father, mother, son, daughter = family(canvas)
    child = canvas.choice((son, daughter))
    edge = 62
    with canvas.frame(50, edge, 1.0):
        pose = Pose(neck=(0, -32), hip=(0, 12), turn=0.1, nod=0.8, mood="smile")
        trunk(canvas, father, pose)
        face(canvas, father, pose)
    eater(canvas, mother, 18, 1.0, 0.5, edge)
    eater(canvas, child, 82, 0.84, -0.5, edge)
    cloth(canvas, -1, 101, edge, 91)
    arms(canvas, mother, 18, 1.0, edge)
    arms(canvas, child, 82, 0.84, edge)
    roast(canvas, 50, edge + 13, 0.95)
    canvas.polygon([(60, 58), (58.4, 61), (49, 70), (56, 58)], (210, 216, 224))
    with canvas.frame(50, edge, 1.0):
        pose = Pose(
            neck=(0, -33), hip=(0, 12), arms=(((17, -12), (10, -3)), ((-17, -12), (-13, 0)))
        )
        for side in (0, 1):
            arm(canvas, father, pose, side)
    plate(canvas, 20, edge + 13)
    plate(canvas, 81, edge + 13)
    candle(canvas, 70.5, edge + 13, 0.9)
