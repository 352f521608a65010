"""The command: `python -m bench.retrieval`."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from assistant.errors import AssistantError
from assistant.index.minilm import MiniLM
from assistant.index.minilm_weights import encoder_files
from assistant.resources import resource
from assistant.settings import Settings
from bench.retrieval.collection import Collection, read_collection
from bench.retrieval.report import as_json, as_markdown
from bench.retrieval.running import Figures, figures, run_systems
from bench.retrieval.systems import LABELS, NAMES

EPILOG = """\
Figures are followed by their 95 % interval, from a percentile bootstrap over queries.
"assistant ahead by" is the mean difference query by query: an interval above 0 tells the two searches apart.
Bytes are those of the files that a search reads; the assistant's are its whole home, papers included.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, index, search, print."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.json is not None and not given.json.parent.is_dir():
        parser.error(f"there is no folder {given.json.parent} to write {given.json.name} to")
    try:
        collections = [
            read_collection(folder, queries=given.queries, qrels=given.qrels, pages=given.pages)
            for folder in given.folders or [resource("eval/questions")]
        ]
        if given.sample is not None:
            collections = [collection.sample(given.sample, given.seed) for collection in collections]
        with tempfile.TemporaryDirectory() as passing:
            reported = _run(collections, given, given.home or Path(passing))
    except AssistantError as error:
        sys.exit(str(error))
    if given.json is not None:
        given.json.write_text(
            json.dumps(as_json(reported, seed=given.seed, sample=given.sample), indent=1) + "\n"
        )


def _run(collections: Sequence[Collection], given: argparse.Namespace, home: Path) -> list[Figures]:
    encoder = MiniLM(encoder_files(Settings.load()))
    reported = []
    for collection in collections:
        runs = run_systems(collection, given.only, home, encoder, rebuild=given.rebuild)
        reported.append(figures(collection, runs, seed=given.seed))
        print(as_markdown(reported[-1]), flush=True)
    return reported


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.retrieval",
        description="Compare the assistant's retrieval with simpler searches, and print Markdown tables.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "folders",
        nargs="*",
        type=Path,
        metavar="FOLDER",
        help="a collection in BEIR's layout, or a folder of curated questions (default: the shipped ones)",
    )
    parser.add_argument(
        "--pages",
        metavar="GLOB",
        help="listing pages that curated questions are put to, not the shipped papers",
    )
    parser.add_argument("--queries", metavar="FILE", help="which queries file of a folder in BEIR's layout")
    parser.add_argument("--qrels", metavar="FILE", help="which judgements of a folder in BEIR's layout")
    parser.add_argument(
        "--only",
        metavar="NAMES",
        type=_names,
        default=list(NAMES),
        help=f"some of the searches, with commas between them: {', '.join(NAMES)}",
    )
    parser.add_argument("--sample", metavar="N", type=_count, help="so many queries of each suite, at random")
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0, help="of sample and bootstrap (default: 0)"
    )
    parser.add_argument("--home", metavar="FOLDER", type=Path, help="keep the indexes here for later runs")
    parser.add_argument(
        "--rebuild",
        action="store_true",
        help="make the assistant's kept index anew, after a change to indexing",
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures here too")
    return parser


def _names(value: str) -> list[str]:
    names = list(dict.fromkeys(value.split(",")))
    for name in names:
        if name not in LABELS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(NAMES)}")
    return names


def _count(value: str) -> int:
    if not value.isdecimal() or int(value) == 0:
        raise argparse.ArgumentTypeError(f"{value!r} is no number of queries")
    return int(value)


if __name__ == "__main__":
    main()
