"""Applies at most one transition per cycle, and turns a state into outputs in the proper order."""

from typing import Final

from appliance.model import SAFE, Effect, InverterState, Setpoints, Snapshot, State
from appliance.statemachine.states import STATES
from appliance.statemachine.transitions import ERROR_SETTLE_S, FROM, Scene, at_rest

WAIT_FOR_REST_S: Final = 2.0
"""The inverter goes off and contactors open after this time even when current still flows."""
WAIT_FOR_INVERTER_S: Final = 3.0
"""Contactors open after this time even when the inverter does not confirm that it is off."""
EMERGENCY_WAIT_S: Final = 0.5


def grid_ready(seen: Snapshot) -> bool:
    """The grid has been inside the connection window for long enough, where a grid code asks for that."""
    return seen.grid_view is None or seen.grid_view.wait_s <= 0.0


def next_state(scene: Scene) -> tuple[State, str]:
    """The state from now on, and why it changed ("" when it did not)."""
    for row in FROM[scene.memory.state]:
        if row.when(scene):
            enter = row.enter if isinstance(row.enter, State) else row.enter(scene)
            return enter, row.why
    return scene.memory.state, ""


def outputs(state: State, since_s: float, power_w: float, scene: Scene) -> Setpoints:
    """What to command in `state`, entered at `since_s`: power where it is allowed.

    Going down has an order: power to zero, inverter off once the current is low, contactors last.
    """
    allows, before = STATES[state], scene.memory.commanded
    if allows.contactors:
        return Setpoints(
            power_w=power_w if allows.power else 0.0,
            inverter_on=allows.inverter and (state is not State.STARTING or grid_ready(scene.seen)),
            contactors_closed=True,
            reset_faults=allows.reset_faults,
        )
    waited_s = scene.seen.now_s - since_s
    resting = at_rest(scene.seen)
    emergency = Effect.EMERGENCY_STOP in scene.effects
    if not before.contactors_closed:
        # Devices that stopped by themselves stay in fault until somebody acknowledges it.
        resets = allows.reset_faults and not emergency and waited_s >= ERROR_SETTLE_S
        return Setpoints(reset_faults=resets) if resets else SAFE
    if emergency:
        return Setpoints(contactors_closed=not resting and waited_s < EMERGENCY_WAIT_S)
    inverter = scene.seen.inverter
    inverter_on = before.inverter_on and not resting and waited_s < scene.times * WAIT_FOR_REST_S
    inverter_runs = inverter is not None and inverter.state is InverterState.RUNNING
    late = waited_s >= scene.times * WAIT_FOR_INVERTER_S
    opens = (resting and not inverter_on and not inverter_runs) or late
    return Setpoints(inverter_on=inverter_on, contactors_closed=not opens)
