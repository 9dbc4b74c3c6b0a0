"""What a SunSpec inverter and a SunSpec meter say of themselves, by `model.point`, and their scale factors."""

from collections.abc import Callable
from math import sqrt
from typing import Final

from simulator.models.inverter import Alarm, State
from simulator.models.site import Site
from simulator.wire.sunspec_commands import Obedient
from simulator.wire.sunspec_image import Value

PHASES: Final = 3
MAKER: Final = "Pretend Power"
DC_DISCONNECT: Final = 1 << 3
MANUFACTURER: Final = 1 << 16
NEW_STATES: Final = {State.SWITCHING_ON: 2, State.OPERATION: 3, State.ALARM: 6}
OLD_STATES: Final = {State.SWITCHING_ON: 3, State.OPERATION: 4, State.ALARM: 7}
OFF_NEW, STANDBY_NEW, OFF_OLD, STANDBY_OLD = 0, 7, 1, 8
RESERVE: Final = 0.44
"""Reactive power it can give, relative to its rating."""
SCALES: Final = {
    "103.A_SF": -2, "103.V_SF": -1, "103.W_SF": 1, "103.Hz_SF": -2, "103.VA_SF": 1, "103.VAr_SF": 1,
    "103.PF_SF": -1, "103.WH_SF": 0, "103.DCA_SF": -1, "103.DCV_SF": -1, "103.DCW_SF": 1, "103.Tmp_SF": -1,
    "120.WRtg_SF": 1, "120.VARtg_SF": 1, "120.VArRtg_SF": 1, "120.ARtg_SF": -1, "120.PFRtg_SF": -2,
    "120.WHRtg_SF": 1, "120.MaxChaRte_SF": 1, "120.MaxDisChaRte_SF": 1,
    "121.WMax_SF": 1, "121.VRef_SF": 0, "121.VRefOfs_SF": 0, "121.VAMax_SF": 1, "121.VArMax_SF": 1,
    "122.VArAval_SF": 1, "122.WAval_SF": 1,
    "123.WMaxLimPct_SF": -2, "123.OutPFSet_SF": -2, "123.VArPct_SF": -1,
    "124.WChaMax_SF": 1, "124.WChaDisChaGra_SF": 0, "124.ChaState_SF": -1, "124.InBatV_SF": -1,
    "124.InOutWRte_SF": -2,
    "203.A_SF": -2, "203.V_SF": -1, "203.Hz_SF": -2, "203.W_SF": 0, "203.VA_SF": 0, "203.VAR_SF": 0,
    "203.PF_SF": -1, "203.TotWh_SF": 0,
    "701.A_SF": -1, "701.V_SF": -1, "701.Hz_SF": -3, "701.W_SF": 0, "701.PF_SF": -3, "701.VA_SF": 0,
    "701.Var_SF": 0, "701.TotWh_SF": 0, "701.Tmp_SF": -1,
    "702.W_SF": 1, "702.PF_SF": -2, "702.VA_SF": 1, "702.Var_SF": 1, "702.V_SF": -1, "702.A_SF": -1,
    "703.V_SF": -1, "703.Hz_SF": -2,
    "704.PF_SF": -2, "704.WMaxLimPct_SF": -1, "704.WSet_SF": 0, "704.WSetPct_SF": -2, "704.VarSet_SF": 0,
    "704.VarSetPct_SF": -1,
    "713.WH_SF": 1, "713.Pct_SF": -1,
    "714.DCA_SF": -1, "714.DCV_SF": -1, "714.DCW_SF": 0, "714.DCWH_SF": 0, "714.Tmp_SF": -1,
    "802.AHRtg_SF": 0, "802.WHRtg_SF": 1, "802.WChaDisChaMax_SF": 1, "802.SoC_SF": -1, "802.SoH_SF": -1,
    "802.V_SF": -1, "802.CellV_SF": -3, "802.A_SF": -1, "802.AMax_SF": -1, "802.W_SF": 1,
    "803.CellV_SF": -3, "803.ModTmp_SF": -1, "803.A_SF": -1, "803.SoC_SF": -1, "803.V_SF": -1,
}  # fmt: skip


def common(model: str, serial: str) -> dict[str, Value]:
    """Model 1."""
    return {"1.Mn": MAKER, "1.Md": model, "1.Vr": "1.0", "1.SN": serial, "1.DA": 1.0, "1.Pad": 0.0}


def inverter_values(site: Site, own: Obedient) -> dict[str, Value]:
    """Everything that the pretend inverter says; the rest is not implemented."""
    return {
        **common("Twin 25 kW", "SUN0001"),
        **_old_measurements(site, own),
        **_new_measurements(site, own),
        **_ratings(site, own),
        **_settable(own),
        **_battery(site, own),
    }


def _phase_w(own: Obedient) -> Callable[[], float]:
    return lambda: own.ac_power_w / PHASES


def _old_measurements(site: Site, own: Obedient) -> dict[str, Value]:
    def current_a() -> float:
        return abs(own.ac_power_w) / PHASES / site.voltage_v

    def dc_a() -> float:
        return abs(own.dc_power_w) / site.rack.voltage_v if site.rack.connected else 0.0

    line_v = site.voltage_v * sqrt(3.0)
    return {
        "103.A": lambda: PHASES * current_a(),
        **{f"103.Aph{phase}": current_a for phase in "ABC"},
        **{f"103.PPVph{pair}": line_v for pair in ("AB", "BC", "CA")},
        **{f"103.PhVph{phase}": lambda: site.voltage_v for phase in "ABC"},
        "103.W": lambda: own.ac_power_w,
        "103.Hz": lambda: site.frequency_hz,
        "103.VA": lambda: abs(own.ac_power_w),
        "103.PF": 100.0,
        "103.WH": lambda: own.injected_wh,
        "103.DCA": dc_a,
        "103.DCV": lambda: _dc_v(site),
        "103.DCW": lambda: own.dc_power_w,
        "103.TmpCab": lambda: site.box_temperature_c,
        "103.TmpSnk": lambda: site.box_temperature_c + _warmer_c(own),
        "103.Evt1": lambda: float(DC_DISCONNECT if own.alarm is Alarm.DC_LOST else 0),
        "103.Evt2": 0.0,
        "103.EvtVnd1": lambda: float(own.alarm is Alarm.COMMUNICATION),
        "122.PVConn": 0.0,
        "122.StorConn": lambda: 7.0 if site.rack.connected else 0.0,
        "122.ECPConn": lambda: float(own.state is State.OPERATION),
        "122.ActWh": lambda: own.injected_wh,
        "122.WAval": own.rated_w,
    }


def _new_measurements(site: Site, own: Obedient) -> dict[str, Value]:
    def alarms() -> float:
        return float(
            {Alarm.DC_LOST: DC_DISCONNECT, Alarm.COMMUNICATION: MANUFACTURER}.get(own.alarm, 0)
        )

    found: dict[str, Value] = {
        "701.ACType": 2.0,
        "701.St": lambda: float(own.on),
        "701.ConnSt": lambda: float(own.state is State.OPERATION),
        "701.Alrm": alarms,
        "701.DERMode": 1.0,
        "701.W": lambda: own.ac_power_w,
        "701.VA": lambda: abs(own.ac_power_w),
        "701.PF": 1.0,
        "701.A": lambda: abs(own.ac_power_w) / site.voltage_v,
        "701.LLV": lambda: site.voltage_v * sqrt(3.0),
        "701.LNV": lambda: site.voltage_v,
        "701.Hz": lambda: site.frequency_hz,
        "701.TotWhInj": lambda: own.injected_wh,
        "701.TotWhAbs": lambda: own.absorbed_wh,
        "701.TmpCab": lambda: site.box_temperature_c,
        "701.TmpSnk": lambda: site.box_temperature_c + _warmer_c(own),
        "701.ThrotPct": 0.0,
        "701.ThrotSrc": 0.0,
    }
    for line in (1, 2, 3):
        found[f"701.WL{line}"] = _phase_w(own)
        found[f"701.AL{line}"] = lambda: own.ac_power_w / PHASES / site.voltage_v
        found[f"701.VL{line}"] = lambda: site.voltage_v
    return found


def _ratings(site: Site, own: Obedient) -> dict[str, Value]:
    full_w, reserve_var = own.rated_w, RESERVE * own.rated_w
    return {
        "120.DERTyp": 82.0,
        **{f"120.{name}": full_w for name in ("WRtg", "VARtg", "MaxChaRte", "MaxDisChaRte")},
        **{f"120.VArRtgQ{n}": reserve_var if n < 3 else -reserve_var for n in (1, 2, 3, 4)},
        "120.ARtg": full_w / site.voltage_v / PHASES,
        **{f"120.PFRtgQ{n}": 0.9 for n in (1, 2, 3, 4)},
        "120.WHRtg": site.rack.energy_wh,
        **{f"702.{name}{kind}": full_w for name in RATED_W for kind in ("Rtg", "")},
        **{f"702.VarMax{way}{kind}": reserve_var for way in ("Inj", "Abs") for kind in ("Rtg", "")},
        **{f"702.VAMax{kind}": full_w for kind in ("Rtg", "")},
        **{f"702.VNom{kind}": 230.0 for kind in ("Rtg", "")},
        "702.CtrlModes": 7.0,
        "702.IntIslandCatRtg": 1.0,
    }


RATED_W: Final = ("WMax", "WChaRteMax", "WDisChaRteMax")


def _settable(own: Obedient) -> dict[str, Value]:
    """What may be written, as after a restart."""
    full_w = own.rated_w
    return {
        "121.WMax": full_w, "121.VRef": 230.0, "121.VRefOfs": 0.0, "121.VAMax": full_w,
        "121.VArMaxQ1": RESERVE * full_w,
        "123.Conn_WinTms": 0.0, "123.Conn_RvrtTms": 0.0, "123.Conn": 1.0,
        "123.WMaxLimPct": 100.0, "123.WMaxLimPct_RvrtTms": 0.0, "123.WMaxLimPct_RmpTms": 0.0,
        "123.WMaxLim_Ena": 0.0, "123.OutPFSet": 1.0, "123.OutPFSet_Ena": 0.0, "123.VArWMaxPct": 0.0,
        "123.VArPct_RvrtTms": 0.0, "123.VArPct_Mod": 0.0, "123.VArPct_Ena": 0.0,
        "124.WChaMax": full_w, "124.WChaGra": 100.0, "124.WDisChaGra": 100.0, "124.StorCtl_Mod": 0.0,
        "124.OutWRte": 100.0, "124.InWRte": 100.0, "124.InOutWRte_WinTms": 0.0,
        "124.InOutWRte_RvrtTms": 0.0, "124.InOutWRte_RmpTms": 0.0, "124.ChaGriSet": 0.0,
        "703.ES": 0.0, "703.ESVHi": 105.0, "703.ESVLo": 90.0, "703.ESHzHi": 50.1, "703.ESHzLo": 49.5,
        "703.ESDlyTms": 0.0,
        "704.WMaxLimPctEna": 0.0, "704.WMaxLimPct": 100.0,
        "704.WSetEna": 0.0, "704.WSetMod": 0.0, "704.WSet": 0.0, "704.WSetRvrt": 0.0, "704.WSetPct": 0.0,
        "704.WSetPctRvrt": 0.0, "704.WSetEnaRvrt": 0.0, "704.WSetRvrtTms": 0.0,
        "704.VarSetEna": 0.0, "704.VarSetMod": 0.0, "704.VarSetPri": 0.0, "704.VarSet": 0.0,
        "704.VarSetRvrt": 0.0, "704.VarSetEnaRvrt": 0.0, "704.VarSetRvrtTms": 0.0,
        "704.WRmp": 100.0, "704.WRmpRef": 1.0, "704.AntiIslEna": 1.0,
        "715.LocRemCtl": 0.0, "715.ControllerHb": 0.0, "715.AlarmReset": 0.0,
        "802.CtrlHb": 0.0, "802.AlmRst": 0.0, "802.SetOp": 1.0, "802.SetInvState": 1.0,
    }  # fmt: skip


def _battery(site: Site, own: Obedient) -> dict[str, Value]:
    rack = site.rack

    def current_a() -> float:
        return own.dc_power_w / rack.voltage_v if rack.connected else 0.0

    def beat() -> float:
        return float(int(site.elapsed_s) % 60_000)

    return {
        "124.ChaState": lambda: rack.soc_pct,
        "124.InBatV": lambda: _dc_v(site),
        "713.WHRtg": rack.energy_wh,
        "713.WHAvail": lambda: rack.energy_wh * rack.soc_pct / 100.0,
        "713.SoC": lambda: rack.soc_pct,
        "713.SoH": rack.soh_pct,
        "713.Sta": 0.0,
        "714.PrtAlrms": 0.0,
        "714.NPrt": 1.0,
        "714.DCA": current_a,
        "714.DCW": lambda: own.dc_power_w,
        "714.0.PrtTyp": 1.0,
        "714.0.ID": 1.0,
        "714.0.IDStr": "BATTERY",
        "714.0.DCA": current_a,
        "714.0.DCV": lambda: _dc_v(site),
        "714.0.DCW": lambda: own.dc_power_w,
        "714.0.DCSta": lambda: float(rack.connected),
        "714.0.DCAlrm": 0.0,
        "715.DERHb": beat,
        **{f"802.{name}": rack.energy_wh for name in ("WHRtg", "WChaRteMax", "WDisChaRteMax")},
        "802.AHRtg": 26.0,
        "802.SoC": lambda: rack.soc_pct,
        "802.SoH": rack.soh_pct,
        "802.LocRemCtl": 0.0,
        "802.Hb": beat,
        "802.Typ": 4.0,
        "802.State": lambda: 3.0 if rack.connected else 1.0,
        **{f"802.{name}": 0.0 for name in ("Evt1", "Evt2", "EvtVnd1", "EvtVnd2")},
        "802.V": lambda: rack.voltage_v,
        "802.CellVAvg": lambda: rack.cell_avg_v,
        "802.A": current_a,
        "802.W": lambda: own.dc_power_w,
        "803.NStr": 1.0,
        "803.NStrCon": lambda: float(rack.connected),
        **{f"803.ModTmp{name}": lambda: rack.temperature_c for name in ("Max", "Min", "Avg")},
        "803.0.StrNMod": 8.0,
        "803.0.StrSt": lambda: 3.0 if rack.connected else 1.0,
        "803.0.StrSoC": lambda: rack.soc_pct,
        "803.0.StrA": current_a,
        **{f"803.0.StrCellV{name}": lambda: rack.cell_avg_v for name in ("Max", "Min", "Avg")},
        **{f"803.0.StrModTmp{name}": lambda: rack.temperature_c for name in ("Max", "Min", "Avg")},
        "803.0.StrEvt1": 0.0,
    }


def meter_values(
    site: Site,
    power_w: Callable[[], float],
    exported_wh: Value,
    imported_wh: Value,
    reactive_var: Callable[[], float],
) -> dict[str, Value]:
    """Model 203: power in the meter's own direction."""

    def phase_w() -> float:
        return power_w() / PHASES

    found: dict[str, Value] = {
        **common("Meter 3", "SUN0002"),
        "203.A": lambda: power_w() / site.voltage_v,
        "203.PhV": lambda: site.voltage_v,
        "203.PPV": lambda: site.voltage_v * sqrt(3.0),
        "203.Hz": lambda: site.frequency_hz,
        "203.W": power_w,
        "203.VA": lambda: abs(power_w()),
        "203.VAR": reactive_var,
        "203.PF": 100.0,
        "203.TotWhExp": exported_wh,
        "203.TotWhImp": imported_wh,
        "203.Evt": 0.0,
    }
    for phase, pair in zip("ABC", ("AB", "BC", "CA"), strict=True):
        found[f"203.Aph{phase}"] = lambda: phase_w() / site.voltage_v
        found[f"203.PhVph{phase}"] = lambda: site.voltage_v
        found[f"203.PhVph{pair}"] = lambda: site.voltage_v * sqrt(3.0)
        found[f"203.Wph{phase}"] = phase_w
        found[f"203.VAph{phase}"] = lambda: abs(phase_w())
        found[f"203.VARph{phase}"] = lambda: reactive_var() / PHASES
    return found


def _dc_v(site: Site) -> float:
    return site.rack.voltage_v if site.rack.connected else 0.0


def _warmer_c(own: Obedient) -> float:
    return 8.0 + abs(own.ac_power_w) / 1_000.0
