"""Layers are chosen by sets or by the ends of their names; what fits none is refused."""

import pytest

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.methods import OFT, LNTuning, LoRA, Method
from oldbook_diffusion.models import StableDiffusion
from tests.conftest import World


@pytest.mark.parametrize(
    ("method", "said"),
    [
        (LoRA(target_modules=["to_q", "to_w"]), "target_modules 'to_w': take .*to_"),
        (LoRA(target_modules=["atention"]), "take attention"),
        (LoRA(target_modules=["qqqq"]), "take a set of attention, feed_forward"),
        (LoRA(rank_pattern={"to_w": 2}), "rank_pattern: no adapted layer is called 'to_w'"),
        (LoRA(alpha_pattern={"conv1": 2.0}), "alpha_pattern: no adapted layer is called 'conv1'"),
        (LoRA(target_modules=["norms"]), "does not fit these layers: .*GroupNorm"),
        (OFT(target_modules=["attention", "convolutions"]), "rotates linear layers alone"),
        (LNTuning(target_modules=["norms", "to_q"]), "trains norms alone"),
    ],
)
def test_a_name_that_fits_no_layer_or_the_wrong_ones_is_refused(
    world: World, method: Method, said: str
) -> None:
    with pytest.raises(OldBookError, match=said):
        method.attach(StableDiffusion(str(world.base)))


def test_a_set_stands_for_its_layers(world: World) -> None:
    sets, names = (StableDiffusion(str(world.base)) for _ in range(2))
    LoRA(target_modules=["attention", "projections"]).attach(sets)
    members = ["to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out"]
    LoRA(target_modules=members).attach(names)
    assert sets.state_dict().keys() == names.state_dict().keys()
