"""The tour's look at an ordinary day: is everything all right, what happened since, and who is behind it."""

from __future__ import annotations

from datetime import timedelta

from PySide6.QtWidgets import QLineEdit

from ccdesk.core.runs import RunKind
from ccdesk.gui.tour.driver import check
from ccdesk.gui.tour.scene import Scene
from ccdesk.gui.translation import say


def every_day(scene: Scene, email: str) -> None:
    """Look at Info as somebody who comes back, and find the runs of one person."""
    driver, context = scene.driver, scene.driver.parts.context
    export = scene.last_run(RunKind.EXPORT)
    assert export is not None
    context.last_look.since = export.started_at - timedelta(minutes=1)
    driver.tab("tab_sync")
    driver.tab("tab_info")
    driver.until(lambda: driver.shown("btn_since_opted_out"), "what happened since the last look")
    driver.until(
        lambda: driver.text("lbl_overall") == say("Everything is in step"), "everything to be in step"
    )
    driver.picture("info-in-step", "one sentence, what happened since, and thirty days as a picture")
    driver.click("btn_since_opted_out")
    driver.until(lambda: bool(driver.rows("tbl_people_since")), "the people behind the figure")
    named = [row[0].lower() for row in driver.rows("tbl_people_since")]
    check(email in named, "who unsubscribed is not among those who opted out since")
    driver.picture("people-since", "each number opens its people, and from there why")
    driver.close_dialog("dlg_people_since")

    driver.tab("tab_sync_logs")
    driver.type_into("inp_logs_search", email)
    quiet = len(scene.container.desk.runs())
    driver.until(lambda: 0 < len(driver.rows("tbl_logs")) < quiet, "the runs of one person")
    driver.picture("sync-logs-search", "only the runs in which this person was")
    driver.find(QLineEdit, "inp_logs_search").clear()
    driver.until(lambda: len(driver.rows("tbl_logs")) > 1, "the other runs")
