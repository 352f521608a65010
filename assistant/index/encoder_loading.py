"""The encoder that the settings ask for, loaded when it is needed, or beside something else before."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress

from assistant.errors import EncoderError
from assistant.index.encoder import Encoder
from assistant.index.minilm_weights import NAME as MINILM
from assistant.index.minilm_weights import encoder_files
from assistant.settings import Settings

WORDS_ALONE = "words"
"""What stands in place of an encoder's name when the index has no vectors."""


class EncoderOnDemand:
    """Loads the encoder once, for whichever thread needs it first."""

    def __init__(
        self, settings: Settings, given: Encoder | None, opening: AbstractContextManager[object]
    ) -> None:
        """Load nothing yet.

        Args:
            settings: which encoder.
            given: takes its place, where there is one.
            opening: a lock that may be taken again by who holds it, under which nothing else is imported.
        """
        self.name = WORDS_ALONE if settings.embedding == "words" else MINILM
        """The encoder's name, or `words` for none."""
        if given is not None:
            self.name = given.name
        self._settings = settings
        self._encoder = given
        self._opening = opening
        self._expected: Future[Encoder] | None = None

    def loaded(self) -> Encoder:
        """Give the encoder.

        Raises:
            EncoderError: there are no weights, or they are damaged.
        """
        with self._opening:
            if self._encoder is None:
                expected, self._expected = self._expected, None
                if expected is not None:
                    self._encoder = expected.result()
                else:
                    from assistant.index.minilm import MiniLM

                    self._encoder = MiniLM(encoder_files(self._settings))
            return self._encoder

    def expect(self) -> None:
        """Begin to load it in a thread: whoever opens Chroma meanwhile need not wait for it after.

        What is wrong with it is said to whoever asks for it.
        """
        with self._opening:
            if self.name == WORDS_ALONE or self._encoder is not None or self._expected is not None:
                return
            # Before the thread begins: two threads cannot import numpy at once, and Chroma imports it too.
            from assistant.index.minilm import MiniLM

            with suppress(EncoderError):
                files = encoder_files(self._settings)
                beside = ThreadPoolExecutor(1)
                self._expected = beside.submit(MiniLM, files)
                beside.shutdown(wait=False)
