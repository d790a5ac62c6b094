"""Report page: samples and scores of runs in one self-contained HTML file."""

import base64
import hashlib
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from oldbook_diffusion.metrics import catalogue as c
from oldbook_diffusion.metrics.sample_size import extent
from oldbook_diffusion.report.comparison import warning
from oldbook_diffusion.report.gallery import ROOM, Gallery
from oldbook_diffusion.report.records import Run
from oldbook_diffusion.report.table import COLUMNS, decimal, row, within_bounds
from oldbook_diffusion.report.viewers import viewers
from oldbook_diffusion.run.files import write_text
from oldbook_diffusion.run.folder import RunFolder

SCRIPTS = ("chart.umd.min.js", "page.js")  # all that the page runs
PACKAGES = ("torch", "lightning", "diffusers", "transformers", "peft", "open-clip-torch")
RIVALS = {
    c.SHORTCUT.tag: "the best shortcut of tone, edges or grain",
    c.STYLE_WORDS.tag: "the base model with style words",
}
TAGS: dict[str, Any] = {  # of the curves that page.js plots
    "style": c.STYLE.tags,
    "shortcut": c.SHORTCUT.tag,
    "words": c.STYLE_WORDS.tag,
    "realLower": c.REAL_LOWER.tag,
    "realUpper": c.REAL_UPPER.tag,
    "prompt": c.CENTERED_CLIP_SCORE.tag,
    "near": c.NEAR_FRACTION.tag,
    "loss": c.VAL_LOSS.tag,
    "changes": [curve.tags for curve in c.BAND_CHANGES],
}
PLOTTED = {*TAGS["style"], *(tag for tag in TAGS.values() if isinstance(tag, str))}


def report(runs: list[Path], out: Path | None = None) -> list[Path]:
    """Write a page about one run, or about several beside each other.

    Args:
        runs: Folders of runs, such as runs/nano/version_0.
        out: File of the page; report.html in the first run's folder when null.

    Returns:
        The file written.
    """
    file = out or RunFolder(runs[0]).report
    write_text(file, page([Run(folder) for folder in runs]))
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
        runs=[describe(run, Gallery(run, ROOM // len(runs))) for run in runs],
        warning=warning(runs),
        data={"tags": TAGS, "runs": [chart_data(run) for run in runs]},
        script_hashes=[hash_source(part(name)) for name in SCRIPTS],
        columns=[curve.title for curve in COLUMNS],
        versions={"python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
        part=part,
    )


def hash_source(script: str) -> str:
    """A script as a content security policy allows it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def describe(run: Run, gallery: Gallery) -> dict[str, Any]:
    """The content of the page about a run."""
    return {
        "name": run.name,
        "summary": summary(run),
        "selection": run.selection.get("reason", ""),
        "confirmed": {what: c.STYLE.in_words(scores) for what, scores in run.confirmed.items()},
        "validity": run.validity,
        "valid": run.validity.get("passed", run.checkpoints[-1].scores.get(c.STYLE_VALID.tag)),
        "rows": [(x.step, row(within_bounds(x.scores))) for x in run.checkpoints],
        "steps": [x.step for x in gallery.shown],
        "cards": gallery.cards,
        "note": gallery.note,
        "blind": viewers(run),
        "encoder": run.encoder,
        "config": run.config,
        "missing": run.missing,
    }


def summary(run: Run) -> str:
    """The style of the selected checkpoint, or of the last one."""
    selected = [x for x in run.checkpoints if x.step == run.selection.get("step")]
    which, shown = ("selected", selected[0]) if selected else ("last", run.checkpoints[-1])
    scores = shown.scores
    if c.STYLE.tag not in scores:
        return f"Step {shown.step}, the {which} one: it was not scored."
    rivals = [f"{name} gets {decimal(scores[guide])}" for guide, name in RIVALS.items()]
    return (
        f"Step {shown.step}, the {which} one: style {c.STYLE.in_words(scores)}, where 0 is the "
        f"base model and 1 is held-out plates; {' and '.join(rivals)}."
    )


def chart_data(run: Run) -> dict[str, Any]:
    """What the charts show."""
    return {
        "name": run.name,
        "checkpoints": [{"step": x.step, "scores": plotted(x.scores)} for x in run.checkpoints],
        "losses": run.losses,
        "selected": run.selection.get("step"),
        "extent": "ends" if run.references is None else extent(run.references),
    }


def plotted(scores: Mapping[str, float]) -> dict[str, float]:
    """The scores that charts show, within their bounds."""
    return {tag: x for tag, x in within_bounds(scores).items() if tag in PLOTTED}
