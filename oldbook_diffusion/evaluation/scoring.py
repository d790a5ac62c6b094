"""Scoring: what an evaluation makes of its samples; `NoScoring` only keeps them."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.evaluation.logging import Layout
from oldbook_diffusion.evaluation.plan import SampleImages, SamplingPlan
from oldbook_diffusion.metrics.validity import Check
from oldbook_diffusion.run.context import RunContext
from oldbook_diffusion.system import StyleDiffusion


class Scored(NamedTuple):
    """Scores by the name of their curve, and images [N, 3, H, W] to show beside the samples."""

    scores: dict[str, float]
    columns: list[Tensor]


class Scoring(ABC):
    """Scores of samples, in the main process alone."""

    @abstractmethod
    def check_available(self) -> None:
        """Refuse to validate an encoder where there is none.

        Raises:
            OldBookError: There is none.
        """

    @abstractmethod
    def extend(self, plan: SamplingPlan, context: RunContext) -> SamplingPlan:
        """The plan with what the scores need beside the prompts."""

    @abstractmethod
    def prepare(
        self, context: RunContext, system: StyleDiffusion, plan: SamplingPlan, base: SampleImages
    ) -> list[Check]:
        """Learn what samples are compared with, and check the encoder; the base model samples."""

    @abstractmethod
    def score(
        self, context: RunContext, plan: SamplingPlan, step: int, images: SampleImages
    ) -> Scored:
        """Score the samples of a step, and keep the scores."""

    @abstractmethod
    def confirm(
        self, context: RunContext, system: StyleDiffusion, plan: SamplingPlan, step: int
    ) -> None:
        """Score the checkpoint of a step on what it was not selected by."""

    @abstractmethod
    def layout(self) -> Layout:
        """TensorBoard's custom scalars."""


class NoScoring(Scoring):
    """Samples are kept and shown, and not scored."""

    def check_available(self) -> None:
        """Refuse to validate an encoder."""
        raise OldBookError("there is no encoder to validate: set render.encoder")

    def extend(self, plan: SamplingPlan, context: RunContext) -> SamplingPlan:
        """The plan as it is."""
        return plan

    def prepare(
        self, context: RunContext, system: StyleDiffusion, plan: SamplingPlan, base: SampleImages
    ) -> list[Check]:
        """No checks."""
        return []

    def score(
        self, context: RunContext, plan: SamplingPlan, step: int, images: SampleImages
    ) -> Scored:
        """No scores."""
        return Scored({}, [])

    def confirm(
        self, context: RunContext, system: StyleDiffusion, plan: SamplingPlan, step: int
    ) -> None:
        """Nothing was selected by scores."""

    def layout(self) -> Layout:
        """No curves."""
        return {}
