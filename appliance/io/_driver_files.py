"""A folder of drivers: each file offers `TITLE`, a class `Driver`, and `Options` when it has any."""

from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar, cast

from appliance import registry
from appliance.settings import Settings
from appliance.site import Driven

SiteT = TypeVar("SiteT", bound=Driven)
SiteT_contra = TypeVar("SiteT_contra", bound=Driven, contravariant=True)
DriverT = TypeVar("DriverT")
DriverT_co = TypeVar("DriverT_co", covariant=True)


class DriverFile(Protocol[SiteT_contra, DriverT_co]):
    """One file of the folder."""

    TITLE: str
    """Maker and model; says so when it was never tried on the device."""

    def Driver(self, settings: SiteT_contra, options: Settings, /) -> DriverT_co:  # noqa: N802 the class
        """The driver's class. Raises ValueError for settings that cannot work."""


class DriverFiles(Generic[SiteT, DriverT]):
    """The files of one package, found by their names in site.toml."""

    def __init__(self, package: str) -> None:
        self._package = package

    def load(self, name: str) -> DriverFile[SiteT, DriverT]:
        """The file of that name. Raises LookupError."""
        return cast(DriverFile[SiteT, DriverT], registry.load(self._package, name))

    def driver(self, settings: SiteT) -> DriverT:
        """The driver that site.toml names, ready to use. Raises LookupError, ValueError."""
        file = self.load(settings.driver)
        return file.Driver(settings, registry.options(file, settings.options))

    def options(self, name: str, values: Mapping[str, Any]) -> Settings:
        """Check a driver's own options. Raises pydantic's ValidationError."""
        return registry.options(self.load(name), values)
