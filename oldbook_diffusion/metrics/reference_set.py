"""What a checkpoint is measured against, all of it known before the first step."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import NamedTuple, Self

import torch
from torch import Tensor

from oldbook_diffusion.metrics import memorization
from oldbook_diffusion.metrics.diversity import within_prompts
from oldbook_diffusion.metrics.negative_controls import FAMILIES
from oldbook_diffusion.metrics.style import beyond_tone, normalised, probe, projection

SPLITS = 200  # of held-out books, for the band of real plates
BAND = (0.025, 0.975)
NOTHING = torch.empty(0, 0)


class SampleEmbeddings(NamedTuple):
    """Embeddings [·, D] of what one model has drawn, each in the order of the panel's.

    Attributes:
        own: Samples of the prompts, by which style is measured.
        captioned: Samples of plates' captions.
        steered: Samples of prompts that ask for another style.
    """

    own: Tensor
    captioned: Tensor
    steered: Tensor

    @classmethod
    def of_prompts(cls, own: Tensor) -> Self:
        """Samples of the prompts alone."""
        return cls(own, own[:0], own[:0])

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> Self:
        """Samples out of a file that holds more than them.

        Raises:
            KeyError: It does not hold them.
        """
        return cls(*(tensors[name] for name in cls._fields))


@dataclass(frozen=True)
class ReferenceSet:
    """Embeddings [N, D] of length one of everything that drawings are compared with.

    Attributes:
        base: The base model's drawings of the prompts.
        captioned: The base model's drawings of plates' captions.
        steered: The base model's drawings of prompts that ask for another style.
        prompts: [N], the prompt of each drawing of the prompts.
        texts: [P, D], the prompts; [0, D] where the encoder cannot read.
        worded: The base model's drawings of the prompts with words of style in them.
        shortcuts: For each control, the base's drawings changed by it.
        apart: The base model's drawings of other prompts, to fit directions on.
        controls: For each control, those other drawings changed by it.
        decoys: For each decoy style, those other drawings changed by it.
        train: Plates that are trained on.
        held_out: Plates of other books.
        books: The book of each held-out plate, numbered.
        pages: The plate of each drawn caption.
        trained_on: [C] bool, whether that plate is trained on.
        mirrored: The training plates as mirrored visits show them; nothing where none are.
        mirrored_pages: The plates of drawn captions, likewise.
    """

    base: Tensor
    captioned: Tensor
    steered: Tensor
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
    pages: Tensor
    trained_on: Tensor
    mirrored: Tensor = NOTHING
    mirrored_pages: Tensor = NOTHING

    @cached_property
    def directions(self) -> dict[str, Tensor]:
        """The linear scores; the probe is the headline."""
        # by name, since a basis depends on the order, and a file keeps its own
        tone = [self.controls[name] for name in sorted(self.controls)]
        return {
            "score": self.probe(),
            "projection": projection(self.train, self.apart),
            "beyond_tone": beyond_tone(self.train, self.apart, tone),
        }

    def probe(self) -> Tensor:  # => [D]
        """The headline's direction."""
        kept = [self.controls[name] for name in sorted(self.controls)]
        decoys = [self.decoys[name] for name in sorted(self.decoys)]
        return probe(self.train, [self.apart, *kept, *decoys])

    def gain(self, drawings: Tensor, direction: str = "score") -> Tensor:  # => [P]
        """The style gained by each prompt, 0 at the base model and 1 at held-out plates."""
        return self.gain_along(self.directions[direction], drawings)

    def gain_along(self, axis: Tensor, drawings: Tensor) -> Tensor:  # => [P]
        """The style gained by each prompt along any direction."""
        now, before, plates = (x.double() @ axis for x in (drawings, self.base, self.held_out))
        return normalised(now, before, plates, self.prompts)

    def positions(self, drawings: Tensor) -> Tensor:  # => [N]
        """Where each drawing lies, 0 at the base's drawings on average and 1 at held-out plates."""
        axis = self.directions["score"]
        now, before, plates = (x.double() @ axis for x in (drawings, self.base, self.held_out))
        return (now - before.mean()) / (plates.mean() - before.mean())

    def steered_gain(self, drawings: Tensor) -> Tensor:  # => [F]
        """The style that has come where another was asked for, in the headline's unit."""
        axis = self.directions["score"]
        whole = (self.held_out.double() @ axis).mean() - (self.base.double() @ axis).mean()
        return (drawings.double() - self.steered.double()) @ axis / whole

    def matched_gain(self, drawings: Tensor) -> Tensor:  # => [C of held-out plates]
        """The style gained by held-out captions, 1 at the plates that they belong to."""
        axis, unseen = self.directions["score"], ~self.trained_on
        now, before, own = (
            x[unseen].double() @ axis for x in (drawings, self.captioned, self.pages)
        )
        return (now - before) / (own.mean() - before.mean())

    @cached_property
    def guides(self) -> dict[str, float]:
        """What the headline has to be compared with, and the band of plates themselves."""
        shortcuts = {name: float(self.gain(x).mean()) for name, x in self.shortcuts.items()}
        lower, upper = self.band()
        return {
            "guide/style_words": float(self.gain(self.worded).mean()),
            "guide/shortcut_max": max(shortcuts.values()),
            "guide/diversity": self.diversity_of_lines(),
            "guide/real_lower": lower,
            "guide/real_upper": upper,
        }

    def diversity_of_lines(self) -> float:
        """The least diversity within prompts that shortcuts of lines leave of the base's."""
        if len(self.prompts) == len(self.prompts.unique()):
            return float("nan")
        names = {change.__name__ for change in FAMILIES["edges"]}
        lines = [part for name, part in self.shortcuts.items() if name in names]
        left = [within_prompts(part, self.prompts).mean() for part in (self.base, *lines)]
        return float(torch.stack(left).min() / left[0])

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
    def whitened(self) -> memorization.Whitening:
        """How embeddings are seen where copies are looked for."""
        return memorization.Whitening(self.train)

    @cached_property
    def unseen_nearest(self) -> Tensor:  # => [M]
        """Similarity of held-out plates to their nearest training plate: the null of copying."""
        return self.nearest(self.held_out).similarity

    @cached_property
    def learnt(self) -> list[Tensor]:
        """The training plates [T, D] in each way that training shows them, seen for copies."""
        return [self.whitened(view) for view in (self.train, self.mirrored) if len(view)]

    @cached_property
    def fellow_nearest(self) -> Tensor:  # => [T]
        """Similarity of training plates to their nearest fellow: another null of copying."""
        return memorization.nearest_fellow(torch.cat(self.learnt), len(self.learnt))

    def nearest(self, drawings: Tensor) -> memorization.Nearest:
        """The nearest training plate of each drawing."""
        seen = self.whitened(drawings)
        return memorization.nearest(seen, torch.cat(self.learnt), len(self.learnt))

    def contrast(self, drawings: Tensor) -> Tensor:  # => [C]
        """How much nearer drawings of captions have come to their own plates than to others.

        The base model's drawings are the 0 of each caption: some plates are like their captions.
        """
        pages = [self.whitened(view) for view in (self.pages, self.mirrored_pages) if len(view)]
        now, before = (
            memorization.own_plate_contrast(self.whitened(part), pages, torch.cat(self.learnt))
            for part in (drawings, self.captioned)
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
