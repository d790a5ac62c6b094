"""What the frozen parts make of plates and prompts, from the cache where it is known."""

from collections.abc import Sequence
from hashlib import blake2b

import torch
from torch import Tensor

from oldbook_diffusion.cache.networks import open_store
from oldbook_diffusion.cache.settings import Cache
from oldbook_diffusion.cache.store import Store
from oldbook_diffusion.models import BaseModel, Conditioning


class FrozenEncoder:
    """Encodes plates and prompts one by one, with the cache or without.

    The last bits of a convolution or a matrix product depend on the size of its batch. One by one,
    what a plate or a prompt becomes depends on nothing that is beside it, so that a run is the
    same with a full cache, a half-filled one and none.

    Args:
        model: Its autoencoder and its text encoder.
        cache: Where to keep what they compute; nowhere when null.
        precision: The trainer's precision: autocast changes what the same weights compute.
    """

    def __init__(self, model: BaseModel, cache: Cache | None = None, precision: str = "") -> None:
        self.model = model
        self.pictures: Store | None = None
        self.prompts: Store | None = None
        if cache is not None:
            self.pictures = open_store(cache, "vae", model.image_encoder, precision)
            self.prompts = open_store(cache, "text_encoder", model.prompt_encoder, precision)

    def moments(
        self, images: Tensor, known: Sequence[Tensor | None], keys: Sequence[str]
    ) -> Tensor:  # => [B, 2 C, h, w]
        """The posteriors of plates; `images` are those whose moments are not known."""
        unknown = iter(images)
        together = [
            self.encode_picture(next(unknown), key) if moments is None else moments
            for key, moments in zip(keys, known, strict=True)
        ]
        return torch.stack(together)

    def encode_picture(self, image: Tensor, key: str) -> Tensor:  # => [2 C, h, w]
        """The posterior of one plate; keep it."""
        # looked up again: a worker decodes ahead of what is being encoded
        if self.pictures is not None and (known := self.pictures.get(key)) is not None:
            return known.to(image.device)
        # contiguous as from a file: the denoiser's kernels depend on the layout of their input
        moments = self.model.encode_moments(image[None])[0].contiguous()
        if self.pictures is not None:
            self.pictures.put(key, moments)
        return moments

    def conditioning(self, prompts: Sequence[str]) -> Conditioning:
        """The encodings of prompts, whole: the denoiser attends to the padding too."""
        distinct = {prompt: self.encode_prompt(prompt) for prompt in dict.fromkeys(prompts)}
        return {
            name: torch.stack([distinct[prompt][name] for prompt in prompts])
            for name in self.model.conditioning_names
        }

    def encode_prompt(self, prompt: str) -> Conditioning:  # => without the batch dimension
        """The encoding of one prompt, cached under its tokens."""
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
        """The encoding of a prompt by its names in the cache; none where any is missing."""
        if self.prompts is None:
            return None
        device = next(self.model.prompt_encoder.parameters()).device
        found: Conditioning = {}
        for name, cached in names.items():
            if (value := self.prompts.get(cached)) is None:
                return None
            found[name] = value.to(device)
        return found

    def flush(self) -> None:
        """Write what waits in memory."""
        for store in (self.pictures, self.prompts):
            if store is not None:
                store.flush()
