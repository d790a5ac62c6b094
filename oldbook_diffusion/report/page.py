"""Report page: samples and scores of runs in one self-contained HTML file."""

import base64
import hashlib
import io
import json
import platform
import shlex
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from PIL import Image

from oldbook_diffusion.metrics import catalogue as c
from oldbook_diffusion.metrics.sample_size import extent
from oldbook_diffusion.report.comparison import warning
from oldbook_diffusion.report.records import Checkpoint, Key, Run
from oldbook_diffusion.report.table import COLUMNS, decimal, row, within_bounds
from oldbook_diffusion.run.files import write_text
from oldbook_diffusion.run.folder import RunFolder

SIDE = 256  # of an image on the page, at most
QUALITY = 82
SCRIPTS = ("chart.umd.min.js", "page.js")  # all that the page runs
PACKAGES = ("torch", "lightning", "diffusers", "transformers", "peft", "open-clip-torch")
RIVALS = {
    c.SHORTCUT.tag: "the best shortcut of tone, edges or grain",
    c.STYLE_WORDS.tag: "the base model with style words",
}

TAGS = {  # of the curves that page.js plots
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
        runs=[describe(run) for run in runs],
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


def describe(run: Run) -> dict[str, Any]:
    """The content of the page about a run."""
    return {
        "name": run.name,
        "summary": summary(run),
        "selection": run.selection.get("reason", ""),
        "confirmed": {what: c.STYLE.in_words(scores) for what, scores in run.confirmed.items()},
        "validity": run.validity,
        "valid": run.validity.get("passed", run.checkpoints[-1].scores.get(c.STYLE_VALID.tag)),
        "rows": [(x.step, row(within_bounds(x.scores))) for x in run.checkpoints],
        "steps": [x.step for x in run.checkpoints[1:]],
        "cards": cards(run),
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


def cards(run: Run) -> list[dict[str, Any]]:
    """One card for each prompt and seed: the base's sample, and those of all checkpoints."""
    base, *fine_tuned = run.checkpoints
    return [
        {
            "prompt": key[0],
            "seed": key[1],
            "base": data_uri(sample.file),
            "fine_tuned": [
                view(run, checkpoint, key) for checkpoint in fine_tuned if key in checkpoint.samples
            ],
        }
        for key, sample in base.samples.items()
    ]


def view(run: Run, checkpoint: Checkpoint, key: Key) -> dict[str, Any]:
    """One sample of a checkpoint, the command to repeat it, and the plate nearest to it."""
    sample, near = checkpoint.samples[key], checkpoint.nearest.get(key)
    return {
        "step": checkpoint.step,
        "picture": data_uri(sample.file),
        "command": command(run, checkpoint.step, key, sample.metadata),
        "near": near
        and {
            "picture": data_uri(near.plate.file),
            "caption": near.plate.caption,
            "similarity": near.similarity,
        },
    }


def data_uri(file: Path) -> str:
    """A sample as a data URI, made smaller where it is large."""
    content = io.BytesIO()
    with Image.open(file) as image:
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        image.convert("RGB").save(content, "WEBP", quality=QUALITY)
    return "data:image/webp;base64," + base64.b64encode(content.getvalue()).decode()


def command(run: Run, step: int, key: Key, metadata: Mapping[str, str]) -> str:
    """The command that generates a sample again."""
    sampling = ("scheduler", "num_inference_steps", "guidance_scale", "negative_prompt")
    options = ("seed", *sampling, "resolution")
    words = ["oldbook", "render", key[0], "--base", base_model(run.config)]
    words += ["--adapter", str(run.folder.adapter(step))]
    for name in options:
        if metadata.get(name):
            words += [f"--{name}", metadata[name]]
    return shlex.join(words)


def base_model(config: str) -> str:
    """The base model that a config names, as a word of the command line."""
    try:
        content = yaml.safe_load(config)
    except yaml.YAMLError:
        return "BASE"
    model = content.get("model") if isinstance(content, dict) else None
    model = model if isinstance(model, dict) else {}
    if model.get("base"):
        return json.dumps(model["base"])
    return str(model.get("pretrained") or "BASE")


def chart_data(run: Run) -> dict[str, Any]:
    """What the charts show."""
    return {
        "name": run.name,
        "checkpoints": [
            {"step": x.step, "scores": within_bounds(x.scores)} for x in run.checkpoints
        ],
        "losses": run.losses,
        "selected": run.selection.get("step"),
        "extent": "ends" if run.references is None else extent(run.references),
    }
