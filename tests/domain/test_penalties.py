"""The ledger's arithmetic: no fact twice, sums and cap hold, absorption, one rounding, whatever the order of rows."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain import penalties, penalty_facts, penalty_rules
from app.domain.penalties import Entry, Stored, reconcile
from app.domain.penalty_facts import Case, Fact, Happening, Run, facts_of
from app.domain.penalty_rules import NoRule, PenaltyRule

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
T0 = datetime(2026, 11, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULES = penalty_rules.defaults(BEGIN)
CAP = 15_000
SITE, OTHER, MANAGER = 11, 12, 900
MANAGERS = {SITE: MANAGER}
PLAIN = ("first_reply_late", "result_late", "close_late", "promise_broken", "wrong_return", "overturned",
         "appeal_upheld", "party_late", "untruthful")  # fmt: skip

facts = st.lists(
    st.one_of(
        st.builds(
            Fact, rule=st.sampled_from(PLAIN), occurrence=st.sampled_from(["a:1", "a:2", "b:1"]),
            organisation_id=st.sampled_from([SITE, OTHER]),
            decided_at=st.integers(0, 200).map(lambda n: T0 + n * HOUR), cause=st.sampled_from(["", "x:1"]),
        ),
        st.builds(
            lambda run, at, absorber: Fact(
                "intervention" if absorber else "close_late", f"close:{run}", SITE, T0 + at * HOUR, cause=f"close:{run}"
            ),
            st.integers(1, 2), st.integers(0, 200), st.booleans(),
        ),
        st.builds(
            lambda n, base: Fact("loss", f"hand:{n}", SITE, T0 + n * HOUR, base_fen=base), st.integers(1, 3),
            st.integers(0, 10**9),
        ),
    ),
    max_size=14, unique_by=lambda f: (f.rule, f.occurrence, f.organisation_id),
)  # fmt: skip


def stored_of(entries: list[Entry], start: int = 1) -> list[Stored]:
    return [
        Stored(n, e.rule, e.occurrence, e.organisation_id, e.decided_at, e.amount_fen, e.cause,
               "waived" if e.absorbed_by else "proposed", "absorbed" if e.absorbed_by else "")
        for n, e in enumerate(entries, start)
    ]  # fmt: skip


def live(entries: list[Entry]) -> list[Entry]:
    return [one for one in entries if not one.absorbed_by]


@settings(max_examples=100, deadline=None)
@given(facts, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(given_facts: list[Fact], chance: random.Random) -> None:
    mixed = list(given_facts)
    chance.shuffle(mixed)
    assert reconcile(mixed, RULES, managers=MANAGERS).new == reconcile(given_facts, RULES, managers=MANAGERS).new


@settings(max_examples=100, deadline=None)
@given(facts)
def test_each_fact_is_charged_once_and_the_cap_holds(given_facts: list[Fact]) -> None:
    new = reconcile(given_facts + given_facts, RULES, managers=MANAGERS).new
    assert len({(e.rule, e.occurrence, e.organisation_id, e.person_id) for e in new}) == len(new)
    capped = [e for e in live(new) if e.room_fen is not None]
    assert sum(e.amount_fen for e in capped) <= CAP
    for entry in new:
        assert 0 <= entry.amount_fen <= entry.full_fen
        if entry.room_fen is None:
            assert entry.amount_fen == entry.full_fen
        else:
            assert entry.amount_fen == min(entry.full_fen, entry.room_fen)
    full = sum(e.full_fen for e in live(new) if e.room_fen is not None)
    assert sum(e.amount_fen for e in capped) == min(full, CAP) or any(e.absorbed_by for e in new)


@settings(max_examples=100, deadline=None)
@given(facts)
def test_what_an_intervention_absorbs_costs_nothing_beside_it(given_facts: list[Fact]) -> None:
    new = reconcile(given_facts, RULES, managers=MANAGERS).new
    causes = {e.cause for e in live(new) if e.rule == "intervention"}
    for entry in new:
        assert bool(entry.absorbed_by) == (entry.rule == "close_late" and entry.cause in causes), entry


@settings(max_examples=100, deadline=None)
@given(facts, st.integers(0, 14))
def test_looking_early_and_looking_again_gives_the_same_ledger_and_nothing_twice(given: list[Fact], cut: int) -> None:
    """The scheduler looks whenever it likes: after the first `cut` facts and at the end, or only at the end."""
    ordered = sorted(given, key=lambda f: (f.decided_at, f.rule, f.occurrence, f.organisation_id))
    first = reconcile(ordered[:cut], RULES, managers=MANAGERS).new
    known = stored_of(first)
    second = reconcile(ordered, RULES, managers=MANAGERS, stored=known)
    for place, row in enumerate(known):
        if by := second.absorbed.get(row.id):
            known[place] = Stored(**{**row.__dict__, "state": "waived", "reason": "absorbed"})
            assert by == "intervention"
    everything = known + stored_of(second.new, len(known) + 1)
    whole = stored_of(reconcile(ordered, RULES, managers=MANAGERS).new)

    def line(row: Stored) -> tuple:
        return row.rule, row.occurrence, row.organisation_id, row.amount_fen, row.state

    assert sorted(map(line, everything)) == sorted(map(line, whole))
    again = reconcile(ordered, RULES, managers=MANAGERS, stored=everything)
    assert (again.new, again.absorbed, again.gone) == ([], {}, [])


@given(st.integers(0, 10**10), st.integers(0, 10_000), st.integers(1, 10_000))
@example(5, 1, 2)  # a half, which a float's rounding takes to the even number
@example(35, 7, 10)  # 24.5, which is less than that as a float
def test_a_rate_is_rounded_once_half_up_from_the_exact_fraction(base: int, n: int, d: int) -> None:
    rule = PenaltyRule("loss", 1, BEGIN, "rate", numerator=n, denominator=d)
    exact = Fraction(base) * Fraction(n, d)
    assert penalty_rules.price(rule, base) == int(exact + Fraction(1, 2))


def test_a_loss_costs_thirty_percent_beyond_the_cap_and_five_points_of_the_manager() -> None:
    new = reconcile([Fact("loss", "hand:1", SITE, T0, base_fen=100_005)], RULES, managers=MANAGERS).new
    assert [(e.person_id, e.amount_fen, e.points, e.room_fen) for e in new] == [
        (0, 30_002, 0, None), (MANAGER, 0, 5, None),
    ]  # fmt: skip


def test_a_slip_costs_its_clerk_and_its_manager_each() -> None:
    new = reconcile([Fact("slip_lost", "hand:1", SITE, T0, clerk_id=77)], RULES, managers=MANAGERS).new
    assert {(e.person_id, e.amount_fen) for e in new} == {(77, 5000), (MANAGER, 5000)}
    bare = reconcile([Fact("slip_lost", "hand:1", OTHER, T0)], RULES, managers=MANAGERS).new
    assert {(e.person_id, e.amount_fen) for e in bare} == {(0, 5000)} and len(bare) == 2


def test_a_version_binds_facts_decided_from_its_beginning() -> None:
    dearer = PenaltyRule("result_late", 2, T0 + HOUR, amount_fen=8000)
    before, after = Fact("result_late", "resolve:1", SITE, T0), Fact("result_late", "resolve:2", SITE, T0 + HOUR)
    new = reconcile([before, after], [*RULES, dearer]).new
    assert [(e.version, e.full_fen) for e in new] == [(1, 5000), (2, 8000)]
    with pytest.raises(NoRule):
        reconcile([Fact("result_late", "resolve:1", SITE, BEGIN - HOUR)], RULES)


def test_an_entry_whose_fact_has_gone_comes_back_under_a_second_name_and_a_waived_one_does_not() -> None:
    fact = Fact("result_late", "resolve:1", SITE, T0, cause="resolve:1")

    def row(state: str, reason: str, **more: bool) -> Stored:
        return Stored(1, fact.rule, fact.occurrence, SITE, T0, 5000, fact.cause, state, reason, **more)

    assert reconcile([], RULES, stored=[row("proposed", "")]).gone == [1]
    assert reconcile([], RULES, stored=[row("waived", "exempted")]).gone == []
    assert [e.occurrence for e in reconcile([fact], RULES, stored=[row("waived", "exempted")]).new] == ["resolve:1~2"]
    assert reconcile([fact], RULES, stored=[row("waived", "not_ours")]).new == []
    assert [e.occurrence for e in reconcile([fact], RULES, stored=[row("confirmed", "", reversed=True)]).new] == [
        "resolve:1~2"
    ]


# --- which events are facts ---


def run(kind: str = "resolve", n: int = 1, **more: object) -> Run:
    values = {"kind": kind, "run": n, "organisation_id": SITE, "minutes": 60, "started_at": T0, "due_at": T0 + HOUR,
              "state": "breached", "breached_at": T0 + HOUR, **more}  # fmt: skip
    return Run(**values)  # type: ignore[arg-type]


def event(n: int, type_: str, at: datetime = T0, role: str = "system", **data: object) -> Happening:
    return Happening(n, type_, at, data, role)


def case(runs: tuple = (), events: tuple = (), **more: object) -> Case:
    return Case(**{"kind": "complaint", "withdrawn": False, "opened_at": T0, "runs": runs, "events": events, **more})  # type: ignore[arg-type]


def charged(one: Case) -> list[tuple[str, str, int]]:
    return [(f.rule, f.occurrence, f.organisation_id) for f in facts_of(one)]


def test_a_late_run_is_a_fact_decided_at_its_due_and_a_rework_is_another() -> None:
    late = case((run(), run(n=2, breached_at=T0 + 9 * HOUR), run("first_reply")))
    assert charged(late) == [
        ("first_reply_late", "first_reply:1", SITE), ("result_late", "resolve:1", SITE),
        ("result_late", "resolve:2", SITE),
    ]  # fmt: skip
    assert facts_of(late)[0].decided_at == T0 + HOUR


@pytest.mark.parametrize("spared", [
    run(exempt=True), run(state="void"), run(state="met", breached_at=None), run("accept"), run(organisation_id=None),
    run("legal"), run("party_reply", organisation_id=OTHER),
])  # fmt: skip
def test_runs_that_are_exempt_void_met_or_nobodys_are_no_facts(spared: Run) -> None:
    assert facts_of(case((spared,))) == ()


def test_a_party_pays_when_it_was_urged_before_its_time_was_over() -> None:
    party = run("party_reply", organisation_id=OTHER)
    in_time = event(1, "party_urged", T0 + HOUR / 2, organisation_id=OTHER)
    after = event(1, "party_urged", T0 + 2 * HOUR, organisation_id=OTHER)
    assert charged(case((party,), (in_time,))) == [("party_late", "party_reply:1", OTHER)]
    assert facts_of(case((party,), (in_time,)))[0].event_ids == (1,)
    assert charged(case((party,), (after,))) == []


def test_lateness_booked_to_a_party_is_the_partys_and_no_missed_customer_limit_of_the_site() -> None:
    late = run(organisation_id=OTHER, minutes=30)
    booked = event(2, "lateness_booked", clock="resolve", run=1, to=OTHER)
    assert charged(case((late,), (booked,), customer_limits={"resolve": 30})) == [("result_late", "resolve:1", OTHER)]
    own = case((run(minutes=30), run("close", minutes=30)), customer_limits={"resolve": 30, "close": 30})
    assert charged(own) == [
        ("close_late", "close:1", SITE), ("customer_limit", "ticket", SITE), ("result_late", "resolve:1", SITE),
    ]  # fmt: skip


def test_rulings_promises_returns_and_interventions_are_facts_of_whom_they_name() -> None:
    told = (
        event(1, "ruling", ruling="upheld_return", appeal_id=5, site_id=SITE, role="ccs"),
        event(2, "ruling", ruling="rejected_close", appeal_id=6, site_id=SITE),
        event(3, "promise_broken", promise_id=7, run=1, site_id=SITE, due_at=(T0 - HOUR).isoformat()),
        event(4, "return_refused", transfer_id=8, from_site_id=OTHER, role="lcs"),
        event(5, "intervened", kind="close", run=1, site_id=SITE, role="lcs"),
        event(6, "intervened", kind="close", run=2, site_id=None),
        event(7, "penalty_entered", rule="loss", organisation_id=SITE, base_fen=100, role="lcs"),
        event(8, "penalty_entered", rule="result_late", organisation_id=SITE),
    )
    found = facts_of(case(events=told))
    assert [(f.rule, f.occurrence, f.organisation_id, f.ruled_by) for f in found] == [
        ("promise_broken", "promise:7", SITE, "system"), ("appeal_upheld", "appeal:5", SITE, "ccs"),
        ("intervention", "close:1", SITE, "lcs"), ("loss", "hand:7", SITE, "lcs"),
        ("wrong_return", "transfer:8", OTHER, "lcs"),
    ]  # fmt: skip


def test_an_overturned_rejection_that_is_restored_costs_nothing() -> None:
    over = event(1, "rejection_overturned", organisation_id=SITE, party_id=OTHER)
    back = event(2, "rejection_restored", organisation_id=SITE, party_id=OTHER)
    again = event(3, "rejection_overturned", organisation_id=SITE, party_id=OTHER)
    assert charged(case(events=(over,))) == [("overturned", f"party:{OTHER}:1", SITE)]
    assert charged(case(events=(back, over))) == []
    assert charged(case(events=(again, back, over))) == [("overturned", f"party:{OTHER}:2", SITE)]


def test_the_last_mark_of_a_result_decides_and_two_audits_of_it_are_one_fact() -> None:
    first = event(1, "audited", audit_id=1, result_event_id=50, site_id=SITE, mark="untruthful")
    recheck = event(2, "audited", audit_id=2, result_event_id=50, site_id=SITE, mark="untruthful")
    revised = event(3, "audit_revised", audit_id=1, result_event_id=50, site_id=SITE, mark="true")
    assert charged(case(events=(first, recheck))) == [("untruthful", "result:50", SITE)]
    assert charged(case(events=(first, recheck, revised))) == []


@pytest.mark.parametrize("free", [
    {"withdrawn": True}, {"imported": True}, {"late_on_arrival": True}, {"kind": "inquiry"},
    {"onboarded": {SITE: date(2026, 12, 1)}}, {"assessed": {OTHER}},
])  # fmt: skip
def test_tickets_that_are_never_charged(free: dict) -> None:
    told = (event(1, "promise_broken", promise_id=1, site_id=SITE),)
    assert charged(case((run(),), told)) != []
    assert charged(case((run(),), told, **free)) == []


def test_why_an_entry_lost_its_fact() -> None:
    assert penalty_facts.why_gone(case(withdrawn=True), "resolve:1") == "withdrawn"
    assert penalty_facts.why_gone(case((run(exempt=True),)), "resolve:1") == "exempted"
    assert penalty_facts.why_gone(case((run(state="void"),)), "resolve:1") == "void"
    assert penalty_facts.why_gone(case(), "") == "fact_gone"
    assert penalties.fact_of("hand:1/manager~2") == "hand:1"


# --- who bears a rule, what it stands for, its cap: as versions ---


def newest(code: str) -> PenaltyRule:
    return next(one for one in RULES if one.code == code)


def wrong_of(code: str, **changed: object) -> dict[str, str]:
    draft = replace(newest(code), effective_from=T0 + HOUR, **changed)  # type: ignore[arg-type]
    return penalty_rules.faults(draft, newest=newest(code), now=T0, others=RULES)


def test_a_rule_is_borne_by_whom_its_kind_allows_and_stands_for_entries_of_its_clock_alone() -> None:
    assert wrong_of("result_late") == {}
    assert wrong_of("result_late", liable="manager", kind="per_person") == {}
    assert wrong_of("result_late", liable="clerk_and_manager") == {"liable": "choose_one"}
    assert wrong_of("slip_lost", liable="clerk_and_manager") == {}
    assert wrong_of("loss", liable="manager") == {"liable": "choose_one"}
    assert wrong_of("loss", liable="department") == {}
    assert wrong_of("intervention", absorbs=("first_reply_late", "result_late", "close_late")) == {}
    assert wrong_of("intervention", absorbs=("intervention",)) == {"absorbs": "choose_one"}
    assert wrong_of("intervention", absorbs=("untruthful",)) == {"absorbs": "choose_one"}
    assert wrong_of("untruthful", absorbs=("close_late",)) == {"absorbs": "choose_one"}
    assert wrong_of("result_late", cap_group="") == {}
    assert wrong_of("result_late", cap_group="week") == {"cap_group": "choose_one"}
    assert wrong_of("cap", cap_group="") == {"cap_group": "choose_one"}


def test_two_rules_never_stand_for_each_other() -> None:
    late = replace(newest("result_late"), version=2, absorbs=("customer_limit",))
    others = (*RULES, late)
    draft = replace(newest("customer_limit"), effective_from=T0 + HOUR, absorbs=("result_late",))
    found = penalty_rules.faults(draft, newest=newest("customer_limit"), now=T0, others=others)
    assert found == {"absorbs": "absorbs_circle"}
    over = (*others, replace(late, version=3, absorbs=()))  # the newest version no longer does
    assert penalty_rules.faults(draft, newest=newest("customer_limit"), now=T0, others=over) == {}


def test_a_rule_borne_by_a_person_is_priced_a_person_and_back_again() -> None:
    fact = Fact("result_late", "resolve:1", SITE, T0, cause="resolve:1")
    borne = replace(penalty_rules.borne_by(newest("result_late"), "manager"), version=2)
    assert borne.kind == penalty_rules.PER_PERSON
    (entry,) = reconcile([fact], [*RULES, borne], managers=MANAGERS).new
    assert (entry.person_id, entry.amount_fen, entry.occurrence) == (MANAGER, 5000, "resolve:1/manager")
    back = penalty_rules.borne_by(borne, "organisation")
    assert replace(back, version=1) == newest("result_late")
    assert penalty_rules.borne_by(newest("loss"), "department").kind == penalty_rules.RATE


def test_an_absorption_binds_facts_from_its_version_on() -> None:
    more = replace(newest("intervention"), version=2, effective_from=T0 + HOUR, absorbs=("result_late",))
    for at, kept in ((T0, ["intervention", "result_late"]), (T0 + 2 * HOUR, ["intervention"])):
        run = [
            Fact("result_late", "resolve:1", SITE, at, cause="resolve:1"),
            Fact("intervention", "resolve:1", SITE, at, cause="resolve:1"),
        ]
        new = reconcile(run, [*RULES, more], managers=MANAGERS).new
        assert sorted(one.rule for one in new if not one.absorbed_by) == kept
