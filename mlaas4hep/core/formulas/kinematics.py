"""Angles between objects and masses of sums of them, from pt, eta, phi and mass."""

from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array, Jagged
from mlaas4hep.core.formulas.rowwise import total


def delta_phi(phi1: Any, phi2: Any) -> Array:
    """Return phi1 - phi2, turned into [-pi, pi)."""
    turned: Array = np.asarray((np.subtract(phi1, phi2) + np.pi) % (2 * np.pi) - np.pi)
    return turned


def delta_r(eta1: Any, phi1: Any, eta2: Any, phi2: Any) -> Array:
    """Return the distance in eta and phi."""
    return np.asarray(np.hypot(np.subtract(eta1, eta2), delta_phi(phi1, phi2)))


def root_delta_phi(phi1: Any, phi2: Any) -> Array:
    """Return what ROOT's DeltaPhi does: phi2 - phi1."""
    return delta_phi(phi2, phi1)


def root_delta_r(eta1: Any, eta2: Any, phi1: Any, phi2: Any) -> Array:
    """Return `delta_r` of arguments in the order of ROOT's DeltaR."""
    return delta_r(eta1, phi1, eta2, phi2)


def transverse_mass(pt1: Any, phi1: Any, pt2: Any, phi2: Any) -> Array:
    """Return that of two objects whose masses do not count, such as a muon and what is missing."""
    angle = 1 - np.cos(np.subtract(phi1, phi2))
    return np.asarray(np.sqrt(2 * np.multiply(pt1, pt2) * angle))


def mass_of_sum(*numbers: Any) -> Array:
    """Return the mass of the sum of objects, each given by pt, eta, phi and mass."""
    parts = [_cartesian(*numbers[at : at + 4]) for at in range(0, len(numbers), 4)]
    return _mass(*(sum(each) for each in zip(*parts, strict=True)))


def mass_of_rows(pt: Jagged, eta: Jagged, phi: Jagged, mass: Jagged) -> Array:
    """Return the mass of all objects of a row together; NaN for an empty row."""
    parts = _cartesian(pt.content, eta.content, phi.content, mass.content)
    sums = [total(Jagged(content=np.asarray(part), offsets=pt.offsets)) for part in parts]
    return np.where(pt.counts > 0, _mass(*sums), np.nan)


def _cartesian(pt: Any, eta: Any, phi: Any, mass: Any) -> tuple[Any, Any, Any, Any]:
    pz = pt * np.sinh(eta)
    square = mass * np.abs(mass) + pt * pt + pz * pz
    return pt * np.cos(phi), pt * np.sin(phi), pz, np.sqrt(np.maximum(square, 0))


def _mass(px: Any, py: Any, pz: Any, energy: Any) -> Array:
    """Return the mass; a square below 0 gives the negative root, as in ROOT."""
    square = energy * energy - px * px - py * py - pz * pz
    return np.asarray(np.copysign(np.sqrt(np.abs(square)), square))
