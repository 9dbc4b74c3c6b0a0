"""A core that a test drives by hand, and a screen on it."""

from dataclasses import dataclass, field

from appliance.model import Answer, Status, Want


@dataclass
class FakeCore:
    """The client's methods without a core behind them."""

    waiting: Status | None = None
    asked: list[Want] = field(default_factory=list)
    to_give: list[Answer] = field(default_factory=list)

    def newest(self) -> Status | None:
        status, self.waiting = self.waiting, None
        return status

    def send(self, want: Want) -> str:
        self.asked.append(want)
        return str(len(self.asked))

    def answers(self) -> list[Answer]:
        given, self.to_give = self.to_give, []
        return given

    def answer(self, ok: bool, reason: str = "done") -> None:
        """Answer the last request."""
        self.to_give.append(Answer(id=str(len(self.asked)), ok=ok, reason=reason))

    def close(self) -> None:
        """Nothing to close."""
