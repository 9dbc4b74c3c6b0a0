"""A fan's speed through the kernel's PWM files (`class/pwm/pwmchipN/pwmM`).

Kernel: Documentation/driver-api/pwm.rst: period and duty in nanoseconds, the duty never above the
period, polarity only changed while disabled. A channel appears some time after it was exported.
25 kHz for fans with four wires (common knowledge, not verified). Every call raises OSError when it fails.
"""

import errno
from typing import Final

from appliance.io.buses.files import Files
from appliance.site import Pwm

TITLE: Final = "Fan by hardware PWM (not verified on hardware)"
NS_PER_S: Final = 1_000_000_000


class PwmFan:
    """One channel."""

    def __init__(self, settings: Pwm, files: Files) -> None:
        self._files, self._inverted = files, settings.inverted
        self._chip = f"class/pwm/pwmchip{settings.chip}"
        self._number = settings.channel
        self._channel = f"{self._chip}/pwm{settings.channel}"
        self._period_ns = NS_PER_S // settings.frequency_hz

    def set(self, percent: float) -> None:
        """Command 0 to 100 %, and read it back. Raises OSError."""
        files, channel, period_ns = self._files, self._channel, self._period_ns
        if not files.has(f"{channel}/enable"):
            files.write(f"{self._chip}/export", str(self._number))
        if not files.has(f"{channel}/enable"):
            raise OSError(errno.EAGAIN, "has not appeared yet", channel)
        self._straighten()
        share = min(max(percent, 0.0), 100.0) / 100.0
        duty_ns = round(period_ns * (1.0 - share if self._inverted else share))
        if files.number(f"{channel}/period") != period_ns:
            if files.number(f"{channel}/duty_cycle") > period_ns:
                files.write(f"{channel}/duty_cycle", "0")
            files.write(f"{channel}/period", str(period_ns))
        files.write(f"{channel}/duty_cycle", str(duty_ns))
        if files.number(f"{channel}/enable") != 1:
            files.write(f"{channel}/enable", "1")
        kept_ns = files.number(f"{channel}/duty_cycle")
        if kept_ns != duty_ns:
            raise OSError(errno.EIO, f"keeps {kept_ns} ns, not {duty_ns}", channel)

    def _straighten(self) -> None:
        """Somebody else may have turned the polarity round."""
        name = f"{self._channel}/polarity"
        if self._files.has(name) and self._files.read(name) != "normal":
            self._files.write(f"{self._channel}/enable", "0")
            self._files.write(name, "normal")
