"""Page of a blind test: one HTML file without a network, that saves what is answered."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from oldbook_diffusion.blind.plan import Plan
from oldbook_diffusion.blind.questions import Question
from oldbook_diffusion.report.gallery import data_uri

SIDE = 384  # of an image, at most
ASKED = {
    "name": "Which of these does the picture show?",
    "style": "Which of the two looks more like these plates of old books?",
    "prompt": "Which of the two shows this better?",
}


def page(plan: Plan) -> str:
    """The page as text; nothing in it tells whose an image is."""
    environment = Environment(
        loader=PackageLoader("oldbook_diffusion", "blind"), autoescape=True, trim_blocks=True
    )

    def part(name: str) -> Markup:
        assert environment.loader is not None
        return Markup(environment.loader.get_source(environment, name)[0])

    digest = hashlib.sha256(part("page.js").encode()).digest()
    return environment.get_template("page.html.j2").render(
        name=plan.name,
        script_hash="sha256-" + base64.b64encode(digest).decode(),
        data={
            "test": plan.name,
            "prompts": plan.prompts,
            "plates": uris(plan.plates),
            "questions": [describe(question) for question in plan.questions],
        },
        part=part,
    )


def describe(question: Question) -> dict[str, Any]:
    """What the page shows of a question."""
    return {
        "kind": question.kind,
        "sheet": question.sheet,
        "asked": ASKED[question.kind],
        "prompt": question.prompt if question.kind == "prompt" else None,
        "images": uris(question.images),
    }


def uris(files: Sequence[Path]) -> list[str]:
    """Images without their names and metadata."""
    return [data_uri(file, SIDE) for file in files]
