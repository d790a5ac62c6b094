"""Properties that a method must have for its model to be compared with its base."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.methods.base import Method
from oldbook_diffusion.models import BaseModel

TOLERANCE = 1e-5  # of the largest prediction: rounding of a float32 matrix product


@torch.no_grad()
def predict(model: BaseModel) -> Tensor:  # => [1, C, h, w], in float32
    """The denoiser's prediction on fixed noise of the smallest size, in evaluation mode."""
    training = model.denoiser.training
    model.denoiser.eval()
    noise = model.latent_noise([0], model.resolution_step).to(next(model.parameters()).device)
    times = model.process.band_times([0], 2, 5).to(noise.device)
    prediction = model.denoise(noise, times, model.encode_prompts([""]))
    model.denoiser.train(training)
    return prediction.float()


@contextmanager
def perturbed(method: Method, model: BaseModel) -> Iterator[None]:
    """Move every trainable tensor a little, as training would."""
    trained = [p for p in model.parameters() if p.requires_grad]
    before = [p.detach().clone() for p in trained]
    generator = torch.Generator().manual_seed(0)
    for parameter in trained:
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator).to(parameter)
    yield
    for parameter, value in zip(trained, before, strict=True):
        parameter.data.copy_(value)


def check_properties(method: Method, model: BaseModel, base: Tensor) -> None:
    """Refuse a method that changes the base model before training or cannot restore it.

    Args:
        method: As attached to the model.
        model: With the method attached.
        base: What `predict` gave before it was attached.

    Raises:
        OldBookError: It has no effect at all, has one before training, or leaves one when disabled.
    """
    check_start(method, model, base)
    with perturbed(method, model):
        check_effect(method, model, base)


def check_start(method: Method, model: BaseModel, base: Tensor) -> None:
    """Refuse a method that changes the base model before training."""
    name = type(method).__name__
    try:
        change = distance(predict(model), base)
    except RuntimeError as error:
        reason = str(error).strip().split("\n")[0]
        raise OldBookError(
            f"model.method: {name} fails on these layers ({reason}): set other target_modules"
        ) from error
    if change > tolerance(base):
        raise OldBookError(
            f"model.method: {name} changes the model before training, by up to {change:.2g}: set "
            "its initialization so that it starts from the base model"
        )


def check_effect(method: Method, model: BaseModel, base: Tensor) -> None:
    """Refuse a method that has no effect when trained, or still has one when disabled."""
    name = type(method).__name__
    if distance(predict(model), base) == 0:
        raise OldBookError(
            f"model.method: {name} has no effect on this model: set other target_modules"
        )
    with method.disabled(model):
        change = distance(predict(model), base)
    if change > tolerance(base):
        raise OldBookError(
            f"model.method: {name} changes weights of the base model, which cannot be "
            f"restored (off by {change:.2g} when disabled): set another initialization"
        )


def tolerance(base: Tensor) -> float:
    """The largest difference from predictions of the base model that is rounding."""
    return TOLERANCE * float(base.abs().max())


def distance(one: Tensor, other: Tensor) -> float:
    """The largest absolute difference."""
    return float((one - other).abs().max())
