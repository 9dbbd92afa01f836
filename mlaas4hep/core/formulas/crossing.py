"""Objects of one collection beside those of another in the same entry: which one is nearest."""

import numpy as np

from mlaas4hep.core.data.columns import Array, Jagged
from mlaas4hep.core.formulas.kinematics import delta_r


def nearest(eta: Jagged, phi: Jagged, others_eta: Jagged, others_phi: Jagged) -> Array:
    """Return for each object the place of the nearest of the others; NaN where there is none."""
    return _nearest(eta, phi, others_eta, others_phi)[0]


def least_distance(eta: Jagged, phi: Jagged, others_eta: Jagged, others_phi: Jagged) -> Array:
    """Return for each object its distance to the nearest of the others; NaN where there is none."""
    return _nearest(eta, phi, others_eta, others_phi)[1]


def _nearest(
    eta: Jagged, phi: Jagged, others_eta: Jagged, others_phi: Jagged
) -> tuple[Array, Array]:
    """Return places and distances; one of the others of all entries at a time bounds memory."""
    places, distances = np.full(len(eta.content), np.nan), np.full(len(eta.content), np.nan)
    firsts = np.repeat(others_eta.offsets[:-1], eta.counts)
    counts = np.repeat(others_eta.counts, eta.counts)
    left = np.arange(len(eta.content))
    for place in range(int(others_eta.counts.max(initial=0))):
        left = left[counts[left] > place]
        other = firsts[left] + place
        found = delta_r(
            eta.content[left],
            phi.content[left],
            others_eta.content[other],
            others_phi.content[other],
        )
        nearer = ~(distances[left] <= found) & ~np.isnan(found)
        places[left[nearer]] = place
        distances[left[nearer]] = found[nearer]
    return places, distances
