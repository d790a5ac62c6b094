"""PooledScores: the usual scores, over all samples alike."""

from torch import Tensor

from oldbook_diffusion.evaluation.reference_images import Plates
from oldbook_diffusion.metrics import catalogue as c
from oldbook_diffusion.metrics.centroid import CentroidSimilarity, halves
from oldbook_diffusion.metrics.curve import Curve
from oldbook_diffusion.metrics.prompt_fidelity import PromptFidelity


class PooledScores:
    """Cosines of samples to the plates' centroid and to the prompts.

    Args:
        embedding_dim: Length of the embeddings.
        prompt_embeddings: [P, D], the prompts; [0, D] where the encoder cannot read.
        prompt_ids: [N], the prompt of each sample.
    """

    def __init__(self, embedding_dim: int, prompt_embeddings: Tensor, prompt_ids: Tensor) -> None:
        self.prompt_embeddings = prompt_embeddings
        self.prompt_ids = prompt_ids
        # one process scores for all, so that nothing is to be summed over processes
        self.similarity = CentroidSimilarity(embedding_dim, sync_on_compute=False)
        self.fidelity = PromptFidelity(sync_on_compute=False)

    def set_references(self, held_out: Plates, base: Tensor) -> None:
        """Set the 1 by held-out plates, and the 0 by the base model's samples [N, D]."""
        reference = halves(held_out.books)
        self.similarity.update(held_out.embeddings[reference], "reference")
        self.similarity.update(held_out.embeddings[~reference], "ceiling")
        self.similarity.update(base, "base")

    def compute(self, samples: Tensor) -> dict[str, float]:
        """Score samples [N, D], by the name of each curve."""
        self.similarity.reset()
        self.similarity.update(samples, "sample")
        style = self.similarity.compute()
        values: dict[Curve, float] = {
            c.STYLE_COSINE: float(style["cosine"]),
            c.STYLE_NORMALIZED: float(style["normalized"]),
            c.STYLE_CEILING: float(style["ceiling"]),
        }
        if len(self.prompt_embeddings):
            self.fidelity.reset()
            self.fidelity.update(samples, self.prompt_embeddings, self.prompt_ids)
            fidelity = self.fidelity.compute()
            values[c.POOLED_CLIP_SCORE] = float(fidelity["clip_score"])
            values[c.POOLED_RECALL] = float(fidelity["recall"])
        return {curve.tag: value for curve, value in values.items()}
