"""The pretend grid: voltage and frequency as the profile says, as a model wanders, or as somebody holds them."""

from math import sqrt
from random import Random

NOMINAL_V, NOMINAL_HZ = 230.0, 50.0
RESIDUAL_V = 1.0
"""What is still measured on a dead wire."""
LOST_V = 0.2 * NOMINAL_V
"""Below this nothing is supplied, and inverters let go at once."""
LOWEST_HZ, HIGHEST_HZ = 40.0, 70.0
FREQUENCY_TIME_CONSTANT_S = 30.0
FREQUENCY_STEP_HZ = 0.01


class Grid:
    """Set `hold_v`, `hold_hz`, `hz_per_s`; step it, and read `voltage_v` and `frequency_hz`."""

    def __init__(self, seed: int = 1) -> None:
        self.profile_v: float | None = None
        self.profile_hz: float | None = None
        self.hz_per_s = 0.0
        """The held frequency moves so fast."""
        self._hold_v: float | None = None
        self._hold_hz: float | None = None
        self._rng = Random(seed)
        self._wander_hz = 0.0
        self.voltage_v = NOMINAL_V
        self.frequency_hz = NOMINAL_HZ

    @property
    def lost(self) -> bool:
        """Nobody is supplied."""
        return self.voltage_v < LOST_V

    def hold(self, voltage_v: float | None) -> None:
        """Line to neutral, on every phase, from now on; None: as the profile says."""
        self._hold_v = voltage_v
        self.step(0.0)

    def hold_frequency(self, hertz: float | None) -> None:
        """From now on; None: as the profile says, and it does not move by itself."""
        self._hold_hz = hertz
        if hertz is None:
            self.hz_per_s = 0.0
        self.step(0.0)

    def move(self, hz_per_s: float | None) -> None:
        """Let the frequency run away from where it is now; None or 0: stay there."""
        self.hz_per_s = hz_per_s or 0.0
        if self._hold_hz is None:
            self._hold_hz = self.frequency_hz

    def step(self, dt_s: float) -> None:
        """Go on by `dt_s`."""
        volt = self.profile_v if self._hold_v is None else self._hold_v
        self.voltage_v = NOMINAL_V if volt is None else max(volt, RESIDUAL_V)
        if self._hold_hz is not None:
            if self.hz_per_s:
                moved_hz = self._hold_hz + self.hz_per_s * dt_s
                self._hold_hz = min(max(moved_hz, LOWEST_HZ), HIGHEST_HZ)
            self.frequency_hz = self._hold_hz
        elif self.profile_hz is not None:
            self.frequency_hz = self.profile_hz
        else:
            back = dt_s / FREQUENCY_TIME_CONSTANT_S
            push_hz = (self._rng.random() - 0.5) * FREQUENCY_STEP_HZ * sqrt(dt_s)
            self._wander_hz += push_hz - self._wander_hz * (back if back < 1.0 else 1.0)
            self.frequency_hz = NOMINAL_HZ + self._wander_hz
