"""The planted faults: each takes one rule away in one line, and names the tests that must fail for it.

`before` stands exactly once in the file; where a rule moves, its line here moves with it, or `make mutants` says so.
"""

from __future__ import annotations

from dataclasses import dataclass

S, D, W, T = "app/services/", "app/domain/", "app/web/", "tests/services/"


@dataclass(frozen=True)
class Fault:
    """One rule taken away: `before` becomes `after` in `file`, and one of `tests` (names of pytest) must fail."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


OUTBOX, FETCH = "app/services/outbox.py", "app/integrations/fetch.py"
FAULTS = (
    # --- setting up ---
    Fault("setting up: a site moves to another province with its open tickets", S + "organisation_admin.py",
          ".where(Ticket.state.in_(OPEN_STATES))", ".where(Ticket.id < 0)",
          (T + "test_organisation_admin.py::test_a_site_moves_to_another_province_once_its_tickets_have_ended",)),
    Fault("setting up: a list with a bad row is stored as far as it is good", S + "organisation_admin.py",
          'raise Invalid({"rows": "has_faults"})', "found = replace(found, added=(), changed=())",
          (T + "test_organisation_admin.py::test_one_bad_row_and_nothing_is_stored",)),
    Fault("setting up: a second headquarters", D + "organisations.py", "if entry.code != first:", "if not first:",
          ("tests/domain/test_organisations.py::test_there_is_one_headquarters",)),
    Fault("setting up: the last secret of a connection in use is retired", S + "connection_admin.py",
          "if of == 1 and row.active:", "if of < 1 and row.active:",
          (T + "test_connection_admin.py::test_the_last_secret_of_a_connection_in_use_and_one_that_was_not_shown_stay",)),
    Fault("setting up: a secret setting stands in the log", S + "connection_admin.py",
          "hidden = {one.name for one in rules.settings if one.kind == SECRET}", "hidden: set[str] = set()",
          (T + "test_connection_admin.py::"
           "test_a_driver_that_needs_settings_is_in_use_once_it_has_them_and_its_token_is_never_told",)),
    Fault("setting up: answers leave over plain http", D + "connections.py",
          'if parts.scheme == "http" and not plain_http:', 'if parts.scheme == "ftp" and not plain_http:',
          ("tests/domain/test_connections.py::test_each_field_is_checked",)),
    # --- who sees what ---
    Fault("a site sees every ticket", S + "scope.py",
          "return _party(Party.organisation_id == actor.organisation_id)", "return true()",
          (T + "test_attachments.py::test_a_posted_picture_outside_the_scope_does_not_exist",)),
    Fault("a province sees every ticket", S + "scope.py",
          "return _party(Party.province_id == actor.province_id)", "return true()",
          (T + "test_attachments.py::test_a_posted_picture_outside_the_scope_does_not_exist",)),
    Fault("failed answers of other provinces can be sent again", OUTBOX,
          'row.kind != "callback" or not in_scope(actor, row)', 'row.kind != "callback"',
          (T + "test_outbox.py::test_a_failed_callback_can_be_sent_again_inside_the_scope_only",)),
    Fault("exports of others can be downloaded", S + "exports.py",
          "select(Export).where(Export.id == export_id, Export.user_id == actor.user_id)",
          "select(Export).where(Export.id == export_id)",
          (T + "test_exports.py::test_a_file_is_for_whoever_asked_for_it_and_only_under_the_same_rights",)),
    Fault("pages open to roles without the capability", W + "guard.py",
          'if capability != "signed_in" and not current_actor().can(capability):', "if False:",
          ("tests/web/test_access_matrix.py::test_each_role_gets_what_the_table_says[GET-people_admin.index]",)),
    Fault("the log of what was shown leaves the scope", S + "seen.py",
          "_reveals().where(scope.visible_to(actor))", "_reveals()",
          (T + "test_seen.py::test_the_answer_ends_at_the_border_of_the_scope",)),
    # --- pushes ---
    Fault("a forged signature is believed", "app/integrations/platform/link/envelope.py", "    found = False\n", "    found = True\n",
          ("tests/web/test_platform_push.py::test_an_unbelieved_message_is_refused_and_only_counted",)),
    Fault("the key of a push is not unique", "migrations/versions/0001_first_tables.py",
          'sa.PrimaryKeyConstraint("connection_id", "msg_type", "order_code", "event_key", name=op.f("pk_push_key")),', "",
          ("tests/web/test_platform_push.py::test_the_same_push_a_year_later_is_still_the_same",)),
    Fault("the same key with another body is taken", S + "intake.py", "if kept.sha256 != digest and not arrival.state:", "if False:",
          ("tests/web/test_platform_push.py::"
           "test_the_same_order_with_other_content_is_refused_and_both_digests_are_kept",)),
    # --- what leaves the house ---
    Fault("a lease holds nobody off", OUTBOX, " or (row.lease_until and row.lease_until > now):", ":",
          (T + "test_outbox.py::test_a_row_that_another_worker_holds_is_left_alone",)),
    Fault("the fencing token is not asked for", OUTBOX,
          "select(Outbox).where(Outbox.id == row_id, Outbox.token == token)", "select(Outbox).where(Outbox.id == row_id)",
          (T + "test_outbox.py::test_a_worker_that_wakes_after_its_lease_writes_nothing",)),
    Fault("sending is not committed before the request", OUTBOX,
          'guarded.values(state="sending", attempts', 'guarded.values(state="claimed", attempts',
          (T + "test_outbox.py::test_a_worker_killed_at_any_step_sends_the_sms_exactly_once",
           T + "test_sms_sends.py::test_sends_killed_between_gateway_and_book_keeping_are_never_doubled")),
    Fault("a message in doubt is sent again", OUTBOX,
          'in_doubt = row.state in ("sending", "unknown") and row.kind != "callback"', "in_doubt = False",
          (T + "test_outbox.py::test_a_worker_killed_at_any_step_sends_the_sms_exactly_once",
           T + "test_sms_sends.py::test_sends_killed_between_gateway_and_book_keeping_are_never_doubled")),
    Fault("answers of one order overtake each other", OUTBOX, '.where(Outbox.kind == "callback")', '.where(Outbox.kind == "")',
          (T + "test_outbox.py::test_a_later_answer_of_an_order_waits_for_the_earlier_one",)),
    Fault("an old SMS goes out after a restore", S + "sms_sends.py",
          "TOO_OLD = timedelta(hours=24)", "TOO_OLD = timedelta(hours=2400)",
          (T + "test_sms_sends.py::test_nothing_older_than_a_day_goes_out_after_a_restore",)),
    Fault("a restored portal sends waiting SMS blindly", S + "backups.py",
          '= "unknown", None, now, RESTORED', '= "pending", None, now, RESTORED',
          ("tests/test_backup.py::test_a_restored_portal_sends_no_sms_twice_and_signs_everybody_out",)),
    # --- clocks ---
    Fault("a poisoned clock stops the others", S + "sweep.py",
          "next_stage_at=now + pause", "next_stage_at=now",
          (T + "test_sweep.py::test_a_poisoned_clock_is_pushed_ahead_and_stops_nobody",)),
    Fault("months end at midnight in London", D + "calendars.py", 'ZoneInfo("Asia/Shanghai")', 'ZoneInfo("Europe/London")',
          ("tests/domain/test_calendars.py::test_the_month_changes_at_midnight_in_shanghai",)),
    # --- money ---
    Fault("money is a float", D + "penalty_rules.py",
          "return (2 * base_fen * rule.numerator + rule.denominator) // (2 * rule.denominator)",
          "return round(base_fen * (rule.numerator / rule.denominator))",
          ("tests/domain/test_penalties.py::test_a_rate_is_rounded_once_half_up_from_the_exact_fraction",)),
    Fault("the cap of a ticket does not hold", D + "penalties.py",
          "amount = entry.full_fen if room is None else min(entry.full_fen, room)", "amount = entry.full_fen",
          ("tests/domain/test_penalties.py::test_each_fact_is_charged_once_and_the_cap_holds",)),
    # --- the log ---
    Fault("an edited event is not found", S + "chain.py", "if expected != row.hash:", "if False:",
          (T + "test_chain.py::test_each_change_is_found",)),
    Fault("a broken seal is not found", S + "chain.py",
          "if (digest.hexdigest(), n) != (seal.digest, seal.events) or", "if",
          (T + "test_chain.py::test_a_truncation_that_also_mends_the_ticket_is_found_by_the_seal",)),
    # --- personal data ---
    Fault("telephone numbers are not masked", D + "masking.py",
          "return digits[:_KEEP_HEAD] + STARS + digits[-_KEEP_TAIL:]", "return digits",
          ("tests/domain/test_masking.py::test_a_telephone_number_hides_at_least_six_digits",)),
    Fault("telephone numbers in texts are not masked", D + "masking.py",
          "out += [text[done:start], mask_phone(shadow[start:end])]", "out += [text[done:start], text[start:end]]",
          ("tests/domain/test_masking.py::test_telephone_numbers_in_free_text_are_masked",)),
    Fault("showing a number leaves no row", S + "reveals.py",
          "session.add(Reveal(id=new_id(), ticket_id=ticket.id, user_id=actor.user_id, what=what, at=now))", "pass",
          (T + "test_seen.py::test_everybody_who_was_shown_the_number_is_named",)),
    Fault("personal data are deleted too early", S + "retention.py",
          "Ticket.activity_at < rule.cutoff(days, now))", "Ticket.activity_at < now)",
          (T + "test_retention.py::test_what_is_younger_or_has_not_ended_stays",)),
    Fault("logs tell telephone numbers", "app/logs.py", "line[key] = mask_text(", "line[key] = str(",
          ("tests/web/test_logs.py::test_what_a_library_or_a_careless_line_says_is_masked_and_stays_one_line",)),
    Fault("everybody reads the metrics", W + "metrics.py", "    if not _may_ask():", "    if False:",
          ("tests/web/test_metrics.py::test_nobody_from_outside_reads_them",)),
    # --- two at once, noise ---
    Fault("who acted in time stays late", S + "clocks.py", "        clock.breached_at = None  # the sweep", "        pass  # the sweep",
          (T + "test_interleavings.py::test_an_answer_and_the_sweep_never_both_count_in_any_order",)),
    Fault("a form's key is not asked for", S + "desk.py", "return Outcome(post.number, sent[0], repeated=True) if sent else None",
          "return None",
          (T + "test_interleavings.py::test_two_results_are_one_answer_in_every_order",)),
    Fault("a broken CSV is a fault of ours", D + "volumes.py", "except csv.Error:", "except KeyError:",
          ("tests/fuzz/test_parsers.py::test_volumes_and_days_are_rows_with_their_faults",)),
    Fault("couriers' names stay", S + "retention.py", 'values(courier="", note="")', 'values(note="")',
          (T + "test_retention.py::test_couriers_names_go_and_the_counts_of_their_site_stay",)),
    Fault("messages read in full leave the scope", S + "seen.py", "_messages().where(scope.visible_to(actor))", "_messages()",
          (T + "test_seen.py::test_a_message_read_in_full_stands_beside_what_was_shown_in_full",)),
    Fault("looking at numbers has no limit", W + "tickets.py", 'REVEALS = "30 per minute', 'REVEALS = "3000 per minute',
          ("tests/web/test_hostile_texts.py::test_looking_at_numbers_has_a_limit",)),
    # --- signing in, forged requests, the outside ---
    Fault("guessing passwords is not slowed down", S + "accounts.py",
          '    if wait:\n        session.rollback()', '    if False:\n        session.rollback()',
          (T + "test_accounts.py::test_the_wait_of_an_account_grows_and_nothing_is_checked_meanwhile",)),
    Fault("somebody who was disabled goes on", S + "sessions.py",
          "if user.disabled_at is not None or row.epoch != user.epoch:", "if row.epoch != user.epoch:",
          (T + "test_accounts.py::test_disabling_and_logout_end_a_session_at_the_next_look",)),
    Fault("a session outlives the password", S + "sessions.py",
          "if user.disabled_at is not None or row.epoch != user.epoch:", "if user.disabled_at is not None:",
          (T + "test_accounts.py::test_a_session_begun_with_the_old_password_at_the_same_moment_is_void",)),
    Fault("idle sessions live on", S + "sessions.py",
          "return abs(now - row.active_at) < limits.idle and now", "return now",
          (T + "test_accounts.py::test_idle_and_absolute_time_end_a_session",)),
    Fault("a one-time code is taken twice", S + "second_factor.py", "SecondFactor.last_step < step)",
          "SecondFactor.last_step <= step)",
          (T + "test_second_factor.py::test_a_code_is_taken_once_and_none_older_after_it",)),
    Fault("a recovery code opens twice", S + "second_factor.py", ".where(*mine, RecoveryCode.used_at.is_(None))",
          ".where(*mine)", (T + "test_second_factor.py::test_a_recovery_code_opens_once_as_it_is_typed",)),
    Fault("a stored form that comes again is stale", S + "desk.py", " and done_before(session, post) is None:", ":",
          (T + "test_lost_answers.py::test_a_result_that_comes_again_after_the_customer_spoke_is_the_stored_one",)),
    Fault("a locked database counts as a poisoned clock", S + "sweep.py", "AWAY_PAUSE if", "POISON_PAUSE if",
          (T + "test_sweep.py::test_a_clock_that_met_a_locked_database_is_flagged_within_a_minute",)),
    Fault("a worker ends at the first job that is none", "worker.py", "return bool(asked)", "return True",
          ("tests/jobs/test_junk_jobs.py::"
           "test_a_worker_outlives_junk_in_its_queue_and_sends_what_waits_behind_it",)),
    Fault("forms are taken without a token", "app/__init__.py", "    csrf.init_app(app)\n", '    app.jinja_env.globals["csrf_token"] = str\n',
          ("tests/web/test_auth.py::test_a_sign_in_without_a_token_is_refused_and_can_be_repeated",)),
    Fault("pictures are fetched from anywhere", FETCH, "    if not _listed(host, port, parts.scheme, allowed):", "    if False:",
          ("tests/integrations/test_fetch.py::test_a_host_that_is_not_on_the_list_is_not_even_looked_up",)),
    Fault("a listed name may lead into the house", FETCH,
          "if not addresses or not all(_public(address) for address in addresses):", "if not addresses:",
          ("tests/integrations/test_fetch.py::test_a_listed_name_that_leads_into_a_private_network_is_refused",)),
    # --- faults of the machine ---
    Fault("a clock that was set is believed at once", "app/jobs/jumps.py", "return running < self.until", "return False",
          ("tests/jobs/test_clock_jumps.py::"
           "test_a_clock_that_jumps_two_hours_and_is_put_right_within_the_cycle_flags_nobody",)),
    Fault("a transaction that was undone for another one's sake is not tried again", S + "transaction.py",
          "for _ in range(MOST_AGAIN):", "for _ in range(0):",
          ("tests/web/test_database_troubles.py::test_a_push_that_met_another_is_tried_three_more_times_and_then_503",
           "tests/web/test_database_troubles.py::test_a_form_that_met_another_is_tried_three_more_times_and_then_503")),
    Fault("what has committed already is done again", S + "transaction.py",
          " or session.info.get(_DONE, 0) != done:", ":",
          ("tests/web/test_database_troubles.py::test_what_has_committed_already_is_not_done_again",)),
    Fault("a process starts on half a schema", "app/start.py", "refuse(HALF)", "pass",
          ("tests/test_start.py::"
           "test_a_process_ends_where_the_tables_are_older_than_its_version_and_goes_on_beside_newer_ones",)),
    Fault("the processes of the release before are unwell beside newer tables", S + "health.py",
          "newer = bool(current) and not current & _known(directory)", "newer = False",
          ("tests/test_start.py::"
           "test_a_process_ends_where_the_tables_are_older_than_its_version_and_goes_on_beside_newer_ones",)),
    Fault("an upgrade of SQLite that is killed leaves half a schema", "migrations/env.py", "transactional_ddl=True",
          "transactional_ddl=False",
          ("tests/test_start.py::"
           "test_an_upgrade_that_was_killed_in_the_middle_leaves_the_old_schema_whole_and_is_done_again",)),
    Fault("a database file that takes no writes is no reason", "app/start.py", 'NEVER_TAKES = ("readonly",',
          'NEVER_TAKES = ("nothing",', ("tests/test_start.py::test_a_read_only_file_is_told_in_one_line",)),
    Fault("a push hears of a database that is away in a page", W + "platform.py",
          "    except (DBAPIError, PoolTimeout):", "    except ZeroDivisionError:",
          ("tests/web/test_database_troubles.py::"
           "test_while_the_database_is_away_for_ten_minutes_no_push_is_told_success_and_then_each_is_stored_once",)),
    Fault("a withdrawn ticket remembers that its complainant was content", S + "moves.py",
          "ticket.customer_accepted = ticket.objection_over = False\n    ticket.closed_at", "ticket.closed_at",
          (T + "test_platform_moves.py::test_every_permutation_of_six_messages_ends_in_the_same_state",)),
    Fault("the log takes a ticket for ended whose ruling left a promise open", D + "month_steps.py",
          "story.ended = not story.promised", "story.ended = True",
          (T + "test_promise_corners.py::test_a_ruling_closes_nothing_while_a_promise_is_open",)),
    # --- the other daily work ---
    Fault("a regulator who joins later has the complainant's seven days", S + "moves.py",
          'clocks.regulator_limit(session, ticket), now)', 'clocks.limits(session, ticket)["legal"], now)',
          (T + "test_legal_clock.py::"
           "test_a_regulator_who_joins_later_has_fifteen_days_from_then_beside_the_complainants_seven",)),
    Fault("a waybill told later leaves its ticket in the tray", S + "waybill_told.py",
          'if ticket.state == OPEN and ticket.queue == "tray"', 'if False and ticket.queue == "tray"',
          ("tests/jobs/test_polls.py::"
           "test_a_waybill_that_is_filled_in_later_comes_to_the_ticket_once_and_brings_it_to_its_site",)),
    Fault("a report is taken back by whoever must act on it", D + "lifecycle_rules.py",
          '_rule("recall_report", AT_WORK, WITHDRAWN, REPORTER,', '_rule("recall_report", AT_WORK, WITHDRAWN, REPORTER, HANDLING,',
          (T + "test_problems.py::"
           "test_its_reporter_takes_a_report_back_before_there_is_an_answer_and_nothing_runs_on",)),
)  # fmt: skip
