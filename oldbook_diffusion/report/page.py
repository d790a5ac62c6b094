"""The page: what was drawn and measured, in one file that needs nothing else."""

import base64
import io
import platform
import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from PIL import Image

from oldbook_diffusion.report.records import Checkpoint, Drawing, Run

SIDE = 256  # of a picture on the page, at most
QUALITY = 82
PACKAGES = ("torch", "lightning", "diffusers", "transformers", "peft", "open-clip-torch")
NAMES = {
    "style/score": "Style (probe)",
    "style/projection": "Style (projection)",
    "style/beyond_tone": "Style beyond tone",
    "style/normalised": "Style (centroid cosine)",
    "guide/shortcut_max": "Best shortcut",
    "guide/style_words": "Style words alone",
    "fidelity/centred_agreement": "Prompt agreement",
    "fidelity/identified": "Prompt identified",
    "diversity/within": "Diversity",
    "distance/mmd_median": "Distance to plates",
    "memorisation/share": "Near a training plate",
}

RIVALS = {
    "guide/shortcut_max": "the best shortcut of tone, edges or grain",
    "guide/style_words": "the base model asked for the style in words",
}


def report(runs: list[Path], out: Path | None = None) -> list[Path]:
    """Write a page about one run, or about several beside each other.

    Args:
        runs: Folders of runs, such as runs/nano/version_0.
        out: File of the page; report.html in the first run's folder when null.

    Returns:
        The file written.
    """
    file = out or runs[0] / "report.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page([Run(folder) for folder in runs]), encoding="utf-8")
    return [file]


def page(runs: list[Run]) -> str:
    """The whole page as text."""
    environment = Environment(
        loader=PackageLoader("oldbook_diffusion", "report"), autoescape=True, trim_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}

    def part(name: str) -> Markup:
        assert environment.loader is not None
        return Markup(environment.loader.get_source(environment, name)[0])

    return environment.get_template("page.html.j2").render(
        runs=[describe(run) for run in runs],
        data={"runs": [chart_data(run) for run in runs]},
        names=NAMES,
        versions={"python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
        part=part,
    )


def describe(run: Run) -> dict[str, Any]:
    """What the page says about a run."""
    last = run.checkpoints[-1]
    return {
        "name": run.name,
        "summary": summary(last),
        "choice": run.choice,
        "rows": [(c.step, c.scores) for c in run.checkpoints],
        "steps": [c.step for c in run.checkpoints[1:]],
        "cards": cards(run),
        "encoder": run.encoder,
        "config": run.config,
        "missing": run.missing,
    }


def summary(last: Checkpoint) -> str:
    """The result in a sentence that does not say more than was measured."""
    scores = last.scores
    if "style/score" not in scores:
        return f"Step {last.step}: nothing was measured."
    interval = "an interval that is not known: too few prompts"
    if "style/score_lower" in scores:
        lower, upper = scores["style/score_lower"], scores["style/score_upper"]
        interval = f"95 % interval {lower:.2f} to {upper:.2f}"
    verdicts = [
        f"{'clearly' if scores.get('style/score_lower', -1) > scores[guide] else 'not clearly'} "
        f"above {name} ({scores[guide]:.2f})"
        for guide, name in RIVALS.items()
    ]
    return (
        f"Step {last.step}: style {scores['style/score']:.2f} ({interval}), where 0 is the base "
        f"model and 1 is held-out plates. That is {' and '.join(verdicts)}."
    )


def cards(run: Run) -> list[dict[str, Any]]:
    """One card for each prompt and seed: the base's drawing, and those of all checkpoints."""
    base, *tuned = run.checkpoints
    whole = []
    for key, drawing in base.drawings.items():
        found = [(c.step, c.drawings[key]) for c in tuned if key in c.drawings]
        whole.append(
            {
                "prompt": key[0],
                "seed": key[1],
                "base": picture(drawing.file),
                "tuned": [(step, picture(one.file), redraw(run, step, one)) for step, one in found],
            }
        )
    return whole


def picture(file: Path) -> str:
    """A drawing as a data URI, made smaller where it is large."""
    content = io.BytesIO()
    with Image.open(file) as image:
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        image.convert("RGB").save(content, "WEBP", quality=QUALITY)
    return "data:image/webp;base64," + base64.b64encode(content.getvalue()).decode()


def redraw(run: Run, step: int, drawing: Drawing) -> str:
    """The command that draws a picture again."""
    options = ("seed", "sampler", "num_steps", "guidance_scale", "negative_prompt", "resolution")
    adapter = run.folder / "checkpoints" / f"step={step:06d}"
    words = ["oldbook", "render", drawing.key[0], "--base", pretrained(run.config)]
    words += ["--adapter", str(adapter)]
    for name in options:
        if drawing.origin.get(name):
            words += [f"--{name}", drawing.origin[name]]
    return shlex.join(words)


def pretrained(config: str) -> str:
    """The base model that a config names."""
    lines = (line.strip() for line in config.splitlines())
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("pretrained:")]
    return names[0] if names else "BASE"


def chart_data(run: Run) -> dict[str, Any]:
    """What the charts show."""
    return {
        "name": run.name,
        "checkpoints": [{"step": c.step, "scores": c.scores} for c in run.checkpoints],
        "losses": run.losses,
    }
