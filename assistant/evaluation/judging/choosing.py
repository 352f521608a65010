"""Which judge: by name, loading only what that one needs."""

from typing import TYPE_CHECKING

from assistant.answering.reader import chat_model
from assistant.errors import SettingsError
from assistant.evaluation.judging.judge import Judge
from assistant.settings import EXTRACTIVE, Settings

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from assistant.answering.model import ChatModel
    from assistant.answering.recorded import Recordings
    from assistant.index.encoder import Encoder

JUDGES = ("offline", "model", "llamaindex")


def judge_for(
    name: str,
    settings: Settings,
    *,
    encoder: "Encoder | None" = None,
    recordings: "Recordings | None" = None,
    llm: "LLM | None" = None,
) -> Judge:
    """Give a judge.

    Args:
        name: `offline`, which needs no key; `model`; or `llamaindex`, its evaluator on the same model.
        settings: name the model that judges and its server.
        encoder: what the offline judge reads with, where it is open already.
        recordings: where the model's replies are kept, or come from.
        llm: a LlamaIndex model in place of the one that the settings name.

    Raises:
        SettingsError: there is no such judge, no model for it, or a prompt cannot be used.
        EncoderError: the offline judge has no encoder.
    """
    match name:
        case "offline":
            from assistant.evaluation.judging.offline import OfflineJudge

            return OfflineJudge(encoder if encoder is not None else _encoder(settings))
        case "model":
            from assistant.answering.prompts import Prompts
            from assistant.evaluation.judging.model_judge import ModelJudge

            return ModelJudge(judging_model(settings, recordings, llm), Prompts(settings.prompts))
        case "llamaindex":
            model = judging_model(settings, recordings, llm)
            from assistant.evaluation.judging.llamaindex import LlamaIndexJudge

            return LlamaIndexJudge(model)
        case _:
            raise SettingsError(f"There is no judge called {name!r}: use {', '.join(JUDGES)}.")


def _encoder(settings: Settings) -> "Encoder":
    from assistant.index.minilm import MiniLM
    from assistant.index.minilm_weights import encoder_files

    return MiniLM(encoder_files(settings))


def judging_model(
    settings: Settings, recordings: "Recordings | None" = None, llm: "LLM | None" = None
) -> "ChatModel":
    """Give the model that judges: `ASSISTANT_JUDGE_MODEL`, else the one that writes the answers.

    Raises:
        SettingsError: there is none, or no server for it.
    """
    judging = settings.model_copy(update={"model": settings.judge_model or settings.model})
    if llm is None:
        if judging.model == EXTRACTIVE:
            raise SettingsError("No model is named that could judge: set ASSISTANT_JUDGE_MODEL to one.")
        if not judging.reads_by_model and not (recordings and recordings.replay):
            raise SettingsError(
                f"There is no server on which {judging.model} could judge: set OPENAI_API_KEY or "
                "OPENAI_BASE_URL, replay recordings, or take the offline judge."
            )
    model, _ = chat_model(judging, llm, recordings)
    return model
