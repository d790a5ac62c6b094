"""FrozenEncoder: encoding of images and prompts, from the cache where they are cached."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Protocol

import torch
from torch import Tensor

from oldbook_diffusion.cache.networks import open_store
from oldbook_diffusion.cache.settings import Cache
from oldbook_diffusion.cache.store import Store
from oldbook_diffusion.models import BaseModel, Conditioning
from oldbook_diffusion.transfer import send


class CachedData(Protocol):
    """A datamodule that can look images up in the cache."""

    cache: Cache | None
    cached: Store | None


class FrozenEncoder:
    """Encodes images and prompts one by one, with or without a cache.

    The last bits of a convolution or a matrix product depend on the size of its batch. One by one,
    the encoding of an image or a prompt does not depend on the rest of its batch, so that a run
    is bit-identical with a full cache, a half-filled one and none.

    Args:
        model: Base model, whose encoders are used.
        cache: Cache of their output; none when null.
        precision: The trainer's precision: autocast changes what the same weights compute.
    """

    def __init__(self, model: BaseModel, cache: Cache | None = None, precision: str = "") -> None:
        self.model = model
        self.images: Store | None = None
        self.prompts: Store | None = None
        if cache is not None:
            self.images = open_store(cache, "vae", model.image_encoder, precision)
            self.prompts = open_store(cache, "text_encoder", model.prompt_encoder, precision)

    def moments(
        self, images: Tensor, cached: Sequence[Tensor | None], keys: Sequence[str]
    ) -> Tensor:  # => [B, 2 C, h, w]
        """Posteriors of a batch; `images` are those that are not cached."""
        others = iter(images)
        moments_of_all = [
            self.encode_image(next(others), key) if moments is None else moments
            for key, moments in zip(keys, cached, strict=True)
        ]
        return torch.stack(moments_of_all)

    def encode_image(self, image: Tensor, key: str) -> Tensor:  # => [2 C, h, w]
        """Posterior of one image, which is then cached."""
        # looked up again: workers decode ahead, and it may have been encoded since
        if self.images is not None and (cached := self.images.get(key)) is not None:
            return send(cached, image.device)
        # contiguous as from a file: the denoiser's kernels depend on the layout of their input
        moments = self.model.encode_moments(image[None])[0].contiguous()
        if self.images is not None:
            self.images.put(key, moments)
        return moments

    def conditioning(self, prompts: Sequence[str]) -> Conditioning:
        """Encodings of prompts, padding included: the denoiser attends to it too."""
        distinct = {prompt: self.encode_prompt(prompt) for prompt in dict.fromkeys(prompts)}
        return {
            name: torch.stack([distinct[prompt][name] for prompt in prompts])
            for name in self.model.conditioning_names
        }

    def encode_prompt(self, prompt: str) -> Conditioning:  # => without the batch dimension
        """Encoding of one prompt, cached by its tokens."""
        tokens = self.model.tokenize([prompt])
        digest = blake2b(tokens.numpy().tobytes(), digest_size=16).hexdigest()
        first, *others = self.model.conditioning_names
        names = {first: digest, **{name: f"{digest}-{name}" for name in others}}
        if (cached := self.cached_prompt(names)) is not None:
            return cached
        encoded = self.model.encode_tokens(tokens)
        conditioning = {name: encoded[name][0].contiguous() for name in names}
        if self.prompts is not None:
            for name, value in conditioning.items():
                self.prompts.put(names[name], value)
        return conditioning

    def cached_prompt(self, names: dict[str, str]) -> Conditioning | None:
        """Encoding of a prompt by its names in the cache; None where any is missing."""
        if self.prompts is None:
            return None
        device = next(self.model.prompt_encoder.parameters()).device
        found: Conditioning = {}
        for name, cached in names.items():
            if (value := self.prompts.get(cached)) is None:
                return None
            found[name] = send(value, device)
        return found

    def flush(self) -> None:
        """Write buffered entries to the disk."""
        for store in (self.images, self.prompts):
            if store is not None:
                store.flush()
