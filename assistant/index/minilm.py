"""all-MiniLM-L6-v2 through onnxruntime: 384 dimensions, a window of 512 tokens, on the CPU."""

import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import tokenizers
from tokenizers import Tokenizer

from assistant.errors import EncoderError
from assistant.index.encoder import Encoding
from assistant.index.minilm_weights import NAME, EncoderFiles, digest

WINDOW = 512
"""Tokens that the model's position table holds, special ones included."""
ENOUGH = 4
"""Texts from which on several are encoded at once: fewer, and the threads cost more than they bring."""


class MiniLM:
    """The default encoder. Safe to use from several threads."""

    name = NAME
    dimension = 384

    def __init__(self, files: EncoderFiles) -> None:
        """Load the tokenizer and the graph.

        Raises:
            EncoderError: a file cannot be read as what it should be, or is not the one that was made.
        """
        self._tokenizer = _tokenizer(files.tokenizer)
        options = onnxruntime.SessionOptions()
        # Errors reach the caller as exceptions; the library would print them too.
        options.log_severity_level = 4
        # Each text is one thread's: several texts keep all processors at work without ever waiting for each
        # other, which takes less of their time, and many callers do not get into each other's way.
        options.intra_op_num_threads = 1
        with ThreadPoolExecutor(1) as beside:
            # Beside the loading, which takes as long.
            found = beside.submit(digest, files.digested) if files.digest else None
            try:
                self._session = onnxruntime.InferenceSession(
                    files.model, options, providers=["CPUExecutionProvider"]
                )
            except Exception as error:  # onnxruntime's errors share no public parent
                raise EncoderError(
                    f"{files.model} cannot be loaded as an ONNX model: delete it and try again."
                ) from error
            if found is not None and found.result() != files.digest:
                raise EncoderError(
                    f"{files.model} was damaged or changed since it was made (its digest is another): "
                    "delete it and try again."
                )
        self._inputs = {given.name for given in self._session.get_inputs()}

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode texts, each in a forward pass of its own, so that none is padded."""
        tokenized = self._tokenizer.encode_batch(list(texts))
        if len(texts) < ENOUGH:
            return [self._encoding(each) for each in tokenized]
        encodings: dict[int, Encoding] = {}

        def encode(index: int) -> None:
            encodings[index] = self._encoding(tokenized[index])

        # The longest first: then no thread is left with a long one at the end.
        order = sorted(range(len(texts)), key=lambda index: -len(tokenized[index].ids))
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            deque(threads.map(encode, order), 0)
        return [encodings[index] for index in range(len(texts))]

    def _encoding(self, tokenized: tokenizers.Encoding) -> Encoding:
        ids = np.array(tokenized.ids, np.int64)
        feed = {"input_ids": ids[np.newaxis], "attention_mask": np.ones((1, len(ids)), np.int64)}
        if "token_type_ids" in self._inputs:
            feed["token_type_ids"] = np.zeros((1, len(ids)), np.int64)
        (states,) = self._session.run(["last_hidden_state"], feed)
        return Encoding(ids, np.array(tokenized.offsets, np.int64), states[0])


def _tokenizer(path: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception
        raise EncoderError(f"{path} cannot be read as a tokenizer: install the weights again.") from error
    # The file asks for 128 tokens padded to 128; the model itself takes 512.
    tokenizer.enable_truncation(WINDOW)
    tokenizer.no_padding()
    return tokenizer
