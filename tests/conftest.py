"""What the tests share: one tiny world, made once, and a short way to say `oldbook fit`."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import yaml
from diffusers import AutoencoderKL
from transformers import CLIPTextModel

from oldbook_diffusion.cli import main
from oldbook_diffusion.run.layout import RunLayout
from oldbook_diffusion.system import StyleDiffusion
from tests import tiny
from tests.comparing import Killed

torch.set_num_threads(1)
PROMPTS = ["a castle", "a rose"]


@dataclass(frozen=True)
class World:
    """Folders of the tiny world."""

    base: Path
    clip: Path
    plates: Path


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A tiny base model, CLIP and dataset on disk."""
    folder = tmp_path_factory.mktemp("world")
    return World(
        tiny.write_pipeline(folder / "base"),
        tiny.write_clip(folder / "clip"),
        tiny.write_plates(folder / "plates"),
    )


@pytest.fixture(scope="session", autouse=True)
def no_cache_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the tests out of the cache of whoever runs them."""
    os.environ["OLDBOOK_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def config(world: World, tmp_path: Path) -> Path:
    """A config of a run of four steps, two checkpoints and two prompts."""
    return write_config(world, tmp_path)


def write_config(world: World, folder: Path) -> Path:
    """Write that config into a folder where its runs are to be."""
    content = {
        "seed_everything": 3,
        "model": {
            "pretrained": str(world.base),
            "method": {"class_path": "LoRA", "init_args": {"rank": 2, "dropout": 0.1}},
            "optimizer": {"class_path": "torch.optim.AdamW", "init_args": {"lr": 0.01}},
            "lr_scheduler": {
                "class_path": "torch.optim.lr_scheduler.CosineAnnealingLR",
                "init_args": {"T_max": 4},
            },
        },
        "data": {
            "path": str(world.plates),
            "columns": {"caption": "caption", "book": "book"},
            "captions": {"dropout": 0.2},
            "held_out": {"books": ["book 0", "book 1"], "num_monitored": 4},
            "resolution": tiny.RESOLUTION,
            "images": {"random_flip": True},
            "batch_size": 2,
            "stream": {"shuffle_buffer_size": 5},
            "cache": {"folder": str(folder / "cache")},
        },
        "render": {
            "prompts": PROMPTS,
            "samples_per_prompt": 2,
            "probe_samples_per_prompt": 1,
            "off_style_prompts": ["a photo"],
            "sampling": {"num_inference_steps": 2, "guidance_scale": 2.0},
            "encoder": {
                "class_path": "OpenCLIPEncoder",
                "init_args": {"model": f"local-dir:{world.clip}", "pretrained": None},
            },
        },
        "checkpoint": {"every_n_train_steps": 2},
        "trainer": tiny.quiet_trainer(folder, max_steps=4, gradient_clip_val=1.0),
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@dataclass(frozen=True)
class Runs:
    """Runs of one config: `runs.fit("--trainer.max_steps=2")` gives the folder of the run."""

    config: Path

    def fit(self, *arguments: str, name: str = "run") -> Path:
        """Train, and give the run's folder."""
        self.command("fit", f"--trainer.logger.init_args.name={name}", *arguments)
        versions = (self.config.parent / name).glob("version_*")
        return max(versions, key=lambda path: int(path.name.split("_")[1]))

    def command(self, name: str, *arguments: str) -> None:
        """Any subcommand."""
        main([name, f"--config={self.config}", *arguments])

    def refuse(self, *arguments: str) -> str:
        """Train something that cannot be, and give what is said about it."""
        with pytest.raises(SystemExit) as stop:
            self.fit(*arguments)
        assert isinstance(stop.value.code, str), "the exit status must not be zero"
        message = stop.value.code
        assert message.startswith("oldbook: ")
        assert "\n" not in message
        left = self.config.parent.rglob("version_*")
        assert [run for run in left if RunLayout(run).is_unused] == [], "no empty folder is left"
        return message


@pytest.fixture
def runs(config: Path) -> Runs:
    """The runs of a test, in its own folder."""
    return Runs(config)


Checkpoint = dict[str, torch.Tensor]


@pytest.fixture(scope="session")
def weights() -> Callable[[Path, int], Checkpoint]:
    """The adapter's weights in a run's checkpoint of a step."""

    def load(run: Path, step: int) -> Checkpoint:
        file = run / "checkpoints" / f"step={step:06d}.ckpt"
        return torch.load(file, weights_only=True)["state_dict"]

    return load


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Arrange that training dies before a batch."""
    from oldbook_diffusion.system import StyleDiffusion

    learn = StyleDiffusion.training_step

    def arrange(batch_number: int) -> None:
        def step(self: StyleDiffusion, batch: object, batch_idx: int) -> torch.Tensor:
            if batch_idx == batch_number:
                raise Killed
            return learn(self, batch, batch_idx)

        monkeypatch.setattr(StyleDiffusion, "training_step", step)

    return arrange


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often training asks the frozen parts, or decodes a picture in this process."""
    counter: Counter[str] = Counter()
    training = [False]

    def count(owner: object, name: str, called: str) -> None:
        function = getattr(owner, name)

        def counted(*arguments: object, **options: object) -> object:
            counter[called] += training[0]
            return function(*arguments, **options)

        monkeypatch.setattr(owner, name, counted)

    learn = StyleDiffusion.training_step

    def step(self: StyleDiffusion, batch: object, batch_idx: int) -> torch.Tensor:
        training[0] = True
        loss = learn(self, batch, batch_idx)
        training[0] = False
        return loss

    monkeypatch.setattr(StyleDiffusion, "training_step", step)
    count(AutoencoderKL, "encode", "pictures")
    count(CLIPTextModel, "forward", "prompts")
    return counter
