"""The Info tab's cards below the connections: the Enabled switch, and the calls used today."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Signal, Slot

from ccdesk.core.errors import CcdeskError
from ccdesk.gui import formats
from ccdesk.gui.components.fields import FIXED
from ccdesk.gui.components.gauge import Gauge
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import Badge, Card, Switch, button, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.standing import is_well
from ccdesk.gui.translation import marked, number, say
from ccdesk.gui.tray import resume
from ccdesk.gui.watch import Snapshot
from ccdesk.service.setup import Step, in_words, missing, not_ready

EXPLAIN = marked(
    "While enabled, customer changes go to Constant Contact, and opt-outs come back from there, every 30 "
    "minutes. While this is off, nothing syncs on its own. You can still export by hand on the Sync tab."
)
PAUSED = marked(
    "You paused it until {time}: until then nothing syncs automatically. What you start by hand is done."
)
KIBO_OFF = marked(
    "Kibo reports that the application is switched off there, so the loops pause until it is on again."
)


class EnabledCard(Card):
    """The switch of design R9."""

    failed = Signal(object)  # CcdeskError

    def __init__(self, context: Context) -> None:
        super().__init__(name=say("Automatic sync"))
        self._context = context
        self.switch = Switch(say("Enabled"))
        self.switch.setObjectName("chk_enabled")
        self.switch.setAccessibleName(say("Enabled"))
        self.switch.setAccessibleDescription(say(EXPLAIN))
        self.switch.setEnabled(False)
        self.switch.clicked.connect(self._on_clicked)
        self.badge = Badge()
        self.badge.setObjectName("enabled_state")
        self.pause = label(say(KIBO_OFF), "problem", name="lbl_kibo_off")
        self.pause.hide()
        self.lbl_paused = label(role="warning", name="lbl_paused")
        self.btn_resume = button(say("&Resume"), "btn_resume", lambda: resume(context, self))
        self._missing: tuple[Step, ...] = ()
        self.missing = label(role="warning", name="lbl_enable_missing")
        self.missing.hide()
        self.body.addLayout(row(self.switch, None, self.badge))
        self.body.addWidget(label(say(EXPLAIN), "muted"))
        pause = row(self.lbl_paused, self.btn_resume)
        pause.setStretch(0, 1)
        self.body.addLayout(pause)
        self.body.addWidget(self.missing)
        self.body.addWidget(self.pause)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show whether the loops run."""
        on = snapshot.status.enabled
        fixed = "enabled" in snapshot.fixed
        self.switch.setChecked(on)
        self.switch.setEnabled(not fixed)
        self.switch.setToolTip(say(FIXED) if fixed else "")
        self._show_missing(snapshot)
        off_in_kibo = on and snapshot.status.kibo_app is False
        until = snapshot.status.paused_until if on else None
        self.pause.setVisible(off_in_kibo)
        self._show_pause(until)
        if off_in_kibo or until is not None:
            self.badge.show_state(say("Paused"), "parked", Tone.WARNING)
        elif on and not is_well(snapshot):
            self.badge.show_state(say("On, held up"), "warning", Tone.WARNING)
        elif on:
            self.badge.show_state(say("On"), "check-circle", Tone.GOOD)
        else:
            self.badge.show_state(say("Off"), "stopped", Tone.NEUTRAL)

    def _show_pause(self, until: datetime | None) -> None:
        """Show that a person has paused it, and the way out."""
        for part in (self.lbl_paused, self.btn_resume):
            part.setVisible(until is not None)
        if until is not None:
            self.lbl_paused.setText(say(PAUSED).format(time=formats.short_time(until)))

    def _show_missing(self, snapshot: Snapshot) -> None:
        """Say what has to be set up first. The switch can still be reached, so that who tries it is told."""
        status = snapshot.status
        self._missing = missing(snapshot.settings, status.kibo, status.constant_contact)
        words = (
            say("To turn this on, first {steps}.").format(steps=say(in_words(self._missing)))
            if self._missing
            else ""
        )
        self.missing.setText(words)
        self.missing.setVisible(bool(words) and not status.enabled)
        self.switch.setAccessibleDescription(f"{say(EXPLAIN)} {words}".strip())

    @Slot(bool)
    def _on_clicked(self, on: bool) -> None:
        if on and self._missing:
            self.switch.setChecked(False)
            self.failed.emit(not_ready(self._missing))
            return
        desk = self._context.desk
        self._had_focus = self.switch.hasFocus()
        self.switch.setEnabled(False)
        self._context.tasks.run(
            self, lambda: desk.set_enabled(on), done=self._on_set, failed=self._on_failed, key="enabled"
        )

    def _on_set(self, _: object) -> None:
        self._free_switch()
        self._context.monitor.wake()
        self._context.watch.refresh()

    def _free_switch(self) -> None:
        self.switch.setEnabled(True)
        if self._had_focus:
            self.switch.setFocus()

    def _on_failed(self, error: CcdeskError) -> None:
        self._free_switch()
        self.switch.setChecked(not self.switch.isChecked())
        self.failed.emit(error)


ONLY_RESERVE = marked(
    "What is left is reserved for unsubscribes. Everything else waits until the reset, then continues."
)
ORIGINS = {
    "export": marked("exports"),
    "loops": marked("automatic sync"),
    "window": marked("this window"),
    "drift": marked("comparisons"),
}


class CallsCard(Card):
    """Calls to Constant Contact used today, by origin."""

    def __init__(self) -> None:
        super().__init__(say("Calls to Constant Contact today"))
        self.used = label(name="lbl_calls")
        self.bar = Gauge("bar_calls")
        self.bar.setAccessibleName(say("Calls used today"))
        self.origins = label(role="muted", name="lbl_call_origins")
        for part in (self.used, self.bar, self.origins):
            self.body.addWidget(part)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show the count."""
        calls = snapshot.status.calls
        self.used.setText(
            say(
                "{used} of {limit} used, {left} left · resets at {time} · "
                "{reserved} reserved for unsubscribes"
            ).format(
                used=number(calls.used),
                limit=number(calls.limit),
                left=number(calls.left),
                reserved=number(calls.reserved),
                time=formats.short_time(calls.resets_at),
            )
        )
        nearly = calls.left <= calls.reserved
        self.bar.show_part(calls.used / max(1, calls.limit), "warning" if nearly else "")
        by_origin = sorted(calls.by_origin.items(), key=lambda item: -item[1])
        parts = [f"{say(ORIGINS.get(name, name))} {number(used)}" for name, used in by_origin if used]
        by = " · ".join(parts)
        by = by[:1].upper() + by[1:]
        self.origins.setText("\n".join(part for part in (by, say(ONLY_RESERVE) if nearly else "") if part))
        self.origins.setVisible(bool(self.origins.text()))
