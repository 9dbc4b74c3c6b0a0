"""The pretend site's side of its control socket; `control.py` has the client and the protocol."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

from simulator.models.bms import Bms
from simulator.wire.control import SOCKET_NAME, Json, short_path
from simulator.wire.stand_in import StandIn


class ControlServer:
    """Obeys orders for a StandIn."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in
        self._server: asyncio.Server | None = None
        self._path = Path(SOCKET_NAME)
        self._orders: dict[str, Callable[[Json], Awaitable[Json]]] = {
            "plug": self._plug,
            "estop": self._estop,
            "button": self._button,
            "hold": self._hold,
            "main_power": self._main_power,
            "show": self._show,
            "writes": self._writes,
            "reads": self._reads,
            "set": self._set,
        }

    async def start(self, folder: Path) -> None:
        """Listen; a socket that an earlier run left behind is replaced."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SOCKET_NAME).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with short_path(folder) as path:
            listener.bind(path)
        # Not start_unix_server: from Python 3.13 on it wants to remove the short path at the end.
        self._server = await asyncio.start_server(self._serve, sock=listener)
        self._path = folder / SOCKET_NAME

    async def stop(self) -> None:
        """Close the door."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._obey(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            return  # the client or the site has gone
        finally:
            writer.close()

    async def _obey(self, line: bytes) -> Json:
        try:
            order = json.loads(line)
            name = order["do"]
            if name not in self._orders:
                msg = f"no order {name!r}; there is: {', '.join(self._orders)}"
                raise ValueError(msg)
            return {"ok": True, **await self._orders[name](order)}
        except (ValueError, KeyError, TypeError, OSError) as error:
            return {"ok": False, "error": str(error) or repr(error)}

    # ------------------------------------------------------------ the orders

    async def _plug(self, order: Json) -> Json:
        plug = self._stand_in.plugs.find(str(order["name"]))
        await plug.put(str(order["fault"]))
        return {"plugs": self._stand_in.plugs.faults()}

    async def _estop(self, order: Json) -> Json:
        return {"at_s": self._stand_in.board.estop(bool(order["pressed"]))}

    async def _button(self, order: Json) -> Json:
        return {"at_s": await self._stand_in.board.press(str(order["name"]))}

    async def _hold(self, order: Json) -> Json:
        return {"at_s": self._stand_in.board.hold(str(order["name"]), bool(order["down"]))}

    async def _main_power(self, order: Json) -> Json:
        board = self._stand_in.board.strato_pi
        if board is None:
            msg = "only a Strato Pi tells of its main power"
            raise ValueError(msg)
        board.main_power(bool(order["there"]))
        return {}

    async def _set(self, order: Json) -> Json:
        value = order["value"]
        self._stand_in.plant.hold(
            str(order["name"]), None if value is None else float(cast("float", value))
        )
        return {}

    async def _writes(self, order: Json) -> Json:
        since_s = float(cast("float", order.get("since_s", 0.0)))
        return {"writes": [w for w in self._stand_in.inverter.writes if w.at_s >= since_s]}

    async def _reads(self, order: Json) -> Json:
        """When a device behind Modbus answered reads since then."""
        unit, since_s = self._stand_in.unit(str(order["name"])), cast("float", order["since_s"])
        return {"reads": [at_s for at_s in unit.reads_at_s if at_s >= since_s]}

    async def _show(self, _order: Json) -> Json:
        self._stand_in.plant.catch_up()
        site, board = self._stand_in.plant.site, self._stand_in.board
        rack, inverter = site.rack, site.inverter
        air = self._stand_in.air
        return {
            "load_w": site.load_w, "pv_w": site.pv_w, "grid_w": site.grid_w,
            "battery_w": inverter.ac_power_w, "dc_w": rack.power_w, "setpoint_w": inverter.setpoint_w,
            "soc_pct": rack.soc_pct, "soe_wh": rack.soe_wh, "voltage_v": rack.voltage_v,
            "cell_min_v": rack.cell_min_v, "cell_min_at": rack.cell_min_at,
            "cell_max_v": rack.cell_max_v, "cell_max_at": rack.cell_max_at,
            "cell_min_c": rack.cell_min_c, "cell_max_c": rack.cell_max_c,
            "max_charge_w": rack.max_charge_w, "max_discharge_w": rack.max_discharge_w,
            "contactors_closed": rack.connected, "bms_state": site.bms.state.name.lower(),
            "bms_faults": sorted(site.bms.faults), "inverter_on": inverter.on,
            "inverter_state": inverter.state.name.lower(), "inverter_alarm": inverter.alarm.name.lower(),
            "grid_import_wh": site.grid_import_wh, "grid_export_wh": site.grid_export_wh,
            "pv_wh": site.pv_wh, "load_wh": site.load_wh, "box_c": site.box_temperature_c,
            "frequency_hz": site.frequency_hz, "grid_v": site.voltage_v, "profile_gap": site.profile_gap,
            "racks": [_of_rack(bms) for bms in site.bms.masters],
            "elapsed_s": site.elapsed_s, "estop_pressed": board.estop_pressed, "lights": board.lights(),
            "switch_open": site.house.switch_open, "carried_wh": site.house.carried_wh,
            "two_sources_s": site.house.two_sources_s,
            "plugs": self._stand_in.plugs.faults(), **({} if air is None else air.show()),
        }  # fmt: skip


def _of_rack(bms: Bms) -> Json:
    """The truth about one rack."""
    rack = bms.rack
    return {
        "state": bms.state.name.lower(), "faults": sorted(bms.faults), "soc_pct": rack.soc_pct,
        "current_a": rack.current_a, "voltage_v": rack.voltage_v,
    }  # fmt: skip
