"""Each mode as a site of 10.6 kWh would have it: what its days are simulated with, and what docs/modes.md shows."""

from typing import Any

EVENING = {"start": "17:00", "end": "20:00"}
NIGHT = {"start": "00:00", "end": "06:00"}
ALLOWED = {"allow": True, "volume_cutoff_wh": 100_000.0, "time_cutoff_s": 600.0}

EXAMPLES: dict[str, dict[str, Any]] = {
    "axle_schedule": {},
    "backup": {"reserve_pct": 40.0, "refill_w": 1_500.0},
    "charge_only": {"target_pct": 80.0, "pace": "slow", "by": "06:30", "max_import_w": 4_000.0},
    "charge_to_soe": {"entries": [{"period": NIGHT, "soe_wh": 8_000.0}]},
    "cost_saving": {
        "without_plan": "prices", "charge_below_per_kwh": 0.15, "discharge_above_per_kwh": 0.20,
        "between_prices": "rest", "charge_w": 2_000.0, "discharge_w": 2_000.0,
    },
    "discharge_to_soe": {"entries": [{"period": EVENING, "soe_wh": 2_000.0}]},
    "dynamic_peak_approach": {
        "entries": [{
            "peak_period": EVENING, "to_soe_wh": 9_000.0, "assumed_charge_power_w": 2_500.0,
            "encourage_duration_factor": 2.0, "charge_cushion_s": 1_800.0, "long_prediction": ALLOWED,
        }],
    },
    "dynamic_peak_discharge": {
        "entries": [{
            "period": EVENING, "target_soe_wh": 1_500.0, "short_prediction": ALLOWED,
            "prioritise_residual_load": True,
        }],
    },
    "export_avoidance": {"during": [{"start": "00:00", "end": "24:00"}]},
    "external_control": {"otherwise": "rest"},
    "import_avoidance": {"during": [{"start": "00:00", "end": "24:00"}]},
    "import_avoidance_when_short": {"entries": [{"period": {}, "short_prediction": ALLOWED}]},
    "load_matching": {"from_w": 300.0, "charge_surplus": True},
    "local_control": {},
    "maintenance_charge": {"every_days": 30.0, "during": [{"start": "09:00", "end": "17:00"}], "rate_w": 2_500.0},
    "niv_chase": {
        "entries": [{
            "period": {},
            "charge_curve": [
                {"price_per_kwh": -1.0, "soe_wh": 10_000.0}, {"price_per_kwh": 0.10, "soe_wh": 10_000.0},
                {"price_per_kwh": 0.20, "soe_wh": 2_000.0},
            ],
            "discharge_curve": [
                {"price_per_kwh": 0.15, "soe_wh": 9_000.0}, {"price_per_kwh": 0.30, "soe_wh": 1_500.0},
                {"price_per_kwh": 5.0, "soe_wh": 1_500.0},
            ],
            "curve_shift_long_per_kwh": 0.02, "curve_shift_short_per_kwh": 0.02,
            "when_short": ALLOWED, "when_long": ALLOWED,
        }],
        "import_rates": [{"rate_per_kwh": 0.05}],
    },
    "passive": {},
    "peak_shaving": {"import_w": 1_500.0, "export_w": 2_500.0, "recharge_w": 1_000.0, "recharge_to_pct": 80.0},
    "self_consumption": {"reserve_pct": 15.0},
}  # fmt: skip
"""By mode; every mode has one."""
