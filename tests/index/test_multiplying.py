"""Products of matrices are right, and nobody's but the caller's thread works on them."""

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assistant.index.multiplying import multiply


@given(st.integers(0, 300), st.integers(0, 400), st.integers(0, 80))
def test_pieces_make_the_whole(rows: int, inner: int, columns: int) -> None:
    rng = np.random.default_rng(rows + 1000 * inner + columns)
    left = rng.standard_normal((rows, inner), np.float32)
    right = rng.standard_normal((columns, inner), np.float32).T
    found = multiply(left, right)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, left @ right, atol=1e-3)
    into = np.zeros((rows, columns), np.float32)
    assert multiply(left, right, out=into) is into
    np.testing.assert_array_equal(into, found)


SHAPES = [(15, 384, 256), (15, 256, 250), (1024, 256, 15), (439, 384, 2)]
MEASURE = """
import time
import numpy as np
from assistant.index.multiplying import multiply

rng = np.random.default_rng(0)
pairs = [(rng.standard_normal(shape[:2]), rng.standard_normal(shape[1:])) for shape in {shapes}]
everyone, own = time.process_time(), time.thread_time()
for left, right in pairs * 200:
    {product}
print((time.process_time() - everyone) / (time.thread_time() - own))
"""


def _others_and_own(product: str) -> float:
    """In a process of its own, where no thread still spins after somebody else's product."""
    script = MEASURE.format(shapes=SHAPES, product=product)
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return float(done.stdout)


def test_no_other_thread_takes_part() -> None:
    # OpenBLAS's spin when they start, which a busy machine draws out; with `left @ right` it is nearly 2.
    assert _others_and_own("multiply(left, right)") < 1.3
