"""What a checkpoint is measured against, all of it known before the first step."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Self

import torch
from torch import Tensor

from oldbook_diffusion.metrics import memorisation
from oldbook_diffusion.metrics.style_directions import beyond_tone, normalised, probe, projection

SPLITS = 200  # of held-out books, for the band of real plates
BAND = (0.025, 0.975)


@dataclass(frozen=True)
class Panel:
    """Embeddings [N, D] of length one of everything that drawings are compared with.

    Attributes:
        base: The base model's drawings of the prompts.
        prompts: [N], the prompt of each of them, and of each drawing of a checkpoint.
        texts: [P, D], the prompts.
        worded: The base model's drawings of the prompts with words of style in them.
        shortcuts: For each control, the base's drawings changed by it.
        apart: The base model's drawings of other prompts, to fit directions on.
        controls: For each control, those other drawings changed by it.
        decoys: For each decoy style, those other drawings changed by it.
        train: Plates that are trained on.
        held_out: Plates of other books.
        books: The book of each held-out plate, numbered.
    """

    base: Tensor
    prompts: Tensor
    texts: Tensor
    worded: Tensor
    shortcuts: Mapping[str, Tensor]
    apart: Tensor
    controls: Mapping[str, Tensor]
    decoys: Mapping[str, Tensor]
    train: Tensor
    held_out: Tensor
    books: Tensor

    @cached_property
    def directions(self) -> dict[str, Tensor]:
        """The linear scores; the probe is the headline."""
        # by name, since a basis depends on the order, and a file keeps its own
        tone = [self.controls[name] for name in sorted(self.controls)]
        negatives = [self.apart, *tone, *(self.decoys[name] for name in sorted(self.decoys))]
        return {
            "score": probe(self.train, negatives),
            "projection": projection(self.train, self.apart),
            "beyond_tone": beyond_tone(self.train, self.apart, tone),
        }

    def gain(self, drawings: Tensor, direction: str = "score") -> Tensor:  # => [P]
        """The style gained by each prompt, 0 at the base model and 1 at held-out plates."""
        axis = self.directions[direction]
        now, before, plates = (x.double() @ axis for x in (drawings, self.base, self.held_out))
        return normalised(now, before, plates, self.prompts)

    @cached_property
    def guides(self) -> dict[str, float]:
        """What the headline has to be compared with, and the band of plates themselves."""
        shortcuts = {name: float(self.gain(x).mean()) for name, x in self.shortcuts.items()}
        lower, upper = self.band()
        return {
            "guide/style_words": float(self.gain(self.worded).mean()),
            "guide/shortcut_max": max(shortcuts.values()),
            "guide/real_lower": lower,
            "guide/real_upper": upper,
        }

    def band(self) -> tuple[float, float]:
        """Where half of the held-out books lie when the other half is 1."""
        axis = self.directions["score"]
        scores, origin = self.held_out.double() @ axis, (self.base.double() @ axis).mean()
        names, generator = self.books.unique(), torch.Generator().manual_seed(0)
        if len(names) < 2:
            return float("nan"), float("nan")
        ratios = []
        for _ in range(SPLITS):
            order = names[torch.randperm(len(names), generator=generator)]
            half = torch.isin(self.books, order[: len(names) // 2])
            ratios.append((scores[half].mean() - origin) / (scores[~half].mean() - origin))
        lower, upper = torch.stack(ratios).quantile(torch.tensor(BAND).double()).tolist()
        return lower, upper

    @cached_property
    def unseen_nearest(self) -> Tensor:  # => [M]
        """Similarity of held-out plates to their nearest training plate: the null of copying."""
        train, held_out = memorisation.whiten(self.train, self.held_out)
        return memorisation.nearest(held_out, train).similarity

    def nearest(self, drawings: Tensor) -> memorisation.Nearest:
        """The nearest training plate of each drawing."""
        train, seen = memorisation.whiten(self.train, drawings)
        return memorisation.nearest(seen, train)

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
        """The panel whose `tensors` these are."""
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
