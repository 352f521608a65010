"""What a question asks for."""

import pytest

from assistant.answering.asking import Asking, coined_names, figures


@pytest.mark.parametrize(
    ("question", "number", "name", "several"),
    [
        ("How much energy does KettleNet save?", True, False, False),
        ("how many kettles were tried", True, False, False),
        ("What accuracy does it reach?", True, False, False),
        ("By how much is it better?", True, False, False),
        ("Which controller saves energy?", False, True, False),
        ("Who counted the sheep?", False, True, False),
        ("What method grades tea?", False, True, False),
        ("Which papers deal with tea?", False, True, True),
        ("Compare KettleNet and TeapotFormer.", False, False, True),
        ("list everything on water", False, False, True),
        ("Why do lighthouses blink slowly?", False, False, False),
        ("Describe the showman.", False, False, False),
    ],
)
def test_a_question_asks_for(question: str, *, number: bool, name: bool, several: bool) -> None:
    asking = Asking.read(question)
    assert (asking.number, asking.name, asking.several) == (number, name, several)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("How does KettleNet differ from TeapotFormer?", {"kettlenet", "teapotformer"}),
        ("Does GPT-4V read p-MoD?", {"gpt-4v", "p-mod"}),
        ("ViT on ImageNet", {"vit", "imagenet"}),
        ("Is Tea hot in London?", set()),
        ("It has 12 cups and 3.5 litres", set()),
        ("YOLO and LLMs", {"yolo", "llms"}),
    ],
)
def test_coined_names_are_told_by_their_shape(text: str, names: set[str]) -> None:
    assert coined_names(text) == names


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("17.5% of 4,000", {"17.5", "4,000"}), ("2. Then 3, or 4.", {"2", "3", "4"}), ("none", set())],
)
def test_figures_are_taken_as_written(text: str, numbers: set[str]) -> None:
    assert figures(text) == numbers


def test_names_and_numbers_of_the_question_are_kept() -> None:
    asking = Asking.read("Does KettleNet save 17.5%?")
    assert asking.names == {"kettlenet"}
    assert asking.figures == {"17.5"}
