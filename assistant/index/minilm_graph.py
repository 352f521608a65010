"""all-MiniLM-L6-v2 as an ONNX graph, built from the official weights.

The network is BERT (Devlin et al. 2019, section 3) with 6 layers of width 384 and 12 heads. The graph is
written with onnxruntime's fused operators (attention, skip + layer norm, bias + GELU), so that it needs no
optimisation pass when it is loaded. Its one output is the last hidden state, which serves pooling and
token vectors alike.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

LAYERS = 6
HEADS = 12
WIDTH = 384
EPSILON = 1e-12
FUSED = "com.microsoft"
"""The operator domain of onnxruntime's fused operators."""

Weights = dict[str, NDArray[np.float32]]


class _GraphWriter:
    """Collects nodes and constants; each method returns the name of what it added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def apply(
        self, operator: str, inputs: list[str], output: str, domain: str = "", **attributes: Any
    ) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        return output


def build_graph(weights: Weights) -> onnx.ModelProto:
    """Write the network as a graph.

    Args:
        weights: the tensors of the official `model.safetensors`, by their names there.

    Returns:
        A model from `input_ids` and `attention_mask`, both `int64 (batch, tokens)` and padded on the right,
        to `last_hidden_state`, `float32 (batch, tokens, 384)`.
    """
    graph = _GraphWriter()
    state = _embeddings(graph, weights)
    # onnxruntime's fused attention takes the mask as each row's count of real tokens.
    graph.apply("ReduceSum", ["attention_mask", "second_axis"], "length", keepdims=0)
    graph.apply("Cast", ["length"], "length_int32", to=TensorProto.INT32)
    for layer in range(LAYERS):
        state = _layer(graph, weights, layer, state)
    shape = ["batch", "tokens"]
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "all-MiniLM-L6-v2",
            inputs=[
                helper.make_tensor_value_info(name, TensorProto.INT64, shape)
                for name in ("input_ids", "attention_mask")
            ],
            outputs=[helper.make_tensor_value_info(state, TensorProto.FLOAT, [*shape, WIDTH])],
            initializer=graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(FUSED, 1)],
        ir_version=9,
    )


def _embeddings(graph: _GraphWriter, weights: Weights) -> str:
    """Sum the embeddings of words, positions and the one segment, and normalise."""
    words = graph.constant("words", weights["embeddings.word_embeddings.weight"])
    positions = graph.constant("positions", weights["embeddings.position_embeddings.weight"])
    segment = graph.constant("segment", weights["embeddings.token_type_embeddings.weight"][0])
    first = graph.constant("first_axis", np.array([0], np.int64))
    second = graph.constant("second_axis", np.array([1], np.int64))
    third = graph.constant("third_axis", np.array([2], np.int64))
    graph.apply("Gather", [words, "input_ids"], "word_states")
    graph.apply("Shape", ["input_ids"], "shape")
    graph.apply("Slice", ["shape", second, third], "token_count")
    # A slice of the table: Range + Gather breaks onnxruntime 1.31's extended optimisations.
    graph.apply("Slice", [positions, first, "token_count", first], "position_states")
    graph.apply("Add", ["word_states", "position_states"], "placed_words")
    graph.apply("Add", ["placed_words", segment], "summed")
    scale = graph.constant("embedding_scale", weights["embeddings.LayerNorm.weight"])
    shift = graph.constant("embedding_shift", weights["embeddings.LayerNorm.bias"])
    return graph.apply("LayerNormalization", ["summed", scale, shift], "embedded", axis=-1, epsilon=EPSILON)


def _layer(graph: _GraphWriter, weights: Weights, layer: int, state: str) -> str:
    """Add one transformer layer; returns the name of its output."""

    def weight(name: str) -> NDArray[np.float32]:
        return weights[f"encoder.layer.{layer}.{name}"]

    def constant(name: str, values: NDArray[np.float32]) -> str:
        return graph.constant(f"layer{layer}.{name}", values)

    def normalised(name: str, source: str, inputs: list[str], output: str) -> str:
        scale = constant(f"{name}_scale", weight(f"{source}.LayerNorm.weight"))
        shift = constant(f"{name}_shift", weight(f"{source}.LayerNorm.bias"))
        bias = constant(f"{name}_bias", weight(f"{source}.dense.bias"))
        return graph.apply(
            "SkipLayerNormalization", [*inputs, scale, shift, bias], output, FUSED, epsilon=EPSILON
        )

    parts = ("query", "key", "value")
    # The checkpoint stores each matrix as (out, in); the operators multiply from the right.
    projection = np.concatenate([weight(f"attention.self.{part}.weight").T for part in parts], axis=1)
    projection_bias = np.concatenate([weight(f"attention.self.{part}.bias") for part in parts])
    attended = graph.apply(
        "Attention",
        [state, constant("qkv", projection), constant("qkv_bias", projection_bias), "length_int32"],
        f"layer{layer}.attended",
        FUSED,
        num_heads=HEADS,
    )
    mixing = constant("mixing", weight("attention.output.dense.weight").T)
    mixed = graph.apply("MatMul", [attended, mixing], f"layer{layer}.mixed")
    state = normalised("attention", "attention.output", [state, mixed], f"layer{layer}.with_attention")

    widening = constant("widening", weight("intermediate.dense.weight").T)
    wide = graph.apply("MatMul", [state, widening], f"layer{layer}.wide")
    wide_bias = constant("wide_bias", weight("intermediate.dense.bias"))
    active = graph.apply("BiasGelu", [wide, wide_bias], f"layer{layer}.active", FUSED)
    narrowing = constant("narrowing", weight("output.dense.weight").T)
    narrow = graph.apply("MatMul", [active, narrowing], f"layer{layer}.narrow")
    output = "last_hidden_state" if layer == LAYERS - 1 else f"layer{layer}.output"
    return normalised("feed_forward", "output", [state, narrow], output)


def write_graph(weights: Weights, path: Path) -> None:
    """Build the graph and write it, with the numbers in a file beside it: `model.onnx` and `model.weights`.

    onnxruntime maps that file into memory instead of copying it: of the table of words, which is half of
    it, only the rows of the words that occur are ever read.
    """
    onnx.save(
        build_graph(weights),
        path,
        save_as_external_data=True,
        location=path.with_suffix(".weights").name,
    )
