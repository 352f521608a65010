"""Twelve invented papers."""

from datetime import date

from assistant.corpus import Listing


def _listing(
    title: str, text: str, published: str = "", author_count: int | None = None, organization: str = ""
) -> Listing:
    return Listing(
        title=title,
        text=text,
        published=date.fromisoformat(published) if published else None,
        author_count=author_count,
        organization=organization or None,
        source="library.jsonl",
    )


LIBRARY = (
    _listing(
        "KettleNet: Boiling Water with Fewer Joules",
        "Heating water wastes energy on the vessel. We propose KettleNet, a controller that learns when to "
        "switch a kettle off. On a test bench of 40 kettles it saves 17.5% of the energy of a thermostat. "
        "The controller has 12,000 parameters and runs on the kettle's own chip. It was trained for 3 hours "
        "on recordings of steam pressure. We release the recordings under an open licence.",
        "2021-03-04",
        5,
    ),
    _listing(
        "TeapotFormer: Attention over Tea Leaves",
        "Grading tea by eye is slow. TeapotFormer grades photographs of dry leaves with attention over leaf "
        "fragments. It agrees with professional tasters on 91.2% of 4,000 samples, against 78% for a "
        "convolutional network. Attention maps show that it looks at the leaf tips.",
        "2022-07-19",
        3,
    ),
    _listing(
        "Counting Sheep from the Air",
        "A drone photographs a flock and a detector counts the animals with an error of 2 in 1,000.",
        "2023-01-05",
        1,
    ),
    _listing(
        "Do Lighthouses Blink Too Slowly?",
        "We measured how long sailors need to recognise a lighthouse. Recognition takes 6.4 seconds on "
        "average, longer than two flashes of most lights. Faster rhythms shorten it by a third. We recommend "
        "one flash every two seconds.",
        "2020-11-30",
        4,
    ),
    _listing(
        "BridgeGPT: A Language Model that Inspects Bridges",
        "Inspection reports of bridges are written by hand. BridgeGPT reads photographs of concrete and "
        "drafts the report. Engineers accepted 62% of its drafts without a change. It was fine-tuned on "
        "9,300 reports from three countries. Cracks thinner than 0.2 millimetres are still overlooked.",
        "2024-02-29",
        8,
        "Invented Institute of Spans",
    ),
    _listing(
        "Sourdough as a Dynamical System",
        "A sourdough starter is modelled as two coupled equations for yeast and lactic bacteria. The model "
        "predicts the time of the highest rise to within 11 minutes. Feeding twice a day makes the system "
        "stable.",
        "2024-06-13",
        2,
    ),
    _listing(
        "SnowCast: Forecasting Avalanches with Graph Networks",
        "SnowCast connects weather stations of a valley to a graph and forecasts avalanches a day ahead. It "
        "finds 83% of the avalanches of two winters with one false alarm a week. A plain regression finds "
        "64%. The graph matters most in valleys with few stations.",
        "2023-12-01",
        6,
    ),
    _listing(
        "RootRank: Ordering Vegetables by Ripeness",
        "RootRank learns to order pairs of photographs of carrots and beets by ripeness. Farmers labelled "
        "15,000 pairs. Pairwise training halves the error of direct regression.",
    ),
    _listing(
        "The Acoustics of Empty Swimming Pools",
        "An empty swimming pool echoes for 5.1 seconds. Foam wedges along two walls bring this down to 1.3 "
        "seconds. We give a formula for other shapes of pool.",
        "2019-05-06",
    ),
    _listing(
        "ChessKnit: Knitting Patterns from Chess Games",
        "ChessKnit turns a chess game into a knitting pattern, a row for each move. Volunteers told games "
        "apart by their scarves in 7 of 10 cases.",
        "2024-12-31",
        2,
    ),
    _listing(
        "A Survey of Doorbells",
        "We review 120 designs of doorbells from two centuries, from bell pulls to cameras. Mechanical bells "
        "fail least often. No design suits deaf residents without a light.",
        organization="Museum of Small Machines",
    ),
    _listing(
        "GlacierFlow: Neural Simulation of Ice",
        "GlacierFlow replaces the solver of an ice sheet model by a neural network. It runs 300 times faster "
        "than the solver on one graphics card. The position of the glacier's edge deviates by 40 metres "
        "after a century.",
        "2022-10-10",
        7,
    ),
)
