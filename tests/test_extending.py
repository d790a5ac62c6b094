"""A method, a family of base models and a format of one's own, without a change in the package."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
import torch.nn.functional as F
import yaml
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from oldbook_diffusion.cli import main
from oldbook_diffusion.export import Exporter
from oldbook_diffusion.methods import Method
from oldbook_diffusion.models import BaseModel, Conditioning, NoiseProcess, Sampling
from oldbook_diffusion.randomness import uniform
from tests.comparing import events
from tests.conftest import Runs

HERE = "tests.test_extending"
BASE = json.dumps({"class_path": f"{HERE}.Pixels", "init_args": {"width": 8}})
FORMAT = {"class_path": f"{HERE}.OneFile"}


class Flow(NoiseProcess):
    """Rectified flow: straight paths from latents at time 0 to noise at time 1."""

    def times(self, seeds: Sequence[int]) -> Tensor:
        return torch.tensor([uniform(seed, "time") for seed in seeds])

    def band_times(self, seeds: Sequence[int], band: int, num_bands: int) -> Tensor:
        return (band + self.times(seeds)) / num_bands

    def mix(self, latents: Tensor, noise: Tensor, times: Tensor) -> Tensor:
        return torch.lerp(latents, noise, times.view(-1, 1, 1, 1))

    def target(self, latents: Tensor, noise: Tensor, times: Tensor) -> Tensor:
        return noise - latents

    def weight(self, times: Tensor, snr_gamma: float | None) -> Tensor:
        return torch.ones_like(times)


class Velocity(nn.Module):
    """A network that predicts the velocity of noisy pixels from a time and a mean of tokens."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3 + 1 + 4, width, 3, padding=1)
        self.last = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, noisy: Tensor, times: Tensor, words: Tensor) -> Tensor:
        known = torch.cat([times.view(-1, 1), words], dim=1)[:, :, None, None]
        planes = known.expand(-1, -1, *noisy.shape[2:])
        return self.last(F.silu(self.first(torch.cat([noisy, planes], dim=1))))


class Halve(nn.Conv2d):
    """Pixels at half the size; its config names it in the cache."""

    config: ClassVar = {"name": "halve"}


class Words(nn.Embedding):
    """A vector for each byte."""

    config: ClassVar = {"name": "words"}


class Pixels(BaseModel):
    """A family of base models that generate small pictures by rectified flow."""

    conditioning_names = ("words", "lengths")

    def __init__(self, width: int) -> None:
        super().__init__()
        torch.manual_seed(width)
        self.velocity = Velocity(width)
        self.halve = Halve(3, 3, 2, stride=2, groups=3, bias=False)
        nn.init.constant_(self.halve.weight, 0.25)
        self.words = Words(256, 3)
        self.pretrained, self.fingerprint = f"pixels of width {width}", f"pixels-{width}"
        self.process = Flow()
        self.requires_grad_(False)

    @property
    def denoiser(self) -> nn.Module:
        return self.velocity

    @property
    def image_encoder(self) -> nn.Module:
        return self.halve

    @property
    def prompt_encoder(self) -> nn.Module:
        return self.words

    @property
    def default_resolution(self) -> int:
        return 32

    @property
    def resolution_step(self) -> int:
        return 4

    def latent_shape(self, resolution: int) -> tuple[int, int, int]:
        return 3, resolution // 2, resolution // 2

    @torch.no_grad()
    def encode_moments(self, images: Tensor) -> Tensor:
        mean = self.halve(images)
        return torch.cat([mean, torch.full_like(mean, -20)], dim=1)

    def sample_latents(self, moments: Tensor, noise: Tensor | None = None) -> Tensor:
        mean, variance = moments.chunk(2, dim=1)
        return mean if noise is None else mean + (variance / 2).exp() * noise.to(mean)

    def decode_latents(self, latents: Tensor) -> Tensor:
        return F.interpolate(latents.float(), scale_factor=2).clamp(0, 1)

    def tokenize(self, prompts: Sequence[str]) -> Tensor:
        return torch.tensor([list(prompt.encode()[:16].ljust(16)) for prompt in prompts])

    @torch.no_grad()
    def encode_tokens(self, tokens: Tensor) -> Conditioning:
        lengths = (tokens != 32).float().mean(dim=1, keepdim=True)
        return {"words": self.words(tokens).mean(dim=1), "lengths": lengths}

    def denoise(self, noisy: Tensor, times: Tensor, conditioning: Conditioning) -> Tensor:
        known = torch.cat([conditioning["words"], conditioning["lengths"]], dim=1)
        return self.network(noisy, times, known)

    def generate_latents(
        self,
        noise: Tensor,
        conditioning: Conditioning,
        negative: Conditioning | None,
        sampling: Sampling,
    ) -> Tensor:
        latents, steps = noise, sampling.num_inference_steps
        for step in range(steps):
            times = torch.full((len(noise),), 1 - step / steps)
            latents = latents - self.denoise(latents, times, conditioning) / steps
        return latents


@dataclass
class LastLayer(Method):
    """Training of the last layer, with a copy of what it was."""

    scale: float = 1.0

    def attach(self, model: BaseModel) -> None:
        self.layer = model.get_submodule("velocity.last")
        self.layer.requires_grad_(True)
        self.before = {name: x.clone() for name, x in self.layer.state_dict().items()}
        self.remember(model)

    def parameter_groups(self, model: BaseModel) -> list[dict[str, Any]]:
        return [{"params": [weight]} for weight in self.layer.parameters()]

    @contextmanager
    def disabled(self, model: BaseModel) -> Iterator[None]:
        after = {name: x.clone() for name, x in self.layer.state_dict().items()}
        self.layer.load_state_dict(self.before)
        yield
        self.layer.load_state_dict(after)


class OneFile(Exporter):
    """The trained tensors in one file."""

    def supports(self, method: Method, model: BaseModel) -> bool:
        return isinstance(method, LastLayer)

    def write(self, method: Method, model: BaseModel, folder: Path) -> None:
        save_file(method.state(model), folder / "last_layer.safetensors")

    def recognizes(self, path: Path) -> bool:
        return (path / "last_layer.safetensors").is_file()

    def read(self, model: BaseModel, path: Path) -> None:
        model.load_state_dict(load_file(path / "last_layer.safetensors"), strict=False)


@pytest.fixture
def own(runs: Runs) -> Runs:
    """Runs of a config that names all three by their class_path."""
    content = yaml.safe_load(runs.config.read_text())
    content["model"] |= {
        "pretrained": None,
        "base": json.loads(BASE),
        "method": {"class_path": f"{HERE}.LastLayer", "init_args": {"scale": 2.0}},
    }
    content["export"] = {"formats": [FORMAT]}
    runs.config.write_text(yaml.safe_dump(content))
    return runs


def written(output: str) -> list[Path]:
    return [Path(line) for line in output.splitlines() if line]


def test_own_parts_train_render_and_are_exported(
    own: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = own.fit()
    assert events(whole).Scalars("val/change_band_3")[-1].value != 0
    own.fit("--trainer.max_steps=2", name="parts")
    parts = own.fit("--ckpt_path=last", name="parts")
    files = [run / "checkpoints/step=000004/last_layer.safetensors" for run in (whole, parts)]
    one, other = (load_file(file) for file in files)
    assert all(torch.equal(one[name], other[name]) for name in one), "resumed bit for bit"
    capsys.readouterr()
    out = tmp_path / "exported"
    checkpoint = whole / "checkpoints/step=000004.ckpt"
    main(["export", str(checkpoint), f"--format={HERE}.OneFile", f"--out={out}"])
    assert written(capsys.readouterr().out) == [out / "last_layer.safetensors"]
    assert (out / "last_layer.safetensors").read_bytes() == files[0].read_bytes()
    options = [f"--adapter_format={HERE}.OneFile", f"--out={tmp_path / 'out'}"]
    main(["render", "a rose", f"--base={BASE}", f"--adapter={out}", *options])
    base, tuned, _ = written(capsys.readouterr().out)
    assert base.read_bytes() != tuned.read_bytes()


def test_a_format_that_cannot_hold_what_was_trained_is_refused(own: Runs) -> None:
    run = own.fit("--render.prompts=[]", "--render.encoder=null")
    checkpoint = str(run / "checkpoints/step=000004.ckpt")
    with pytest.raises(SystemExit, match="PeftFolder cannot hold what LastLayer trains"):
        main(["export", checkpoint, "--format=PeftFolder"])
    with pytest.raises(SystemExit, match="no format holds what LastLayer trains"):
        main(["export", checkpoint])
