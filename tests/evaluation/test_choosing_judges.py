"""Which model judges, and by which judge; and judging from recordings."""

from pathlib import Path

import pytest
from judging import ECHOES, KEY, QUESTION, SAVES, TWO_CLAIMS, TWO_JUDGED, TWO_VERDICTS, verdicts
from peer import MODEL, Peer

from assistant import RecordingError, Recordings, Settings, SettingsError
from assistant.answering.recorded import repeating
from assistant.evaluation.judging.choosing import JUDGES, judge_for

# Recordings


def test_judging_is_recorded_and_replayed_without_a_key(
    model_settings: Settings, peer: Peer, tmp_path: Path
) -> None:
    recordings = Recordings(tmp_path / "recordings")
    peer.says(TWO_CLAIMS, verdicts(("supported", "")), TWO_VERDICTS)
    recording = judge_for("model", model_settings, recordings=recordings)
    assert recording.judge(QUESTION, [SAVES])[0].claims == TWO_JUDGED
    recording.close()
    without_key = model_settings.model_copy(update={"openai_api_key": None})
    replaying = judge_for("model", without_key, recordings=Recordings(recordings.folder, replay=True))
    assert replaying.judge(QUESTION, [SAVES])[0].claims == TWO_JUDGED
    assert len(peer.requests) == 3
    with pytest.raises(RecordingError, match="No reply of peer-model at http://127"):
        replaying.judge(QUESTION, [ECHOES])
    with pytest.raises(RecordingError, match=r"\(repeat 1, "), repeating(1):
        replaying.judge(QUESTION, [SAVES])
    assert all(KEY not in path.read_text() for path in recordings.folder.rglob("*.json"))


# Which model, which judge


@pytest.mark.parametrize("name", ["model", "llamaindex"])
def test_the_model_that_judges_is_a_setting(model_settings: Settings, name: str) -> None:
    other = model_settings.model_copy(update={"judge_model": "strict-model"})
    assert judge_for(name, model_settings).name == f"{name}:{MODEL}"
    assert judge_for(name, other).name == f"{name}:strict-model"
    extractive = other.model_copy(update={"model": "extractive"})
    assert judge_for(name, extractive).name == f"{name}:strict-model"


def test_the_model_that_judges_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().judge_model is None
    monkeypatch.setenv("ASSISTANT_JUDGE_MODEL", "strict-model")
    assert Settings.load().judge_model == "strict-model"


@pytest.mark.parametrize("name", ["model", "llamaindex"])
def test_a_judge_that_cannot_be_had_is_said(model_settings: Settings, name: str, tmp_path: Path) -> None:
    nowhere = Settings(model=MODEL)
    with pytest.raises(SettingsError, match="no server on which peer-model could judge: set OPENAI_API_KEY"):
        judge_for(name, nowhere)
    with pytest.raises(SettingsError, match="set ASSISTANT_JUDGE_MODEL"):
        judge_for(name, model_settings.model_copy(update={"model": "extractive"}))
    replaying = judge_for(name, nowhere, recordings=Recordings(tmp_path, replay=True))
    with pytest.raises(RecordingError, match=r"No reply of peer-model at https://api\.openai\.com/v1 "):
        replaying.judge(QUESTION, [SAVES])


def test_a_judge_that_is_none_is_said() -> None:
    with pytest.raises(SettingsError, match="no judge called 'oracle': use offline, model, llamaindex"):
        judge_for("oracle", Settings())
    assert JUDGES == ("offline", "model", "llamaindex")


def test_a_broken_prompt_is_said_before_anything_is_asked(model_settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "claims.jinja").write_text("{{ sentences }}")
    with pytest.raises(SettingsError, match=r"claims\.jinja leaves out {{ again }}, {{ question }}"):
        judge_for("model", model_settings.model_copy(update={"prompts": tmp_path}))
