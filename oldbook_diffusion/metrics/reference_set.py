"""Reference set: everything that samples are compared with, known before the first step."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Self

import torch
from torch import Tensor

from oldbook_diffusion.metrics import memorization
from oldbook_diffusion.metrics.diversity import within_prompts
from oldbook_diffusion.metrics.negative_controls import FAMILIES
from oldbook_diffusion.metrics.style import beyond_tone, normalized, probe, projection

SPLITS = 200  # of held-out books, for the band of real plates
BAND = (0.025, 0.975)
NOTHING = torch.empty(0, 0)


@dataclass(frozen=True)
class ReferenceSet:
    """Embeddings [N, D] of length one of everything that samples are compared with.

    Attributes:
        base: The base model's samples of the prompts.
        base_captions: The base model's samples of plates' captions.
        base_off_style: The base model's samples of prompts that ask for another style.
        prompt_ids: [N], the prompt of each sample of the prompts.
        prompt_embeddings: [P, D], the prompts; [0, D] where the encoder cannot read.
        style_words: The base model's samples of the prompts with style words in them.
        shortcuts: For each negative control, the base's samples changed by it.
        probe_fit: The base model's samples of other prompts, to fit directions on.
        controls: For each negative control, those other samples changed by it.
        hard_negatives: For each hard negative, those other samples changed by it.
        train: Plates that are trained on.
        held_out: Plates of other books.
        book_ids: [M], the book of each held-out plate.
        caption_plates: [C, D], the plate of each caption.
        trained_on: [C] bool, whether that plate is trained on.
        mirrored: The training plates as mirrored visits show them; nothing where none are.
        mirrored_caption_plates: The plates of the captions, likewise.
    """

    base: Tensor
    base_captions: Tensor
    base_off_style: Tensor
    prompt_ids: Tensor
    prompt_embeddings: Tensor
    style_words: Tensor
    shortcuts: Mapping[str, Tensor]
    probe_fit: Tensor
    controls: Mapping[str, Tensor]
    hard_negatives: Mapping[str, Tensor]
    train: Tensor
    held_out: Tensor
    book_ids: Tensor
    caption_plates: Tensor
    trained_on: Tensor
    mirrored: Tensor = NOTHING
    mirrored_caption_plates: Tensor = NOTHING

    @cached_property
    def directions(self) -> dict[str, Tensor]:
        """The linear scores; the probe is the headline."""
        # by name, since a basis depends on the order, and a file keeps its own
        tone = [self.controls[name] for name in sorted(self.controls)]
        return {
            "score": self.probe(),
            "projection": projection(self.train, self.probe_fit),
            "beyond_tone": beyond_tone(self.train, self.probe_fit, tone),
        }

    def probe(self) -> Tensor:  # => [D]
        """The headline's direction."""
        kept = [self.controls[name] for name in sorted(self.controls)]
        hard_negatives = [self.hard_negatives[name] for name in sorted(self.hard_negatives)]
        return probe(self.train, [self.probe_fit, *kept, *hard_negatives])

    def gain(self, samples: Tensor, direction: str = "score") -> Tensor:  # => [P]
        """The style gained by each prompt, 0 at the base model and 1 at held-out plates."""
        return self.gain_along(self.directions[direction], samples)

    def gain_along(self, axis: Tensor, samples: Tensor) -> Tensor:  # => [P]
        """The style gained by each prompt along any direction."""
        now, before, plates = (x.double() @ axis for x in (samples, self.base, self.held_out))
        return normalized(now, before, plates, self.prompt_ids)

    def positions(self, samples: Tensor) -> Tensor:  # => [N]
        """Where each sample lies, 0 at the base's samples on average and 1 at held-out plates."""
        axis = self.directions["score"]
        now, before, plates = (x.double() @ axis for x in (samples, self.base, self.held_out))
        return (now - before.mean()) / (plates.mean() - before.mean())

    def off_style_gain(self, samples: Tensor) -> Tensor:  # => [S]
        """Off-prompt style leakage, in the headline's unit."""
        axis = self.directions["score"]
        whole = (self.held_out.double() @ axis).mean() - (self.base.double() @ axis).mean()
        return (samples.double() - self.base_off_style.double()) @ axis / whole

    def caption_gain(self, samples: Tensor) -> Tensor:  # => [C of held-out plates]
        """The style gained by held-out captions, 1 at the plates that they belong to."""
        axis, unseen = self.directions["score"], ~self.trained_on
        now, before, own = (
            x[unseen].double() @ axis for x in (samples, self.base_captions, self.caption_plates)
        )
        return (now - before) / (own.mean() - before.mean())

    @cached_property
    def shortcut_gains(self) -> dict[str, float]:
        """The style that each negative control gains."""
        return {name: float(self.gain(x).mean()) for name, x in self.shortcuts.items()}

    @cached_property
    def line_diversity(self) -> float:
        """The least fraction of the base's diversity within prompts that outlines leave."""
        if len(self.prompt_ids) == len(self.prompt_ids.unique()):
            return float("nan")
        names = {change.__name__ for change in FAMILIES["edges"]}
        lines = [part for name, part in self.shortcuts.items() if name in names]
        left = [within_prompts(part, self.prompt_ids).mean() for part in (self.base, *lines)]
        return float(torch.stack(left).min() / left[0])

    @cached_property
    def band(self) -> tuple[float, float]:
        """Where half of the held-out books lie when the other half is 1."""
        axis = self.directions["score"]
        scores, zero = self.held_out.double() @ axis, (self.base.double() @ axis).mean()
        names, generator = self.book_ids.unique(), torch.Generator().manual_seed(0)
        if len(names) < 2:
            return float("nan"), float("nan")
        ratios = []
        for _ in range(SPLITS):
            order = names[torch.randperm(len(names), generator=generator)]
            half = torch.isin(self.book_ids, order[: len(names) // 2])
            ratios.append((scores[half].mean() - zero) / (scores[~half].mean() - zero))
        lower, upper = torch.stack(ratios).quantile(torch.tensor(BAND).double()).tolist()
        return lower, upper

    @cached_property
    def whitened(self) -> memorization.Whitening:
        """The whitening of embeddings in which copies are searched."""
        return memorization.Whitening(self.train)

    @cached_property
    def held_out_nearest(self) -> Tensor:  # => [M]
        """Similarity of held-out plates to their nearest training plate: the null of copying."""
        return self.nearest(self.held_out).similarity

    @cached_property
    def train_views(self) -> list[Tensor]:
        """The training plates [T, D] in each way that training shows them, whitened."""
        return [self.whitened(view) for view in (self.train, self.mirrored) if len(view)]

    @cached_property
    def train_nearest(self) -> Tensor:  # => [T]
        """Similarity of training plates to the nearest other one: another null of copying."""
        return memorization.nearest_other(torch.cat(self.train_views), len(self.train_views))

    def nearest(self, samples: Tensor) -> memorization.Nearest:
        """The nearest training plate of each sample."""
        seen = self.whitened(samples)
        return memorization.nearest(seen, torch.cat(self.train_views), len(self.train_views))

    def contrast(self, samples: Tensor) -> Tensor:  # => [C]
        """How much nearer samples of captions have come to their own plates than to others, [C].

        The base model's samples are the 0 of each caption: some plates are like their captions.
        """
        pages = [
            self.whitened(view)
            for view in (self.caption_plates, self.mirrored_caption_plates)
            if len(view)
        ]
        now, before = (
            memorization.own_plate_contrast(self.whitened(part), pages, torch.cat(self.train_views))
            for part in (samples, self.base_captions)
        )
        return now - before

    def tensors(self) -> dict[str, Tensor]:
        """Everything under flat names, as a safetensors file holds it."""
        flat: dict[str, Tensor] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            named = {"": value} if isinstance(value, Tensor) else value
            flat |= {f"{field.name}/{name}".rstrip("/"): part for name, part in named.items()}
        return {name: part.contiguous() for name, part in flat.items()}

    @classmethod
    def from_tensors(cls, flat: Mapping[str, Tensor]) -> Self:
        """The reference set whose `tensors` these are."""
        parts: dict[str, Tensor | dict[str, Tensor]] = {}
        for name, value in flat.items():
            field, _, key = name.partition("/")
            if key:
                group = parts.setdefault(field, {})
                assert isinstance(group, dict)
                group[key] = value
            else:
                parts[field] = value
        return cls(**parts)  # type: ignore[arg-type]
