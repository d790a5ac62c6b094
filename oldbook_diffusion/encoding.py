"""What the frozen parts make of plates and prompts, from the cache where it is known."""

from collections.abc import Sequence
from hashlib import blake2b

import torch
from torch import Tensor

from oldbook_diffusion.cache import Cache, Store
from oldbook_diffusion.stable_diffusion import StableDiffusion


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

    def __init__(
        self, model: StableDiffusion, cache: Cache | None = None, precision: str = ""
    ) -> None:
        self.model = model
        self.pictures: Store | None = None
        self.prompts: Store | None = None
        if cache is not None:
            self.pictures = cache.open("vae", model.vae, precision)
            self.prompts = cache.open("text_encoder", model.text_encoder, precision)

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

    def prompt_embeds(self, prompts: Sequence[str]) -> Tensor:  # => [B, T, D]
        """The embeddings of prompts, whole: the denoiser attends to the padding too."""
        distinct = {prompt: self.encode_prompt(prompt) for prompt in dict.fromkeys(prompts)}
        return torch.stack([distinct[prompt] for prompt in prompts])

    def encode_prompt(self, prompt: str) -> Tensor:  # => [T, D]
        """The embedding of one prompt, kept under its tokens."""
        tokens = self.model.tokenize([prompt])
        name = blake2b(tokens.numpy().tobytes(), digest_size=16).hexdigest()
        if self.prompts is not None and (known := self.prompts.get(name)) is not None:
            return known.to(self.model.text_encoder.device)
        prompt_embeds = self.model.embed(tokens)[0].contiguous()
        if self.prompts is not None:
            self.prompts.put(name, prompt_embeds)
        return prompt_embeds

    def flush(self) -> None:
        """Write what waits in memory."""
        for store in (self.pictures, self.prompts):
            if store is not None:
                store.flush()
