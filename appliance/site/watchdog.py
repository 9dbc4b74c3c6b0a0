"""Who restarts the box when it hangs."""

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, field_validator

from appliance.settings import Name, Settings

FEED_PERIOD_S: Final = 0.5
"""Between two feedings."""
HANGS_AFTER_S: Final = 1.0
"""A control loop whose heartbeat is older than this hangs; its slowest cycle is 0.3 s."""
LEAST_TIMEOUT_S: Final = max(3 * FEED_PERIOD_S, HANGS_AFTER_S)
"""A watchdog must wait longer: two feedings may be late, and a hang is noticed here first."""
DEVICE_MOST_S: Final = 600
STRATO_PI_MOST_S: Final = 99_999

WatchdogKind = Literal["auto", "systemd", "runner", "dev", "strato_pi", "null"]


def fit(field: str, timeout_s: float, most_s: float | None = None) -> None:
    """Is this timeout longer than what the loop may need? Raises ValueError naming all three."""
    if timeout_s > LEAST_TIMEOUT_S and (most_s is None or timeout_s <= most_s):
        return
    most = "" if most_s is None else f" and at most {most_s:g} s"
    msg = (
        f"{field} = {timeout_s:g} s: must be more than {LEAST_TIMEOUT_S:g} s{most} (3 × the "
        f"{FEED_PERIOD_S:g} s between feedings; a loop hangs after {HANGS_AFTER_S:g} s)"
    )
    raise ValueError(msg)


class DeviceWatchdog(Settings):
    """The kernel's watchdog."""

    path: Annotated[str, Field(min_length=1)] = "/dev/watchdog"
    timeout_s: int = 15
    """The Raspberry Pi's takes no more than about 15 s [recalled]."""
    pretimeout_s: Annotated[int, Field(ge=0, le=DEVICE_MOST_S)] | None = None
    """So long before it resets, the kernel is told, where the device can; 0: never, None: as it is."""

    @field_validator("timeout_s")
    @classmethod
    def _fits(cls, timeout_s: int) -> int:
        fit("timeout_s", timeout_s, DEVICE_MOST_S)
        return timeout_s


class StratoPiWatchdog(Settings):
    """The Strato Pi's own: cuts the power."""

    files: Name | None = None
    """The bus of kind `files` where the board's kernel module shows it."""
    timeout_s: int = 60

    @field_validator("timeout_s")
    @classmethod
    def _fits(cls, timeout_s: int) -> int:
        fit("timeout_s", timeout_s, STRATO_PI_MOST_S)
        return timeout_s


def _as_list(kind: object) -> object:
    # A list that came through here is no longer JSON to pydantic, and must be what the type says.
    if isinstance(kind, list):
        return tuple(kind)
    return (kind,) if isinstance(kind, str) else kind


class Watchdog(Settings):
    """What is fed while the box is well. Whoever started the core is always fed."""

    kind: Annotated[tuple[WatchdogKind, ...], BeforeValidator(_as_list)] = ("auto",)
    """`auto`: whoever started the core (systemd, the runner), and nothing else; a list: these as well."""
    dev: DeviceWatchdog = DeviceWatchdog()
    strato_pi: StratoPiWatchdog = StratoPiWatchdog()
