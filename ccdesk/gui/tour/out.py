"""First half of the tour: log in, settings, the first export and its errors."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractButton, QComboBox

from ccdesk.core.runs import RunKind, RunStatus
from ccdesk.gui.tour.driver import check
from ccdesk.gui.tour.scene import LIST_NAME, Scene
from ccdesk.gui.translation import number, say


def log_in(scene: Scene) -> None:
    """Seed: Enable Constant Contact Access."""
    driver = scene.driver
    driver.tab("tab_info")
    driver.until(lambda: driver.shown("btn_login"), "the login button")
    check(not scene.sandbox.log.all(service="cc"), "Constant Contact was called before anybody logged in")
    driver.picture("info-first-start", "set up, nobody logged in, Constant Contact not called")

    driver.click("btn_login")
    driver.until(lambda: bool(scene.browser.address), "the browser to be opened")
    check("code_challenge_method=S256" in scene.browser.address, "the login address has no PKCE challenge")
    driver.picture("info-waiting-for-browser", "the browser was opened on the login page, with PKCE")

    scene.browser.walk()
    driver.until(lambda: driver.shown("card_first_list"), "the window to be logged in")
    desk = scene.container.desk
    driver.until(lambda: bool(desk.status(live=False).constant_contact.name), "the account's name")
    watch = driver.parts.context.watch
    driver.until(lambda: bool(watch.snapshot and watch.snapshot.logged_in), "the window to know the login")
    status = desk.status(live=False)
    tokens = [one for one in scene.sandbox.log.all(service="auth", path="token") if one.status == 200]
    check(len(tokens) == 1, "the code was not exchanged exactly once")
    driver.until(lambda: driver.find(QAbstractButton, "btn_first_list").isEnabled(), "the lists to be read")
    driver.picture("info-logged-in", f"logged in to {status.constant_contact.name}, one token exchange")
    _cards(scene)


def _cards(scene: Scene) -> None:
    """The cards of the first day that a demo has behind it: the Kibo form, and the way to an API key."""
    driver = scene.driver
    driver.click("btn_step_kibo")
    driver.picture("first-day-kibo", "the first card: Connect tries the values, and saves them")
    driver.click("btn_step_login")
    driver.click("btn_portal_fold")
    driver.picture("first-day-portal", "the way to an API key, with the redirect addresses to copy")
    driver.click("btn_portal_fold")


def settings(scene: Scene) -> None:
    """Seed: Configure Your Contact List and Welcome Email Settings."""
    driver, cc = scene.driver, scene.sandbox.cc
    driver.tab("tab_settings")
    driver.until(
        lambda: driver.find(QComboBox, "cmb_contact_list").count() >= 2, "the account's lists to be offered"
    )
    driver.picture("settings-empty", "the account's lists and confirmed addresses were read")

    driver.type_into("cmb_contact_list", LIST_NAME)
    senders = scene.container.desk.senders()
    driver.choose("cmb_from_email", senders[0])
    driver.click("chk_welcome")
    driver.picture("settings-filled", "a new list name, a confirmed sender, welcome email on")

    driver.click("btn_settings_save")
    driver.until(
        lambda: scene.container.desk.settings().contact_list == LIST_NAME, "the settings to be saved"
    )
    check(cc.list_id(LIST_NAME) is not None, "the new list was not created")
    check(cc.members(scene.list_id) == [], "the new list is not empty")
    created = [one for one in scene.sandbox.log.all(service="cc", method="POST") if one.status == 201]
    check(len(created) == 1, "more than the list was created")
    driver.picture("settings-saved", "the list was created once and is empty")
    _draft(scene)


def _draft(scene: Scene) -> None:
    """Make a campaign draft with the sender just saved; it opens in the browser, and nothing is sent."""
    driver, cc = scene.driver, scene.sandbox.cc
    scene.browser.address = ""
    driver.until(lambda: driver.shown("toast_close"), "what was saved to be said")
    driver.click("toast_close")
    driver.click("btn_campaign_draft")
    driver.until(lambda: driver.shown("notice_campaign_draft"), "the draft to be told of")
    check(driver.text("notice_campaign_draft_title") == say("Draft made"), "no draft was made")
    drafts = cc.drafts()
    check(len(drafts) == 1, "not exactly one draft was made")
    email = drafts[0]["activity"]
    check(email["contact_list_ids"] == [scene.list_id], "the draft is not for the active list")
    sender = scene.container.desk.settings().from_email
    check(email["from_email"] == email["reply_to_email"] == sender, "the draft has another sender")
    check(email["campaign_activity_id"] in scene.browser.address, "the draft was not opened in the browser")
    check(not cc.mails(), "making a draft has sent mail")
    driver.picture("settings-draft", "one draft for the list, with the sender; opened, nothing sent")


def first_export(scene: Scene) -> None:
    """Seed: Export Your Kibo eCommerce Contacts to Constant Contact."""
    driver, sandbox = scene.driver, scene.sandbox
    scene.foreign_before = [scene.fields_of(email) for email in scene.report.foreign]
    driver.tab("tab_sync")
    driver.click("btn_to_cc")
    driver.until(lambda: LIST_NAME in driver.text("lbl_sync_facts"), "the tab to know the new list")
    driver.picture("sync-to-constant-contact", "nothing exported yet")
    previewed = _preview(scene)
    _first_card(scene, previewed)

    driver.click("btn_sync_contacts")
    driver.until(lambda: driver.shown("dlg_first_export"), "the question before the first export")
    driver.picture("sync-first-export-question", "list-join automations are warned of")
    driver.click("btn_question_yes")
    driver.until(lambda: driver.shown("bar_sync") or scene.last_id(RunKind.EXPORT) > 0, "the export to start")
    driver.until(lambda: _got_on(scene), "the export to say how far it is")
    driver.picture("sync-running", "the job starts running immediately")

    driver.tab("tab_sync_logs")
    driver.click("btn_logs_refresh")
    driver.until(lambda: len(driver.rows("tbl_logs")) == 1, "the job to appear in the log")
    driver.picture("sync-logs-running", "the job is in the list")
    run = scene.wait_for_run(RunKind.EXPORT, 0)
    driver.click("btn_logs_refresh")
    driver.until(lambda: say("COMPLETE") in driver.rows("tbl_logs")[0][0], "the job to be COMPLETE")

    check(run.status is RunStatus.COMPLETE, f"the export ended as {run.status.value}: {run.message}")
    check(run.total_contacts == scene.report.opted_in, "not every opted-in customer was read")
    done = sum(run.counts.get(name, 0) for name in ("added", "updated", "unchanged", "skipped"))
    check(done + run.error_count == run.total_contacts, "the figures do not add up")
    bad = len(scene.report.malformed) + len(scene.report.too_long_email)
    check(previewed == run.counts["added"], f"{previewed} people in the preview, {run.counts['added']} added")
    check(run.error_count == bad, f"{run.error_count} errors instead of {bad}")
    members = scene.members()
    ordinary = {scene.email(customer) for customer in scene.report.ordinary}
    check(ordinary <= members, "ordinary customers are missing on the list")
    for what in ("unsubscribed", "deleted", "pending", "on_hold"):
        stray = {email.lower() for email in getattr(scene.report, what)} & members
        check(not stray, f"somebody who is {what} is on the list")
    check(not sandbox.cc.mails(), "the export sent mail")
    check(
        [scene.fields_of(email) for email in scene.report.foreign] == scene.foreign_before,
        "a contact from another source was overwritten",
    )
    driver.picture(
        "sync-logs-complete",
        f"{run.total_contacts} customers, {run.counts['added']} added, {run.error_count} errors, no mail",
    )

    _errors(scene, bad)
    driver.tab("tab_sync")
    driver.until(lambda: driver.shown("steps_last_export"), "the steps of the export")
    driver.picture("sync-exported", "the last export, and the steps it went through")


def _preview(scene: Scene) -> int:
    """See what the export would do, with nothing written; returns how many people it would export."""
    driver = scene.driver
    mark = scene.sandbox.log.mark()
    driver.click("btn_sync_preview")
    driver.until(lambda: driver.shown("dlg_preview"), "the preview")
    driver.until(lambda: bool(driver.rows("tbl_preview_people")), "the people of the preview")
    driver.until(lambda: bool(driver.rows("tbl_preview_kinds")), "the kinds of change of the preview")
    check(not scene.sandbox.log.writes(since=mark), "a preview has written something")
    check(scene.members() == set(), "a preview has put somebody on the list")
    words = driver.find(QAbstractButton, "btn_preview_export").text()
    driver.picture("sync-preview", "the figures and people of the export, and nothing was written")
    driver.close_dialog("dlg_preview")
    return int("".join(sign for sign in words if sign.isdigit()) or 0)


def _first_card(scene: Scene, previewed: int) -> None:
    """The same preview on the first day's card: figures that open, and the warning of automations."""
    driver = scene.driver
    driver.tab("tab_info")
    driver.click("btn_step_export")
    driver.click("btn_first_preview")
    driver.until(lambda: driver.shown("btn_first_export"), "the figures of the preview")
    words = driver.find(QAbstractButton, "btn_first_export").text()
    check(number(previewed) in words, f"the first day's card says “{words}” instead of {previewed}")
    driver.picture("first-day-export", "who would be added, each figure opens; automations are warned of")
    driver.tab("tab_sync")


def _errors(scene: Scene, bad: int) -> None:
    driver = scene.driver
    row = driver.rows("tbl_logs")[0]
    driver.click_cell("tbl_logs", 0, len(row) - 1)
    driver.until(lambda: driver.shown("dlg_errors"), "the error messages to open")
    driver.until(lambda: len(driver.rows("tbl_errors")) == bad, "every error to be listed")
    listed = " ".join(" ".join(cells) for cells in driver.rows("tbl_errors"))
    for customer in (*scene.report.malformed, *scene.report.too_long_email):
        check(str(customer) in listed.replace(",", ""), f"customer {customer} is not named in the errors")
    driver.picture("sync-logs-errors", "each malformed address names its customer")
    driver.close_dialog("dlg_errors")


def _got_on(scene: Scene) -> bool:
    """Say whether the tab tells people of the run, or the run has ended before anybody could look."""
    run = scene.last_run(RunKind.EXPORT)
    over = run is not None and run.finished_at is not None
    return over or " sent" in scene.driver.text("lbl_sync_detail")
