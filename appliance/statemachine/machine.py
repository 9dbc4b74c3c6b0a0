"""Applies at most one transition per cycle, and turns a state into outputs in the proper order."""

from dataclasses import dataclass
from typing import Final

from appliance.errors.resting import at_rest, flows
from appliance.model import SAFE, Effect, InverterState, Setpoints, Snapshot, State
from appliance.statemachine.states import STATES
from appliance.statemachine.steps import held
from appliance.statemachine.transitions import ERROR_SETTLE_S, FROM, Scene


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each step of going down may take before the next one follows whatever flows."""

    inverter_off_s: float
    """The current may fall so long before the inverter goes off."""
    open_s: float
    """Contactors open after this time even when current flows or the inverter does not confirm."""


USUAL: Final = Patience(2.0, 3.0)
HURRIED: Final = (
    (Effect.EMERGENCY_STOP, Patience(0.0, 0.5)),
    (Effect.OPEN_CONTACTORS, Patience(0.4, 0.8)),
)
"""The first effect that holds shortens the wait."""
HURRIES: Final = frozenset(effect for effect, _ in HURRIED)


def grid_ready(seen: Snapshot) -> bool:
    """The grid has been inside the connection window for long enough, where a grid code asks for that."""
    return seen.grid_view is None or seen.grid_view.wait_s <= 0.0


def next_state(scene: Scene) -> tuple[State, str]:
    """The state from now on, and why it changed ("" when it did not)."""
    for row in FROM[scene.memory.state]:
        if row.when(scene):
            enter = row.enter if isinstance(row.enter, State) else row.enter(scene)
            if not held(scene.memory, enter):
                return enter, row.why
    return scene.memory.state, ""


def outputs(
    state: State, since_s: float, power_w: float, scene: Scene, reactive_var: float = 0.0
) -> Setpoints:
    """What to command in `state`, entered at `since_s`: power where it is allowed.

    Going down has an order: power to zero, inverter off once the current is low, contactors last.
    """
    allows, before = STATES[state], scene.memory.commanded
    if allows.contactors:
        return Setpoints(
            power_w=power_w if allows.power else 0.0,
            reactive_var=reactive_var if allows.power else 0.0,
            inverter_on=allows.inverter and (state is not State.STARTING or grid_ready(scene.seen)),
            contactors_closed=True,
            reset_faults=allows.reset_faults,
        )
    waited_s = scene.seen.now_s - since_s
    if not before.contactors_closed:
        # Devices that stopped by themselves stay in fault until somebody acknowledges it.
        by_hand = Effect.EMERGENCY_STOP in scene.effects or any(
            error.latched for error in scene.memory.errors
        )
        resets = allows.reset_faults and not by_hand and waited_s >= ERROR_SETTLE_S
        hurried = not scene.effects.isdisjoint(HURRIES)
        return Setpoints(reset_faults=resets, open_at_once=hurried) if resets or hurried else SAFE
    patience, resting = patience_of(scene), at_rest(scene.seen)
    inverter = scene.seen.inverter
    # One that makes the grid gives what the house takes: only being off ends that.
    inverter_on = before.inverter_on and not before.grid_forming and flows(scene.seen)
    inverter_on = inverter_on and waited_s < patience.inverter_off_s
    inverter_runs = inverter is not None and inverter.state is InverterState.RUNNING
    confirmed = not inverter_runs or Effect.EMERGENCY_STOP in scene.effects
    opens = (resting and not inverter_on and confirmed) or waited_s >= patience.open_s
    hurried = opens and not scene.effects.isdisjoint(HURRIES)
    return Setpoints(inverter_on=inverter_on, contactors_closed=not opens, open_at_once=hurried)


def patience_of(scene: Scene) -> Patience:
    """How long going down may take now; an inverter that follows slowly gets more time, but in a hurry."""
    for effect, patience in HURRIED:
        if effect in scene.effects:
            return patience
    return Patience(scene.times * USUAL.inverter_off_s, scene.times * USUAL.open_s)
