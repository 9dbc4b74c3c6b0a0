"""Whatever happens to a box, in whatever order: what must never happen does not.

The long run of the same walk is `make soak`.
"""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from appliance.errors import ERRORS
from appliance.model import State
from tests.model.observer import PAIRS
from tests.model.sites import SITES
from tests.model.walk import Box, Rule, Seen, walk

STEPS = 20_000
SEED = 2026
been = Seen()
"""Of both walks together."""


class Walks(RuleBasedStateMachine):
    """The same rules in an order that hypothesis chooses, and makes short when a promise breaks."""

    box: Box

    @initialize(site=st.sampled_from(sorted(SITES)))
    def begin(self, site: str) -> None:
        self.box = Box(site, been)


def _as_rule(what: Rule) -> object:
    @rule(rng=st.randoms(use_true_random=False))
    def happens(self, rng):  # type: ignore[no-untyped-def]  # hypothesis reads the signature
        what(self.box, rng)

    return happens


# fmt: off
for what in (
    Box.time_passes, Box.time_jumps, Box.weather, Box.trouble_comes, Box.plant_disobeys, Box.plant_obeys,
    Box.estop, Box.somebody_asks, Box.somebody_asks_for_power, Box.somebody_asks_for_a_state,
    Box.core_crashes, Box.core_restarts, Box.what_starts_it, Box.charge_changes,
):
    setattr(Walks, what.__name__, _as_rule(what))
# fmt: on


def test_no_order_of_rules_breaks_a_promise() -> None:
    run_state_machine_as_test(
        Walks,
        settings=settings(
            max_examples=40, stateful_step_count=25, deadline=None, derandomize=True, database=None,
            phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def walked() -> Seen:
    """Twenty thousand cycles."""
    return walk(STEPS, SEED)


def test_a_long_walk_breaks_no_promise(walked: Seen) -> None:
    assert walked.steps >= STEPS


def test_the_walk_gets_everywhere(walked: Seen) -> None:
    assert set(walked.states) == set(State)
    assert walked.with_power > 0.3 * walked.steps
    assert set(walked.transitions) <= PAIRS
    assert len(walked.transitions) >= 0.75 * len(PAIRS), PAIRS - set(walked.transitions)
    assert len(walked.errors) >= 0.5 * len(ERRORS)
    assert len(walked.bindings) >= 7
    assert min(sum(walked.granted.values()), sum(walked.refused.values())) > 400
