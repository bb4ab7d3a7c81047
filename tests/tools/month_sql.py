"""The statements of `tests.tools.month`: rows made by PostgreSQL itself, and a month counted in one statement.

Numbers are taken from a hash of the row's number, so that the same call makes the same rows.
"""

from __future__ import annotations

BEGIN = "TIMESTAMPTZ '2026-09-30 16:00:00+00'"  # October in Shanghai
END = "TIMESTAMPTZ '2026-10-31 16:00:00+00'"
NOW = "TIMESTAMPTZ '2026-11-06 02:00:00+00'"
PROVINCES = 30


def _dice(salt: int) -> str:
    """A number from 0 to 1 that looks like chance and is the same for the same ticket."""
    return f"((hashint8(n * 31 + {salt}) & 1048575) / 1048576.0)"


def _id(at: str, salt: int = 0) -> str:
    """An id as the portal draws them, from an instant; the low bits tell rows of one millisecond apart."""
    return f"(((extract(epoch FROM {at}) * 1000)::bigint - 1704067200000 + {salt}) << 22 | (n & 4194303))"


OPENED = f"{BEGIN} + n * ({END} - {BEGIN}) / CAST(:tickets AS double precision)"
SITE = f"(1000 + floor(:sites * power({_dice(1)}, 2)))::bigint"  # some sites have many more than others
STATE = f"(CASE WHEN {_dice(2)} < 0.02 THEN 'withdrawn' WHEN {_dice(2)} < 0.05 THEN 'in_progress' ELSE 'closed' END)"
CATEGORY = "(ARRAY['FALSE_SIGN','LOCKER','PROXY','LOST','DAMAGED','DELAYED','ATTITUDE','OTHER'])[1 + n % 8]"
CAUSE = "(ARRAY['courier','sorting','customer','address','system',''])[1 + n % 6]"
WORKED = f"make_interval(secs => 600 + 200000 * power({_dice(3)}, 3))"

_BASE = f"""
    SELECT n, {OPENED} AS at, {SITE} AS site, {STATE} AS state, {WORKED} AS worked
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n
"""
_BASE = f"WITH base AS (SELECT *, {_id('at')} AS id, 2 + site % {PROVINCES} AS province FROM ({_BASE}) AS b)"

_ONCE = (
    f"""INSERT INTO organisation (id, code, kind, name, name_en, province_id, address_prefix, duty_phone, auto_assign)
    SELECT 1, 'HQ', 'headquarters', '总部', '', NULL::bigint, '', '', false
    UNION ALL SELECT 1 + p, 'P' || p, 'province', '省 ' || p, '', NULL, '', '', false
    FROM generate_series(1, {PROVINCES}) AS p
    UNION ALL SELECT 1000 + s, 'S' || s, 'site', '站点 ' || s, '', 2 + (1000 + s) % {PROVINCES}, '', '', false
    FROM generate_series(0, CAST(:sites AS bigint) - 1) AS s""",
    """INSERT INTO user_account (id, account, name, password_hash, role, organisation_id, locale, theme, density, epoch,
    demo, skills) SELECT 1, 'head', 'head', '', 'ccs_manager', 1, 'zh', 'auto', 'comfortable', 0, false, CAST('[]' AS json)
    UNION ALL SELECT 1000000 + 2 * s + k, 'u' || s || '-' || k, '客服 ' || k, '', 'site_clerk', 1000 + s, 'zh', 'auto',
    'comfortable', 0, false, CAST('[]' AS json) FROM generate_series(0, CAST(:sites AS bigint) - 1) AS s, generate_series(0, 1) AS k""",
)

CLERK = "1000000 + 2 * (site - 1000) + n % 2"  # each site has two

_TICKET = f"""{_BASE} INSERT INTO ticket (id, number, kind, category, priority, channel, complainant_kind, state, queue,
    overdue, level, province_id, handling_site_id, tray_reason, waybill, waybill_reversed, policy_version, repeat_count,
    urge_count, open_promises, customer_accepted, objection_over, root_cause, hops, acting_counts, cases, flags,
    category_wanted, version, last_hash, opened_at, received_at, activity_at, result_at, next_clock)
    SELECT id, 'KF26-' || n, 'complaint', {CATEGORY}, 'high', 'platform', 'consignee', state, 'done', false, 0,
    province, site, '', 'YT' || n, reverse('YT' || n), 1, 0, 0, 0, false, false, {CAUSE}, 0, false, '{{}}', '[]', '', 9,
    repeat('0', 64), at, at, at + worked, at + worked, '' FROM base"""


_SEQ = {"received": 1, "result": 2, "closed": 3, "repeat": 4}


def _event(kind: str, at: str, data: str, where: str = "true") -> str:
    return f"""{_BASE} INSERT INTO event (id, ticket_id, seq, type, at, actor_id, actor_role, organisation_id, data,
    text_digest, hash) SELECT {_id(at, _SEQ[kind])}, id, {_SEQ[kind]}, '{kind}', {at}, {CLERK}, 'site_clerk', site, {data}, '',
    repeat('0', 64) FROM base WHERE {where}"""


_SAID = """'{"answer": "redelivered", "channel": "platform", "contact_outcome": "reached_accepts", "findings":
 {"signed_by": "neighbour", "agreed": "no", "reached": "yes"}, "outward": true, "from": "in_progress", "to": "replied"}'"""
_EVENTS = (
    _event("received", "at", """'{"category": "FALSE_SIGN", "flags": [], "order_code": "X"}'"""),
    _event("result", "at + worked", _SAID),
    _event("closed", "at + worked + interval '1 day'", """'{"from": "replied", "root_cause": "courier"}'"""),
    _event(
        "repeat", "at + worked / 2",
        """json_build_object('site_id', site, 'after_first_reply_due', n % 2 = 0)""", f"{_dice(4)} < 0.03",
    ),
)  # fmt: skip


def _clock(kind: str, minutes: str, stopped: str, where: str = "true") -> str:
    due, salt = (
        f"at + {minutes} * interval '1 minute'",
        {"first_reply": 1, "resolve": 2, "close": 3, "promise": 4}[kind],
    )
    return f"""{_BASE} INSERT INTO clock (id, ticket_id, kind, run, organisation_id, minutes, calendar, started_at,
    due_at, stopped_at, stopped_by_id, breached_at, credited, exempt, state, stage) SELECT {_id("at", salt)}, id, '{kind}', 1, site,
    {minutes}, 'service', at, {due}, {stopped}, {CLERK}, CASE WHEN {stopped} > {due} THEN {due} END, true, {_dice(9)} < 0.001,
    CASE WHEN state = 'withdrawn' THEN 'void' WHEN {stopped} > {due} THEN 'breached' ELSE 'met' END, 0
    FROM base WHERE {where}"""


_CLOCKS = (
    _clock("first_reply", "30", f"at + {_dice(5)} * interval '33 minutes'"),
    _clock("resolve", "1440", "at + worked"),
    _clock("close", "2880", "at + worked + interval '1 day'"),
    _clock("promise", "600", f"at + {_dice(6)} * interval '660 minutes'", f"{_dice(6)} < 0.04"),
)

_REST = (
    f"""{_BASE} INSERT INTO audit (id, ticket_id, result_event_id, site_id, author_id, province_id, reason, day, flags, mark,
    marked_at, first_mark, mark_reason) SELECT id, id, id + 1, site, {CLERK}, province, 'sample', (at + worked)::date, '[]',
    CASE WHEN {_dice(8)} < 0.05 THEN 'untruthful' ELSE 'true' END, at + worked + interval '1 day', '', ''
    FROM base WHERE {_dice(7)} < 0.025""",
    f"""{_BASE} INSERT INTO survey (id, ticket_id, site_id, token_hash, asked_at, expires_at, score, rated_at, counted,
    rated_by, calls) SELECT id, id, site, 'T' || n, at, at, 1 + n % 5, at + worked + interval '2 days', n % 9 > 0,
    'link', 0 FROM base WHERE {_dice(10)} < 0.025""",
    f"""{_BASE} INSERT INTO appeal (id, ticket_id, site_id, opened_at, ruling, ruled_at) SELECT id, id, site,
    at + worked, CASE WHEN n % 3 = 0 THEN 'upheld_return' ELSE 'rejected_close' END, at + worked + interval '20 hours'
    FROM base WHERE {_dice(11)} < 0.02""",
    f"""{_BASE} INSERT INTO penalty (id, rule, rule_version, ticket_id, occurrence, cause, organisation_id, province_id,
    person_id, month, decided_at, full_fen, amount_fen, base_fen, points, absorbed_by, state, reason, event_ids,
    ruled_by, created_at) SELECT id, 'result_late', 1, id, 'resolve:1', 'resolve:1', site, province, 0, '2026-10', at,
    5000, 5000, 0, 0, '', 'proposed', '', '[]', 'system', at FROM base WHERE {_dice(12)} < 0.05""",
)  # fmt: skip

FILL = {"once": _ONCE, "each": (_TICKET, *_EVENTS, *_CLOCKS, *_REST)}
RESET = (
    "DELETE FROM frozen_card WHERE month = :month",
    "DELETE FROM frozen_people WHERE month = :month", "DELETE FROM month_close WHERE month = :month",
    "UPDATE penalty SET state = 'proposed', settled_at = NULL WHERE month = :month AND state = 'confirmed'",
)  # fmt: skip

_DECIDED = f"""least(c.stopped_at, c.due_at) >= {BEGIN} AND least(c.stopped_at, c.due_at) < {END} AND c.state <> 'void'
    AND NOT c.exempt AND (c.stopped_at IS NOT NULL OR (c.state <> 'paused' AND c.due_at < {NOW}))"""
_SECONDS = "floor(extract(epoch FROM t.result_at - t.received_at))"


def _spread(key: str) -> str:
    return f"""SELECT {key} AS site, percentile_disc(0.5) WITHIN GROUP (ORDER BY {_SECONDS}) AS median,
    percentile_disc(0.9) WITHIN GROUP (ORDER BY {_SECONDS}) AS p90 FROM ticket t JOIN organisation o
    ON o.id = t.handling_site_id WHERE t.state <> 'withdrawn' AND t.result_at >= {BEGIN} AND t.result_at < {END}
    GROUP BY 1"""


RAW = f"""
WITH opened AS (SELECT handling_site_id AS site, count(*) AS tickets, count(*) FILTER (WHERE state NOT IN
    ('closed', 'withdrawn')) AS open FROM ticket WHERE state <> 'withdrawn' AND opened_at >= {BEGIN}
    AND opened_at < {END} GROUP BY 1),
kinds AS (SELECT handling_site_id AS site, category, root_cause, count(*) AS n FROM ticket WHERE state <> 'withdrawn'
    AND opened_at >= {BEGIN} AND opened_at < {END} GROUP BY 1, 2, 3),
codes AS (SELECT site, json_agg(json_build_array(category, root_cause, n)) AS codes FROM kinds GROUP BY 1),
runs AS (SELECT c.organisation_id AS site,
    count(*) FILTER (WHERE c.kind = 'first_reply') AS first_reply_due,
    count(*) FILTER (WHERE c.kind = 'first_reply' AND c.stopped_at <= c.due_at AND c.credited) AS first_reply_in_time,
    count(*) FILTER (WHERE c.kind = 'resolve') AS resolve_due,
    count(*) FILTER (WHERE c.kind = 'resolve' AND c.stopped_at <= c.due_at AND c.credited) AS resolve_in_time,
    count(*) FILTER (WHERE c.kind = 'party_reply') AS party_reply_due,
    count(*) FILTER (WHERE c.kind = 'promise') AS promise_due,
    count(*) FILTER (WHERE c.kind = 'promise' AND c.stopped_at <= c.due_at AND c.credited) AS promise_in_time,
    count(*) FILTER (WHERE c.kind = 'ruling') AS ruling_due
    FROM clock c JOIN ticket t ON t.id = c.ticket_id WHERE t.state <> 'withdrawn' AND {_DECIDED}
    AND c.kind IN ('first_reply', 'resolve', 'party_reply', 'promise', 'ruling') AND c.due_at >= {BEGIN} GROUP BY 1),
given AS (SELECT coalesce(CASE WHEN (e.data->>'counts')::boolean THEN (e.data->>'acting_for')::bigint END,
    e.organisation_id) AS site, count(*) FILTER (WHERE e.type = 'result') AS results,
    count(*) FILTER (WHERE e.type = 'repeat' AND (e.data->>'after_first_reply_due')::boolean) AS repeats
    FROM event e JOIN ticket t ON t.id = e.ticket_id WHERE t.state <> 'withdrawn' AND e.type IN ('result', 'repeat')
    AND e.at >= {BEGIN} AND e.at < {END} GROUP BY 1),
appealed AS (SELECT a.site_id AS site, count(*) AS appeals FROM appeal a JOIN ticket t ON t.id = a.ticket_id
    WHERE t.state <> 'withdrawn' AND a.opened_at >= {BEGIN} AND a.opened_at < {END} GROUP BY 1),
upheld AS (SELECT a.site_id AS site, count(*) AS upheld FROM appeal a JOIN ticket t ON t.id = a.ticket_id
    WHERE t.state <> 'withdrawn' AND a.ruling LIKE 'upheld%' AND a.ruled_at >= {BEGIN} AND a.ruled_at < {END}
    GROUP BY 1),
audited AS (SELECT a.site_id AS site, count(*) AS audited, count(*) FILTER (WHERE a.mark = 'true') AS audited_true
    FROM audit a JOIN ticket t ON t.id = a.ticket_id WHERE t.state <> 'withdrawn' AND a.mark <> ''
    AND a.reason <> 'recheck' AND a.marked_at >= {BEGIN} AND a.marked_at < {END} GROUP BY 1),
rated AS (SELECT s.site_id AS site, count(*) AS ratings, sum(s.score) AS rating_sum FROM survey s
    JOIN ticket t ON t.id = s.ticket_id WHERE t.state <> 'withdrawn' AND s.counted AND s.rated_at >= {BEGIN}
    AND s.rated_at < {END} GROUP BY 1),
fines AS (SELECT organisation_id AS site, sum(amount_fen) AS fen FROM penalty WHERE month = '2026-10' GROUP BY 1),
own AS ({_spread("t.handling_site_id")}), provinces AS ({_spread("o.province_id")}), network AS ({_spread("1")})
SELECT o.id, opened.*, runs.*, given.*, appealed.*, upheld.*, audited.*, rated.*, fines.fen, codes.codes,
    own.median, own.p90, provinces.median AS province_median, network.median AS network_median
FROM organisation o LEFT JOIN opened ON opened.site = o.id LEFT JOIN runs ON runs.site = o.id
LEFT JOIN given ON given.site = o.id LEFT JOIN appealed ON appealed.site = o.id LEFT JOIN upheld ON upheld.site = o.id
LEFT JOIN audited ON audited.site = o.id LEFT JOIN rated ON rated.site = o.id LEFT JOIN fines ON fines.site = o.id
LEFT JOIN codes ON codes.site = o.id LEFT JOIN own ON own.site = o.id LEFT JOIN provinces ON provinces.site = o.id
LEFT JOIN network ON network.site = o.id
"""
