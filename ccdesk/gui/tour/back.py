"""Second half of the tour: enable, an event queued and processed, an unsubscribe coming back."""

from __future__ import annotations

import json

from PySide6.QtWidgets import QWidget

from ccdesk.core.runs import Outcome, RunKind, RunStatus
from ccdesk.gui.dialogs.drift_view import INTRO
from ccdesk.gui.needs import LIST_DELETED
from ccdesk.gui.tour.daily import every_day
from ccdesk.gui.tour.driver import check
from ccdesk.gui.tour.scene import LIST_NAME, Scene
from ccdesk.gui.translation import say
from ccdesk.sandbox.wire.kernel import Fault


def acts_back(scene: Scene) -> None:
    """Seed: Enable the App, View Customer Update Events, View Sync Logs from Constant Contact."""
    _enable(scene)
    _event(scene)
    _undo(scene)
    _unsubscribe(scene)
    _compare(scene)
    _quiet(scene)
    _held(scene)
    _needs_you(scene)
    _help(scene)
    _leave(scene)


def _enable(scene: Scene) -> None:
    driver, desk = scene.driver, scene.container.desk
    driver.tab("tab_info")
    inbound, events = scene.last_id(RunKind.INBOUND), scene.last_id(RunKind.EVENTS)
    driver.click("chk_enabled")
    driver.until(lambda: desk.settings().enabled, "the application to be enabled")
    driver.until(lambda: desk.next_run(RunKind.EVENTS) is not None, "the next run time")
    scene.loop.wake()
    scene.wait_for_run(RunKind.EVENTS, events)
    run = scene.wait_for_run(RunKind.INBOUND, inbound)
    check(run.status is RunStatus.COMPLETE, f"the first inbound run: {run.message}")
    for email in scene.report.unsubscribed:
        for account in scene.sandbox.kibo.customers_by_email(email):
            check(not account["acceptsMarketing"], "an opt-out found by the export did not reach Kibo")
    driver.picture("info-enabled", "both loops ran; the earlier unsubscribe reached Kibo")


def _event(scene: Scene) -> None:
    driver, kibo = scene.driver, scene.sandbox.kibo
    shopper = scene.report.opted_out[0]
    email = scene.email(shopper)
    kibo.opt_in(shopper)
    driver.tab("tab_events")
    driver.click("btn_events_refresh")
    driver.until(lambda: len(driver.rows("tbl_events")) == 1, "the event to be queued")
    row = driver.rows("tbl_events")[0]
    check(str(shopper) in row[1].replace(",", ""), "the Object Id is not the customer's id")
    check(say("Pending") in row[3], "the event is not pending")
    check(email not in scene.members(), "“Refresh” did more than look")
    driver.until(lambda: driver.find(QWidget, "btn_events_refresh").isEnabled(), "the look to end")
    driver.click_cell("tbl_events", 0, 0)
    driver.until(lambda: str(shopper) in driver.text("lbl_event_customer"), "what is known of the event")
    driver.picture("events-pending", "one event, one entry, not yet processed; what is known of it")

    run, _ = scene.cycle()
    check(run.counts.get("added") == 1, f"the event did not add the person: {run.message}")
    driver.click("btn_events_refresh")
    driver.until(lambda: not driver.rows("tbl_events"), "the list to empty")
    driver.until(lambda: driver.find(QWidget, "btn_events_refresh").isEnabled(), "that look to end, too")
    check(email in scene.members(), "the new opt-in is not on the list")
    welcome = [(mail["kind"], mail["to"].lower()) for mail in scene.sandbox.cc.mails()]
    check(welcome == [("welcome", email)], "not exactly one welcome mail went out")
    driver.picture("events-processed", "processed by the scheduled run; one welcome mail")


def _undo(scene: Scene) -> None:
    """What undoing that run would do is shown; nothing is done before somebody says so."""
    driver = scene.driver
    driver.tab("tab_sync_logs")
    driver.click("btn_logs_refresh")
    driver.until(lambda: _newest_events_run(scene) is not None, "the run in the logs")
    driver.click_cell("tbl_logs", _newest_events_run(scene) or 0, 0)
    driver.click("btn_logs_view")
    driver.until(lambda: driver.shown("dlg_run"), "the run's view")
    mark = scene.sandbox.log.mark()
    driver.click("btn_run_undo")
    driver.until(lambda: driver.shown("dlg_preview"), "what the undo would do")
    driver.until(lambda: bool(driver.rows("tbl_preview_people")), "the people")
    check(not scene.sandbox.log.writes(since=mark), "the preview of an undo has written something")
    driver.picture("undo-preview", "whom undoing the run would take off the list; nothing was written")
    driver.close_dialog("dlg_preview")
    driver.close_dialog("dlg_run")


def _newest_events_run(scene: Scene) -> int | None:
    """Return the row of the newest run of events."""
    rows = scene.driver.rows("tbl_logs")
    return next((number for number, row in enumerate(rows) if say("Events") in row), None)


def _unsubscribe(scene: Scene) -> None:
    driver, sandbox = scene.driver, scene.sandbox
    customer = scene.report.ordinary[0]
    email = scene.email(customer)
    before = sandbox.kibo.fingerprint(customer)
    sandbox.cc.unsubscribe(email, "Too many mails")
    _, run = scene.cycle()
    check(run.counts.get("opted_out") == 1, f"the unsubscribe did not come back: {run.message}")
    check(not (sandbox.kibo.customer(customer) or {})["acceptsMarketing"], "Kibo still says opted in")
    check(sandbox.kibo.fingerprint(customer) == before, "more than the opt-in changed in Kibo")

    driver.tab("tab_sync")
    driver.click("btn_from_cc")
    driver.until(lambda: len(driver.rows("tbl_inbound")) >= 3, "the inbound runs")
    driver.until(lambda: say("Completed") in driver.rows("tbl_inbound")[0][0], "the run to be Completed")
    driver.until(lambda: driver.parts.context.monitor.kind is None, "the window to know that it ended")
    driver.picture("sync-from-constant-contact", "the unsubscribe reached Kibo, every other field survived")

    row = driver.rows("tbl_inbound")[0]
    driver.click_cell("tbl_inbound", 0, len(row) - 1)
    driver.until(lambda: driver.shown("dlg_run"), "the run's view")
    driver.until(lambda: bool(driver.rows("tbl_run_people")), "the run's people")
    driver.until(lambda: bool(driver.rows("tbl_run_kinds")), "the run's kinds of change")
    shown = json.dumps(driver.rows("tbl_run_people"))
    check(email in shown, "the person is not named in the run")
    driver.picture("sync-from-view", "the kinds of change and the person behind it")
    driver.close_dialog("dlg_run")
    _find(scene, email)
    every_day(scene, email)


def _find(scene: Scene, email: str) -> None:
    """Why is she not on the list? By a part of her email, as last read and as it is now."""
    driver = scene.driver
    driver.click("btn_find")
    driver.until(lambda: driver.shown("dlg_find_person"), "the search for a person")
    driver.type_into("txt_find_who", email)
    driver.click("btn_find_ask")
    driver.until(lambda: driver.shown("lbl_find_verdict"), "the verdict")
    check(email in driver.text("lbl_find_verdict").lower(), "the verdict is about somebody else")
    driver.until(lambda: bool(driver.rows("tbl_find_timeline")), "the time line")
    verdict = say("{who} is not mailed, and should not be: {reason}").format(who="", reason="").strip(": ")
    check(verdict in driver.text("lbl_find_verdict"), "the verdict is not that she is not mailed")
    mark, read = scene.sandbox.log.mark(), say("Both sides were read {time}.").partition("{")[0]
    driver.click("btn_find_read")
    driver.until(lambda: driver.text("lbl_find_as_of").startswith(read), "both sides")
    driver.until(lambda: bool(driver.rows("tbl_find_timeline")), "the time line of both sides")
    check(not scene.sandbox.log.writes(since=mark), "to read both sides has written something")
    driver.picture("find-person", "why she is not on the list, what both sides show, and what happened")
    driver.close_dialog("dlg_find_person")


def _compare(scene: Scene) -> None:
    """Both sides compared as they are now; nothing is written."""
    driver = scene.driver
    driver.tab("tab_info")
    mark = scene.sandbox.log.mark()
    driver.click("btn_compare")
    driver.until(lambda: driver.shown("dlg_drift"), "the comparison")
    driver.until(lambda: driver.find(QWidget, "btn_drift_again").isEnabled(), "the comparison to end")
    check(driver.text("lbl_drift_state").startswith(say(INTRO)), "it was not compared")
    driver.until(lambda: bool(driver.rows("tbl_drift_kinds")), "the kinds of difference")
    writes = [one for one in scene.sandbox.log.writes(since=mark) if "contact_exports" not in one.path]
    check(not writes, "a comparison has written something")
    driver.click_cell("tbl_drift_kinds", 0, 0)
    driver.until(lambda: bool(driver.rows("tbl_drift_people")), "the people")
    driver.picture(
        "compare-both-sides", "about whom both sides differ, and what it means; nothing was written"
    )
    driver.close_dialog("dlg_drift")


def _quiet(scene: Scene) -> None:
    """Two further cycles with nothing changed write nothing (design R6)."""
    driver = scene.driver
    mark = scene.sandbox.log.mark()
    for _ in range(2):
        scene.cycle()
    writes = scene.sandbox.log.writes(since=mark)
    check(not writes, f"a quiet cycle wrote: {[(one.method, one.path) for one in writes]}")
    driver.tab("tab_sync_logs")
    driver.click("btn_logs_refresh")
    driver.picture("sync-logs-quiet", "two further cycles: no write on either side")


def _held(scene: Scene) -> None:
    """Somebody empties the list by mistake: nobody is opted out before a person has looked at who it is."""
    driver, sandbox = scene.driver, scene.sandbox
    for email in sorted(scene.members()):
        sandbox.cc.staff_remove_from_list(email, scene.list_id)
    _, run = scene.cycle()
    if run.status is not RunStatus.NEEDS_YOU:  # too few for the guard, as with a handful of customers
        check(run.status is RunStatus.COMPLETE, f"the run after the list was emptied: {run.message}")
        return
    people = run.counts["held"]
    held = scene.container.desk.entries(run.id, outcome=Outcome.HELD, limit=people)
    driver.tab("tab_info")
    driver.until(lambda: driver.shown("needs_you"), "Info to say that somebody is needed")
    driver.into_view(driver.find(QWidget, "overall"))  # from further down: else its sentence is cut
    driver.into_view(driver.find(QWidget, "needs_you"))
    driver.picture("info-needs-you", f"{people} opt-outs wait for an answer, nobody was opted out")

    driver.tab("tab_sync_logs")
    driver.click("btn_logs_refresh")
    driver.until(lambda: _asking_row(scene) is not None, "the row to say so, too")
    driver.click_cell("tbl_logs", _asking_row(scene) or 0, 0)
    driver.click("btn_logs_view")
    driver.click("btn_run_review")
    driver.until(lambda: bool(driver.rows("tbl_review")), "the people to be listed")
    driver.picture("review", "who is held, and what they did; to search and to save")
    driver.click("btn_question_no")
    driver.until(lambda: not driver.shown("dlg_confirm_run"), "the review to close")
    driver.close_dialog("dlg_run")
    accounts = [sandbox.kibo.customer(entry.customer_id or 0) or {} for entry in held]
    check(len(accounts) == people, "not everybody who is held is named")
    check(all(one["acceptsMarketing"] for one in accounts), "somebody was opted out without an answer")
    check(_asking_row(scene) is not None, "the question went away unanswered")


def _asking_row(scene: Scene) -> int | None:
    """Return which of the cycle's two runs asks; they come in either order."""
    newest = scene.driver.rows("tbl_logs")[:2]
    return next((number for number, row in enumerate(newest) if row[0] == say("NEEDS YOU")), None)


def _leave(scene: Scene) -> None:
    """Closing the window while the application is enabled says what that means; whoever stays, stays."""
    driver = scene.driver
    driver.parts.window.close()
    driver.until(lambda: driver.shown("dlg_quit"), "the question before leaving")
    driver.picture("quit-question", "nothing is synced while the window is closed, and it says so")
    driver.click("btn_question_no")
    driver.until(lambda: not driver.shown("dlg_quit"), "the question to go away")
    check(driver.parts.window.isVisible(), "the window closed although the answer was “Stay”")


def _needs_you(scene: Scene) -> None:
    """The list is deleted in Constant Contact, and Kibo does not answer: the window says both, and mends one.

    Nothing of it may read as well, nor as a set-up undone (design §5).
    """
    driver, sandbox, watch = scene.driver, scene.sandbox, scene.driver.parts.context.watch
    sandbox.faults.add(Fault("status", service="kibo", status=503, times=99))
    sandbox.cc.delete_list(scene.list_id)
    driver.tab("tab_info")
    driver.click("btn_check")
    waits = say("No answer yet, trying again…")
    driver.until(lambda: driver.text("lbl_checked") == waits, "the wait to be said")
    driver.picture("info-no-answer", "a service that does not answer is not shown as connected")
    driver.until(lambda: driver.shown("card_kibo_try"), "the outage to be shown")
    driver.until(lambda: driver.shown("needs_you"), "the deleted list to be named")
    deleted = say(LIST_DELETED).format(name=LIST_NAME)
    driver.until(lambda: driver.text("lbl_need_0") == deleted, "the deleted list to come first, by its name")
    check(not driver.shown("checklist"), "an outage looks like a set-up undone")
    check(bool(driver.text("card_kibo_summary")), "an outage makes forgotten which shop it is")
    driver.parts.window.go_to("needs")
    driver.picture("info-list-deleted", "the deleted list needs a person; the outage keeps what is known")

    sandbox.faults.clear()
    driver.click("card_kibo_try")
    driver.until(lambda: bool(watch.snapshot and watch.snapshot.kibo_ready), "Kibo to answer again")
    driver.click("btn_need_0")
    driver.until(lambda: driver.shown("btn_settings_save"), "the way to the settings")
    driver.picture("settings-list-gone", "the button leads to the list, which can be chosen or made again")


def _help(scene: Scene) -> None:
    driver = scene.driver
    driver.click("btn_help")
    driver.until(lambda: driver.shown("dlg_help"), "the help")
    driver.picture("help", "what the application does, and the questions people ask")
    driver.close_dialog("dlg_help")
