"""How a signal map says what the BMS wants to hear."""

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from appliance.io.bms._map_values import Proof, as_tuple
from appliance.settings import Settings

Raw = dict[str, int]
"""Signal -> bare number."""


ACTING: Final = (
    "open", "close", "reset_faults", "balance", "sleep", "wake", "tell", "racks", "quiet_asleep"
)  # fmt: skip
"""Keys of a message that may change something in the battery."""


class Told(Settings):
    """A word of the reading that the BMS wants to hear back, for 0x305 and the like."""

    word: Literal[
        "voltage_v", "current_a", "power_w", "soc_pct", "soh_pct", "max_charge_v", "cell_max_c"
    ]
    """Discharge +; `cell_max_c` is the hottest of all racks."""  # fmt: skip
    scale: float = 1.0
    unknown: int = 0
    """The bare number while it is not known."""


class RequestMap(Proof):
    """One message of the box; signals that are not named are 0.

    `always`, then what fits of `open` or `close`, `reset_faults`, `balance`, `sleep` or `wake`.
    """

    message: str
    period_s: Annotated[float, Field(ge=0.01, le=60)]
    on: Literal["always", "sleep", "wake"] = "always"
    """`sleep`, `wake`: only when that begins, `times` times."""
    times: Annotated[int, Field(ge=1, le=100)] = 3
    quiet_asleep: bool = False
    """Not sent while the battery is to sleep: it would wake."""
    question: bool = False
    """It only asks, and changes nothing: `appliance probe` may send it."""
    always: Raw = Field(default_factory=dict)
    open: Raw = Field(default_factory=dict)
    close: Raw = Field(default_factory=dict)
    reset_faults: Raw = Field(default_factory=dict)
    balance: Raw = Field(default_factory=dict)
    sleep: Raw = Field(default_factory=dict)
    """While the battery is to sleep, and the contactors are open."""
    wake: Raw = Field(default_factory=dict)
    """While it is asleep and shall not be."""
    alternate: Annotated[tuple[Raw, ...], BeforeValidator(as_tuple)] = ()
    """Successive frames take turns with these."""
    tell: dict[str, Told] = Field(default_factory=dict)
    racks: str | None = None
    """Signal whose bit n - 1 lets rack n take part."""
    per_rack: bool = False
    """One frame for each rack, at its own id (or index); a rack that stays apart is asked to open."""

    @model_validator(mode="after")
    def _question_only_asks(self) -> Self:
        acting = [name for name in ACTING if self.question and getattr(self, name)]
        acting += ["on"] if self.question and self.on != "always" else []
        if acting:
            raise ValueError(f"question: this message does more than ask: {', '.join(acting)}")
        return self
