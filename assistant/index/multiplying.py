"""Products of matrices, in the thread that asks for them.

OpenBLAS gives all but small products to threads of its own, which go on spinning for some 30 milliseconds
after each: on two processors, the encoder of the same question, another caller or another program then waits
for one of them. It leaves products of up to 2^18 multiplications to the caller's thread (`interface/gemm.c`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALL = 1 << 18
"""Multiplications that are never shared among threads."""
ROWS = 16
"""Rows of a piece at the least, where there are as many: fewer make little use of a processor."""


def multiply(
    left: NDArray[np.floating], right: NDArray[np.floating], out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Give `left @ right`, in pieces that no other thread takes part in.

    Args:
        left: shape `(rows, inner)`.
        right: shape `(inner, columns)`; `inner` up to 2^14.
        out: takes the product.

    Returns:
        Shape `(rows, columns)`.
    """
    (rows, inner), columns = left.shape, right.shape[1]
    product = np.empty((rows, columns), np.result_type(left, right)) if out is None else out
    if not inner:
        product[...] = 0
        return product
    wide = max(1, min(columns, SMALL // (inner * min(max(rows, 1), ROWS))))
    high = max(1, SMALL // (inner * max(wide, 1)))
    for top in range(0, rows, high):
        for start in range(0, columns, wide):
            piece = slice(top, top + high), slice(start, start + wide)
            np.matmul(left[piece[0]], right[:, piece[1]], out=product[piece])
    return product
