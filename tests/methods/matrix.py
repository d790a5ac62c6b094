"""Every method on every set of layers: `python -m tests.methods.matrix`.

It measures them, and writes the table into `docs/methods.md`.
"""

import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.optim import Optimizer

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.export import FORMATS, export, read_export
from oldbook_diffusion.methods import (
    BOFT,
    HRA,
    IA3,
    OFT,
    DoRA,
    FourierFT,
    FullFineTuning,
    LNTuning,
    LoHa,
    LoKr,
    LoRA,
    LoRAFA,
    LoRAPlus,
    Method,
    MiSS,
    VeRA,
)
from oldbook_diffusion.models import Sampling, StableDiffusion, generate
from oldbook_diffusion.objectives import DenoisingLoss
from oldbook_diffusion.optimization import build_optimizer
from tests import tiny
from tests.export.matrix import predict

LAYERS = {
    "attention": ["attention"],
    "+ feed-forward": ["attention", "feed_forward"],
    "+ projections": ["attention", "feed_forward", "projections"],
    "+ convolutions": ["attention", "convolutions"],
}
METHODS: dict[str, Callable[[list[str]], Method]] = {
    "LoRA": lambda layers: LoRA(alpha=7.0, target_modules=layers),
    "LoRA, rank-stabilized": lambda layers: LoRA(target_modules=layers, rank_stabilized=True),
    "LoRA, orthogonal": lambda layers: LoRA(target_modules=layers, initialization="orthogonal"),
    "LoRA, by patterns": lambda layers: LoRA(
        target_modules=layers, rank_pattern={"to_q": 2}, alpha_pattern={"to_v": 3}
    ),
    "DoRA": lambda layers: DoRA(target_modules=layers),
    "LoRAPlus": lambda layers: LoRAPlus(target_modules=layers),
    "LoRAFA": lambda layers: LoRAFA(target_modules=layers),
    "LoHa": lambda layers: LoHa(target_modules=layers),
    "LoKr": lambda layers: LoKr(target_modules=layers),
    "OFT": lambda layers: OFT(target_modules=layers),
    "BOFT": lambda layers: BOFT(target_modules=layers),
    "HRA": lambda layers: HRA(target_modules=layers),
    "IA3": lambda layers: IA3(
        target_modules=layers, feedforward_modules=["ff.net.2"] if "feed_forward" in layers else []
    ),
    "LNTuning": lambda layers: LNTuning(target_modules=layers),
    "MiSS": lambda layers: MiSS(target_modules=layers),
    "FourierFT": lambda layers: FourierFT(num_frequencies=20, target_modules=layers),
    "VeRA": lambda layers: VeRA(rank=16, target_modules=layers),
    "FullFineTuning": lambda layers: FullFineTuning(layers or None),
}
LIMIT = 1e-5
PAGE = Path(__file__).parents[2] / "docs/methods.md"
SAMPLING = Sampling(num_inference_steps=2, guidance_scale=2.0, resolution=tiny.RESOLUTION)


@dataclass
class Row:
    """A method on a set of layers.

    Attributes:
        parameters: Trainable parameters.
        moved: Largest change of a prediction by four steps of training.
        start: The same before training.
        restored: The same with the method disabled after training.
        resumed: Largest difference of a trained tensor, interrupted against uninterrupted.
        reloaded: Largest difference of a prediction by the format that it was reloaded from.
        samples: Largest difference of a reloaded model's sample, in steps of 8 bits.
    """

    parameters: int
    moved: float
    start: float
    restored: float
    resumed: float
    reloaded: dict[str, float]
    samples: int


def train(model: StableDiffusion, optimizer: Optimizer, steps: range) -> None:
    """Steps on noise, each a function of its number."""
    objective = DenoisingLoss()
    conditioning = model.encode_prompts(["a castle", "a rose"])
    for step in steps:
        seeds = [2 * step, 2 * step + 1]
        latents, noise = (model.latent_noise([s + k for s in seeds], 32) for k in (100, 200))
        times = model.process.times(seeds)
        objective(model, latents, noise, times, conditioning).mean().backward()
        optimizer.step()
        optimizer.zero_grad()


def attached(
    base: Path, method: Method, seed: int
) -> tuple[StableDiffusion, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    model = StableDiffusion(str(base))
    method.attach(model)
    groups = method.parameter_groups(model)
    return model, build_optimizer(lambda ones: torch.optim.AdamW(ones, lr=0.01), groups)


def sample(model: StableDiffusion) -> Tensor:
    return (generate(model.eval(), ["a castle"], [0], SAMPLING) * 255).round().int()


def resume(base: Path, make: Callable[[], Method]) -> dict[str, Tensor]:
    """The trained tensors after two steps, and two of a model that is attached anew."""
    before, after = make(), make()
    model, optimizer = attached(base, before, seed=0)
    train(model, optimizer, range(2))
    state = {name: x.clone() for name, x in before.state(model).items()}
    other, successor = attached(base, after, seed=1)
    other.load_state_dict({**other.state_dict(), **state})
    successor.load_state_dict(optimizer.state_dict())
    train(other, successor, range(2, 4))
    return after.state(other)


def reload(base: Path, method: Method, model: StableDiffusion) -> tuple[dict[str, float], int]:
    """Differences of predictions and of a sample, by format."""
    expected, picture = predict(model.unet), sample(model)
    differences, samples = {}, 0
    for exporter in FORMATS:
        if exporter.supports(method, model):
            with tempfile.TemporaryDirectory() as folder:
                export(exporter, method, model, Path(folder))
                other = StableDiffusion(str(base))
                read_export(other, Path(folder), FORMATS)
            change = float((predict(other.unet) - expected).abs().max())
            differences[exporter.word or exporter.name] = change
            samples = max(samples, int((sample(other) - picture).abs().max()))
    return differences, samples


def measure(base: Path, make: Callable[[], Method]) -> Row | str:
    """A row of the table, or the sentence that refuses it."""
    method, plain = make(), predict(StableDiffusion(str(base)).unet)
    try:
        model, optimizer = attached(base, method, seed=0)
    except OldBookError as error:
        return str(error)
    start = float((predict(model.unet) - plain).abs().max())
    train(model, optimizer, range(4))
    moved = float((predict(model.unet) - plain).abs().max())
    with method.disabled(model):
        restored = float((predict(model.unet) - plain).abs().max())
    state, resumed = method.state(model), resume(base, make)
    parameters = sum(p.numel() for p in model.parameters() if p.requires_grad)
    difference = max(float((state[name] - resumed[name]).abs().max()) for name in state)
    return Row(parameters, moved, start, restored, difference, *reload(base, method, model))


def word(difference: float) -> str:
    return "exact" if difference == 0 else "same" if difference < LIMIT else "WRONG"


def line(name: str, layers: str, row: Row | str) -> str:
    """A row in the page: words, since figures of rounding differ from machine to machine."""
    if isinstance(row, str):
        return f"| {name} | {layers} | refused: {row.removeprefix('model.method: ')} | | | | | |"
    worst = "same" if max(row.reloaded.values()) < LIMIT else "WRONG"
    cells = [
        f"{row.parameters:,}",
        "none" if row.start < LIMIT else "WRONG",
        word(row.restored),
        word(row.resumed),
        f"{worst}: {', '.join(row.reloaded)}",
        "same" if row.samples <= 1 else "WRONG",
    ]
    return f"| {name} | {layers} | {' | '.join(cells)} |"


def lines(base: Path, name: str, layers_tried: Sequence[str] = ()) -> list[str]:
    """The rows of a method; every one that is not refused must have moved the model."""
    rows = []
    for layers, targets in layers_of(name).items():
        if layers_tried and layers not in layers_tried:
            continue
        row = measure(base, lambda targets=targets: METHODS[name](targets))
        assert isinstance(row, str) or row.moved > 1e-4, f"{name} has learned nothing"
        rows.append(line(name, layers, row))
    return rows


def layers_of(name: str) -> dict[str, list[str]]:
    """The sets of layers that a method is tried on."""
    if name == "FullFineTuning":  # sets of layers adapt nothing there: they are trained
        return {"the whole denoiser": [], **LAYERS}
    return {**LAYERS, "norms": ["norms"]} if name == "LNTuning" else LAYERS


def page() -> str:
    """The page of the docs."""
    with tempfile.TemporaryDirectory() as work, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        base = tiny.write_pipeline(Path(work) / "base")
        return TEXT.format(table="\n".join(row for name in METHODS for row in lines(base, name)))


TEXT = """# Methods of fine-tuning

`model.method` chooses one by its `class_path`; `configs/methods/` has an overlay for each:

```bash
oldbook fit --config configs/nano.yaml --config configs/methods/oft.yaml
```

`target_modules` takes sets of layers (`attention`, `feed_forward`, `projections`, `convolutions`,
`norms`), or the ends of the names of layers, such as `to_q`. A name that no layer has is refused,
with those that are called alike.

Written by `python -m tests.methods.matrix`, and held to be current by a test. Every method is
trained on a tiny Stable Diffusion for four steps, on the layers of attention and on others beside
them; a refusal is what the program says.

| method | layers | trained weights | effect at the start | base restored | resumed | reloaded | picture |
|---|---|---|---|---|---|---|---|
{table}

* *Effect at the start*: none, if predictions before training are those of the base model.
* *Base restored*: exact, if predictions with the method disabled after training are equal to the
  bit; `val/change_*` and samples of the base model need it.
* *Resumed*: exact, if two steps, and two more of a model attached anew under another seed, give the
  tensors of four steps to the bit.
* *Reloaded*: same, if predictions of each of the formats named, written and read again, differ by
  less than 0.00001; `merged` and `single-file` hold the merged weights. `formats.md` has other
  programs.
* *Picture*: same, if no pixel of a sample of the reloaded models differs by more than 1 of 255.

## What to know of each

| method | learning rate to try first | what it is |
|---|---|---|
| `LoRA` | that of the config | low-rank updates; `rank_stabilized`, `initialization`, ranks and alphas by pattern |
| `DoRA` | as LoRA | LoRA of the direction, beside a magnitude; a fifth more time and memory |
| `LoRAPlus` | LoRA's or less | B learns `rate_ratio` times as fast as A |
| `LoRAFA` | as LoRA | A is fixed and random, half of the weights are trained |
| `LoHa`, `LoKr` | LoRA's to ten times | products of LyCORIS; every program reads their kohya files but diffusers |
| `OFT`, `BOFT`, `HRA` | as LoRA | rotations and reflections; BOFT and HRA take half as much time again |
| `IA3`, `VeRA` | ten times LoRA's | few numbers a layer |
| `LNTuning` | far above LoRA's, likewise | the norms' own weights |
| `MiSS` | as LoRA | linear layers alone; it is exactly a LoRA |
| `FourierFT` | far above LoRA's, at which it learns nothing | coefficients of the update's spectrum |
| `FullFineTuning` | a tenth of LoRA's | the weights themselves; the originals are kept on the CPU |
| `Peft` | | any other config of peft, checked when it is attached |

The rates are starting points from publications and from peft's own comparison, not measured here:
a comparison of methods at one learning rate compares the rates.

Refused, with a sentence: PiSSA and OLoRA (they change the base model's weights), EVA, LoRA-GA and
CorDA (their step on the data is not run, so that they would be plain LoRA), AdaLoRA (it would never
reallocate its ranks).
"""  # noqa: E501

if __name__ == "__main__":
    PAGE.write_text(page())
