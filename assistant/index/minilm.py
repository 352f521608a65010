"""all-MiniLM-L6-v2 through onnxruntime: 384 dimensions, a window of 512 tokens, on the CPU."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from assistant.errors import EncoderError
from assistant.index.encoder import Encoding
from assistant.index.minilm_weights import NAME, EncoderFiles, digest

WINDOW = 512
"""Tokens that the model's position table holds, special ones included."""
BATCH = 8
"""Texts in one forward pass: larger batches gain nothing on two cores and pad more."""


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
        # Threads that spin while they wait take the processor from whoever else is at work.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        with ThreadPoolExecutor(1) as beside:
            # Beside the loading, which takes as long.
            found = beside.submit(digest, files.model) if files.sha256 else None
            try:
                self._session = onnxruntime.InferenceSession(
                    files.model, options, providers=["CPUExecutionProvider"]
                )
            except Exception as error:  # onnxruntime's errors share no public parent
                raise EncoderError(
                    f"{files.model} cannot be loaded as an ONNX model: delete it and try again."
                ) from error
            if found is not None and found.result() != files.sha256:
                raise EncoderError(
                    f"{files.model} was damaged or changed since it was made (its SHA-256 is another): "
                    "delete it and try again."
                )
        self._inputs = {given.name for given in self._session.get_inputs()}

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Encode texts in batches of similar length, each padded to its longest alone."""
        tokenized = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda index: len(tokenized[index].ids))
        encodings: dict[int, Encoding] = {}
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            longest = len(tokenized[batch[-1]].ids)
            ids = np.zeros((len(batch), longest), np.int64)
            mask = np.zeros_like(ids)
            for row, index in enumerate(batch):
                length = len(tokenized[index].ids)
                ids[row, :length] = tokenized[index].ids
                mask[row, :length] = 1
            feed = {"input_ids": ids, "attention_mask": mask}
            if "token_type_ids" in self._inputs:
                feed["token_type_ids"] = np.zeros_like(ids)
            (states,) = self._session.run(["last_hidden_state"], feed)
            for row, index in enumerate(batch):
                length = len(tokenized[index].ids)
                spans = np.array(tokenized[index].offsets, np.int64)
                encodings[index] = Encoding(ids[row, :length], spans, states[row, :length])
        return [encodings[index] for index in range(len(texts))]


def _tokenizer(path: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception
        raise EncoderError(f"{path} cannot be read as a tokenizer: install the weights again.") from error
    # The file asks for 128 tokens padded to 128; the model itself takes 512.
    tokenizer.enable_truncation(WINDOW)
    tokenizer.no_padding()
    return tokenizer
