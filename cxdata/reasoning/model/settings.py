"""What a user may set of the model writer."""

from __future__ import annotations

from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from cxdata.reasoning.model.endpoint import DEFAULT


class Sampling(NamedTuple):
    """How the model draws its words; `seed` is that of the run, from which each request's own is made."""

    temperature: float = 0.7
    top_p: float = 0.95
    max_tokens: int = 1536
    seed: int = 0


SAMPLING: Final = Sampling()


class ModelSettings(BaseModel):
    """Where the model answers, under which terms, which model it is, and how it is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint: str = DEFAULT
    terms_accepted: tuple[str, ...] = ()
    model: str | None = None
    revision: str | None = None
    temperature: float = Field(default=SAMPLING.temperature, ge=0, le=2)
    top_p: float = Field(default=SAMPLING.top_p, gt=0, le=1)
    max_tokens: int = Field(default=SAMPLING.max_tokens, ge=1, description="of one answer")
    seed: int = Field(default=SAMPLING.seed, ge=0)
    concurrency: int = Field(default=32, ge=1, description="requests under way at once, at most")
    timeout_s: float = Field(default=300.0, gt=0, description="seconds that one request may take")

    @property
    def sampling(self) -> Sampling:
        """What answers are bound to beside model and prompts."""
        return Sampling(self.temperature, self.top_p, self.max_tokens, self.seed)
