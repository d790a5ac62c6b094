"""Encoders: what they give, and which they refuse to be."""

import json
import shutil
from pathlib import Path

import open_clip
import pytest
import torch
import torch.nn.functional as F
from transformers import BitImageProcessor, Dinov2Config, Dinov2Model

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.metrics.encoders import (
    CSDEncoder,
    DINOv2Encoder,
    GaborTextures,
    ImageEncoder,
    OpenCLIPEncoder,
    RandomTextures,
)
from tests import tiny
from tests.conftest import Runs, World

IMAGES = torch.rand(3, 3, 48, 40, generator=torch.Generator().manual_seed(0))


def local(world: World, layers: tuple[str, ...] = ()) -> OpenCLIPEncoder:
    return OpenCLIPEncoder(f"local-dir:{world.clip}", None, layers)


@pytest.fixture
def dinov2(tmp_path: Path) -> Path:
    """A tiny DINOv2 in transformers' layout."""
    torch.manual_seed(0)
    config = Dinov2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14
    )
    Dinov2Model(config).save_pretrained(tmp_path / "dinov2")
    sides = {"height": 28, "width": 28}
    processor = BitImageProcessor(size={"shortest_edge": 28}, crop_size=sides)
    processor.save_pretrained(tmp_path / "dinov2")
    return tmp_path / "dinov2"


@pytest.fixture(scope="module")
def csd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights under the names of the released ones, for a small tower."""
    torch.manual_seed(0)
    tower = open_clip.create_model("ViT-S-32-alt", pretrained=None).visual
    weights = {f"module.backbone.{name}": value for name, value in tower.state_dict().items()}
    weights["module.last_layer_style"] = torch.randn(tower.proj.shape[0], 24)
    file = tmp_path_factory.mktemp("csd") / "checkpoint.pth"
    torch.save({"model_state_dict": weights}, file)
    return file


def test_embeddings_have_length_one_and_do_not_depend_on_the_batch(
    world: World, dinov2: Path, csd: Path
) -> None:
    encoders: list[ImageEncoder] = [
        local(world),
        local(world, ("transformer.resblocks.0",)),
        DINOv2Encoder(str(dinov2)),
        CSDEncoder(csd, "ViT-S-32-alt"),
        RandomTextures(),
        GaborTextures(),
    ]
    assert len({encoder.weights for encoder in encoders}) == len(encoders) - 1  # one CLIP twice
    assert len({encoder.name for encoder in encoders}) == len(encoders)
    for encoder in encoders:
        embeddings = encoder.encode_images(IMAGES)
        assert embeddings.shape == (3, encoder.embedding_dim)
        torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(3))
        torch.testing.assert_close(encoder.encode_images(IMAGES[1:2])[0], embeddings[1])
        assert encoder.encode_images(IMAGES[:0]).shape == (0, encoder.embedding_dim)


def test_with_layers_the_product_with_a_text_is_still_clips_cosine(world: World) -> None:
    plain, deep = local(world), local(world, ("transformer.resblocks.0",))
    texts = ["a castle", "a rose"]
    cosines = plain.encode_images(IMAGES) @ plain.encode_texts(texts).T
    products = deep.encode_images(IMAGES) @ deep.encode_texts(texts).T
    torch.testing.assert_close(products, cosines)
    assert deep.embedding_dim == plain.embedding_dim + 2 * 16


def test_a_layer_sees_how_channels_vary_and_not_where(world: World) -> None:
    from oldbook_diffusion.metrics.encoders.open_clip import channel_moments

    answer = torch.rand(2, 5, 4, 4)
    turned = answer.flip(-1).roll(1, -2)
    torch.testing.assert_close(channel_moments(answer), channel_moments(turned))
    tokens = answer.flatten(2).transpose(1, 2)
    torch.testing.assert_close(channel_moments(tokens), channel_moments(answer))


def test_a_layer_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(OldBookError, match="has no layer 'layer9'; it has conv1"):
        local(world, ("layer9",))


def test_csd_is_the_tower_and_its_style_head(csd: Path) -> None:
    weights = torch.load(csd)["model_state_dict"]
    encoder = CSDEncoder(csd, "ViT-S-32-alt")
    features = encoder.tower(torch.zeros(1, 3, 224, 224))
    expected = F.normalize(features @ weights["module.last_layer_style"], dim=1)
    black = encoder.preprocess.transforms[-1](torch.zeros(3, 224, 224))[None]
    features = encoder.tower(black)
    expected = F.normalize(features @ weights["module.last_layer_style"], dim=1)
    torch.testing.assert_close(encoder.encode_images(torch.zeros(1, 3, 224, 224)), expected)


def test_weights_that_are_not_csds_are_refused(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(OldBookError, match="no weights of CSD"):
        CSDEncoder(tmp_path / "other.pth", "ViT-S-32-alt")
    (tmp_path / "torn.pth").write_bytes(b"PK")
    with pytest.raises(OldBookError, match="cannot read the weights"):
        CSDEncoder(tmp_path / "torn.pth", "ViT-S-32-alt")


def spoilt(world: World, folder: Path, **changes: object) -> str:
    """The tiny CLIP with another preprocessing."""
    shutil.copytree(world.clip, folder)
    file = folder / "open_clip_config.json"
    config = json.loads(file.read_text())
    config["preprocess_cfg"] = {**config["preprocess_cfg"], **changes}
    config["preprocess_cfg"] = {k: v for k, v in config["preprocess_cfg"].items() if v is not None}
    file.write_text(json.dumps(config))
    return f"--render.encoder.init_args.model=local-dir:{folder}"


def test_a_preprocessing_that_is_not_the_weights_own_is_refused(
    runs: Runs, world: World, tmp_path: Path
) -> None:
    unknown = runs.refuse(spoilt(world, tmp_path / "unknown", mean=None))
    assert "does not say how images are preprocessed" in unknown
    resized = runs.refuse(spoilt(world, tmp_path / "resized", size=[64, 64]))
    assert f"takes images of {tiny.RESOLUTION} pixels" in resized


def test_weights_by_their_file_are_refused(world: World) -> None:
    with pytest.raises(OldBookError, match="do not say how images are preprocessed"):
        OpenCLIPEncoder("ViT-B-32", str(world.clip / "open_clip_model.safetensors"))


def test_weights_with_another_activation_are_refused() -> None:
    with pytest.raises(OldBookError, match="trained with another activation than ViT-B-32 has"):
        OpenCLIPEncoder("ViT-B-32", "openai")
