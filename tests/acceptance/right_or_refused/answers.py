"""What served models are asked for, and what answers say."""

import numpy as np

ROWS = np.array([[0.1, 0.2, 0.3, 0.4], [0.9, 0.8, 0.7, 0.6]], np.float32)


def is_refused(answer, says):
    return (answer.status_code, says in answer.json()["error"]) == (400, True)
