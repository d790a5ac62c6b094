"""Single figures in a room: a king on his throne, a cook."""

from dataclasses import replace

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.people.casts import CLOTHES, woman
from recipes.nano.people.costumes import ermine, monarch
from recipes.nano.people.faces import GOLD, WHITE, Person
from recipes.nano.people.figures import Pose, arm, face, hand, placed, trunk
from recipes.nano.people.rooms import room, scene, window


def king(canvas: Canvas) -> None:
    """A king on his throne."""
    room(canvas, 20)
    red: Colour = canvas.choice(((176, 50, 60), (96, 62, 130), (44, 90, 130)))
    with scene(canvas):
        with canvas.background():
            canvas.path("M14 -8L86 -8L92 84L8 84Z", shade(red, 0.55), "flat", 90)
        canvas.path("M24 92L24 26Q30 14 36 20Q50 2 64 20Q70 14 76 26L76 92Z", GOLD, "flat")
        canvas.path("M30 92L30 34Q50 14 70 34L70 92Z", red, "flat")
        canvas.path("M4 101L10 90L90 90L96 101Z", (190, 80, 76), "flat")
        ruler = replace(
            monarch(canvas), coat=canvas.choice(((52, 72, 140), (96, 56, 120), (46, 104, 84)))
        )
        enthroned(canvas, ruler)


def enthroned(canvas: Canvas, ruler: Person) -> None:
    """The seated king from the front with sceptre and orb."""
    pose = Pose(
        neck=(0, -34),
        hip=(0, 4),
        arms=(((20, -20), (23, -10)), ((-20, -20), (-17, -6))),
        turn=canvas.jitter(0.4),
        mood="stern",
    )
    with canvas.frame(50, 72, 1.0):
        trunk(canvas, ruler, pose)
        canvas.path("M-12 0Q-20 10 -19 20L-15 24Q0 28 15 24L19 20Q20 10 12 0Z", ruler.coat)
        canvas.line([(0, -2), (0, 12), (-1, 24)], 2, shade(ruler.coat, -0.3))
        for side in (-1, 1):
            canvas.oval(8 * side, 25, 7, 3.4, (64, 44, 40), form="solid")
            canvas.rectangle(21 * side - 4, -4, 8, 26, (206, 150, 44))
        for side in (0, 1):
            arm(canvas, ruler, pose, side)
        ermine(canvas, pose)
        face(canvas, ruler, pose)
        canvas.stroke("M24 -2L28 -44", 3, (190, 130, 30))
        canvas.oval(28.4, -46, 5, 5, GOLD)
        hand(canvas, ruler, 24.4, -11)
        with canvas.part("round"):
            canvas.oval(-17, -13, 6.4, 6.4, GOLD)
            canvas.stroke("M-17 -20L-17 -26M-20 -23.4L-14 -23.4", 1.8, (190, 130, 30))


def cook(canvas: Canvas) -> None:
    """A stout cook with a steaming pot in her kitchen."""
    room(canvas, 22)
    own = woman(canvas, hat="mob", bulk=1.25, coat=canvas.choice(CLOTHES), style="bun")
    with scene(canvas):
        window(canvas, 62, 8, 26, 26, False)
        pose = Pose(
            arms=(((22, -56), (18, -46)), ((-22, -56), (-18, -46))),
            hem=((-24, -4), (24, -4)),
            turn=0.2,
        )
        placed(canvas, own, pose, 44, 97, 0.82, shadow=(176, 146, 108))
        canvas.path("M37 56Q35 80 34 90Q44 94 54 90Q53 80 51 56Z", WHITE)
        with canvas.part("round"):
            canvas.path("M30 54L58 54Q58 70 44 70Q30 70 30 54Z", (150, 96, 66))
            canvas.oval(44, 54, 14, 3.4, (206, 150, 100))
        for x in (29, 59):
            hand(canvas, own, x, 58, 4)
