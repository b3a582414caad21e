"""W_ij = sign(G_ij)/√d of the very draw G that the Gaussian weights take."""

from onebit_rf.weights.laws import Law
from onebit_rf.weights.laws.gaussian import draw_gaussian
from onebit_rf.weights.signs import SignMatrix, pack_signs


def _draw(fan_out: int, fan_in: int, seed: int, layer: int) -> SignMatrix:
    return pack_signs(draw_gaussian(fan_out, fan_in, seed, layer))


law = Law("signs", _draw, quantise=pack_signs)
