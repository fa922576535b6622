"""The form of the Kibo connection, and under “Advanced” the addresses of both services."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLineEdit, QVBoxLayout, QWidget

from ccdesk.core.errors import CcdeskError, ConfirmNeeded
from ccdesk.core.ports.shop import ConnectionTest
from ccdesk.core.settings import StoredSettingsError
from ccdesk.gui.components.fields import Field, TextSetting
from ccdesk.gui.components.fold import fold_button
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import GAP, button, disable, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.question import ask
from ccdesk.gui.dialogs.words import other_shop, remove_secret
from ccdesk.gui.tabs.setup_file import SetupFile
from ccdesk.gui.translation import marked, plural, say
from ccdesk.gui.watch import Snapshot
from ccdesk.service.api import ConnectionState, SaveResult

NEEDED_KEYS = ("kibo_home_url", "kibo_tenant_id", "kibo_app_key")
HOMES = {  # docs/api/kibo.md §1
    "https://home.mozu.com": marked("United States"),
    "https://home.euw1.kibocommerce.com": marked("Europe"),
    "https://home.usc1.gcp.kibocommerce.com": marked("United States, on Google's cloud"),
}
ASKING = marked("Asking Kibo…")
FROM_DEV_CENTER = marked("from Dev Center")


class KiboForm(QWidget):
    """Home address, tenant, keys. *Connect* tries them and saves them in one step."""

    saved = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setObjectName("kibo_form")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(GAP)
        self._context = context
        self._snapshot: Snapshot | None = None
        self.notice = Notice("notice_kibo")
        self.setup_file = SetupFile(context, self.notice)
        self._build()
        self._lay_out()
        self._fold(False)

    def _build(self) -> None:
        homes = {address: say(words) for address, words in HOMES.items()}
        home = TextSetting("kibo_home_url", say("Kibo &home address"), choices=homes)
        tenant = TextSetting(
            "kibo_tenant_id", say("Kibo tenant &id"), placeholder=say("for example {id}").format(id=12345)
        )
        app_key = TextSetting("kibo_app_key", say("Application &key"), placeholder=say(FROM_DEV_CENTER))
        pod = TextSetting(
            "kibo_tenant_url",
            say("Kibo tenant address (optional)"),
            placeholder=say("found by the home address"),
        )
        api = TextSetting("cc_api_url", say("Constant Contact API address"))
        auth = TextSetting("cc_auth_url", say("Constant Contact login address"))
        self.main_fields = (home, tenant, app_key)
        self.more_fields = (pod, api, auth)
        self.fields = {field.key: field for field in (*self.main_fields, *self.more_fields)}
        for field in self.fields.values():
            field.edited.connect(self._show_buttons)
        self.secret = QLineEdit()
        self.secret.setObjectName("inp_kibo_secret")
        self.secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.secret.textEdited.connect(self._show_buttons)
        self.secret_field = Field(say("Shared s&ecret"), self.secret)
        self.btn_more = fold_button(say("Ad&vanced"), "btn_kibo_advanced", self._on_more)
        self.btn_remove = button(
            say("&Remove Secret"),
            "btn_kibo_remove_secret",
            self._ask_to_remove,
            link=True,
            tip=say("Remove the shared secret from this computer"),
        )
        tip = say("Try these values without saving them")
        self.btn_test = button(say("Tes&t"), "btn_kibo_test", self._test, tip=tip)
        tip = say("Try these values, and save them if Kibo lets ccdesk in")
        self.btn_save = button(say("&Connect"), "btn_kibo_save", self._connect, primary=True, tip=tip)

    def _lay_out(self) -> None:
        self.body.addLayout(self._grid((*self.main_fields, self.secret_field)))
        self.body.addLayout(
            row(
                self.btn_more,
                self.setup_file.btn_use,
                self.setup_file.btn_write,
                None,
                self.btn_remove,
                spacing=16,
            )
        )
        self.more = QWidget()
        self.more.setObjectName("kibo_advanced")
        more = self._grid(self.more_fields)
        more.setContentsMargins(0, 0, 0, 0)
        self.more.setLayout(more)
        self.body.addWidget(self.more)
        self.body.addWidget(self.notice)
        self.body.addLayout(row(None, self.btn_test, self.btn_save))

    @staticmethod
    def _grid(fields: tuple[Field, ...]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(12)
        for place, field in enumerate(fields):
            grid.addWidget(field, place // 2, place % 2, Qt.AlignmentFlag.AlignTop)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        return grid

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show what is stored, except where somebody is typing."""
        self._snapshot = snapshot
        for key, field in self.fields.items():
            field.show_stored(getattr(snapshot.settings, key), fixed=key in snapshot.fixed)
        stored = snapshot.status.kibo.state is not ConnectionState.NOT_SET_UP
        self.secret.setPlaceholderText(say("stored") if stored else say(FROM_DEV_CENTER))
        self.btn_remove.setVisible(stored)
        self.btn_test.setVisible(stored)
        self.setup_file.btn_write.setVisible(stored)
        self._show_buttons()

    def show_to_mend(self, error: StoredSettingsError) -> None:
        """Show stored values that are not valid as they are: without a snapshot, to be put right here."""
        for key, field in self.fields.items():
            field.show_stored(error.wrong.get(key, getattr(error.others, key)), fixed=False)

    def focus_first_gap(self) -> None:
        """Put the keyboard on the first field that is needed and empty."""
        empty = [self.fields[key].line for key in NEEDED_KEYS if not self.fields[key].value]
        (empty or [self.fields["kibo_home_url"].line])[0].setFocus()

    @property
    def has_changes(self) -> bool:
        """Say whether something is not saved."""
        return bool(self._changed() or self.secret.text())

    def _changed(self) -> dict[str, str]:
        return {key: field.value for key, field in self.fields.items() if field.is_changed}

    @Slot()
    def _show_buttons(self) -> None:
        self.btn_save.setEnabled(self.has_changes)

    @Slot()
    def _on_more(self) -> None:
        self._fold(self.btn_more.is_open)

    def _fold(self, is_open: bool) -> None:
        self.btn_more.show_open(is_open)
        self.more.setVisible(is_open)

    def _is_valid(self) -> bool:
        invalid = [field for field in self.fields.values() if not field.is_valid()]
        if invalid:
            self._fold(self.btn_more.is_open or any(field in self.more_fields for field in invalid))
            invalid[0].line.setFocus()
        return not invalid

    @Slot()
    def _test(self) -> None:
        if not self._is_valid():
            return
        values = {key: field.value for key, field in self.fields.items() if key.startswith("kibo_")}
        secret, desk = self.secret.text(), self._context.desk
        self.notice.show_text(Tone.NEUTRAL, say(ASKING))
        self._context.tasks.run(
            self,
            lambda: desk.test_kibo(values, secret),
            done=self._on_tested,
            failed=self._on_failed,
            key="test",
        )

    def _on_tested(self, tested: ConnectionTest) -> None:
        tenant = tested.tenant
        sites = plural("{n} sites", "{n} site", len(tenant.site_ids)) if tenant.site_ids else ""
        named = say("tenant {id}").format(id=tenant.id)
        self.notice.clear()
        self._context.news.tell(
            say("Kibo answers: {summary}").format(summary=say(tested.summary)),
            " · ".join(part for part in (named, sites, tenant.host) if part),
        )

    @Slot()
    def _connect(self) -> None:
        """Try the values and save them, in one step; values Kibo does not know are not saved."""
        if not self._is_valid():
            return
        if not (self.secret.text() or any(key.startswith("kibo_") for key in self._changed())):
            self._save()  # only addresses of Constant Contact
            return
        if not self._is_complete():
            return
        values = {key: field.value for key, field in self.fields.items() if key.startswith("kibo_")}
        secret, desk = self.secret.text(), self._context.desk
        self.notice.show_text(Tone.NEUTRAL, say(ASKING))
        disable(self.btn_save, self.fields["kibo_home_url"].line)
        self._context.tasks.run(
            self,
            lambda: desk.test_kibo(values, secret),
            done=self._on_lets_in,
            failed=self._on_refused,
            key="test",
        )

    def _is_complete(self) -> bool:
        """Say what is missing at the field where it goes."""
        empty = [self.fields[key] for key in NEEDED_KEYS if not self.fields[key].value]
        for field in empty:
            field.show_problem(say("This is needed."))
        if empty:
            empty[0].line.setFocus()
        return not empty

    def _on_lets_in(self, tested: ConnectionTest) -> None:
        self._on_tested(tested)
        self._save()

    def _on_refused(self, error: CcdeskError) -> None:
        self._show_buttons()
        self.notice.show_error(error, say("Save &Anyway"), self._save)

    def _save(self) -> None:
        self._save_now(confirmed=False)

    def _save_now(self, *, confirmed: bool) -> None:
        values, secret, desk = self._changed(), self.secret.text(), self._context.desk
        disable(self.btn_save, self.fields["kibo_home_url"].line)
        self._context.tasks.run(
            self,
            lambda: desk.save_settings(values, kibo_secret=secret or None, confirmed=confirmed),
            done=self._on_saved,
            failed=self._on_save_failed,
            key="save",
        )

    def _on_save_failed(self, error: CcdeskError) -> None:
        if isinstance(error, ConfirmNeeded):
            self._show_buttons()
            ask(other_shop(error), self.window(), yes=lambda: self._save_now(confirmed=True))
        else:
            self._on_failed(error)

    @Slot()
    def _ask_to_remove(self) -> None:
        ask(remove_secret(), self.window(), yes=self._remove_secret)

    @Slot()
    def _remove_secret(self) -> None:
        desk = self._context.desk
        self._context.tasks.run(
            self,
            lambda: desk.save_settings({}, kibo_secret=""),
            done=self._on_removed,
            failed=self._on_failed,
            key="save",
        )

    def _on_removed(self, result: SaveResult) -> None:
        notes = " ".join(say(note) for note in result.notes)
        self.notice.show_text(Tone.NEUTRAL, say("The shared secret is removed"), notes)
        self._context.monitor.wake()
        self._context.watch.check()

    def _on_saved(self, result: SaveResult) -> None:
        for field in self.fields.values():
            field.mark_stored()
        self.secret.clear()
        self._show_buttons()
        self.notice.clear()
        if result.notes:  # more than a confirmation: it stays until it is read
            notes = " ".join(say(note) for note in result.notes)
            self.notice.show_text(Tone.NEUTRAL, say("Saved"), notes)
        self._context.monitor.wake()
        self._context.watch.check()
        self.saved.emit()

    def _on_failed(self, error: CcdeskError) -> None:
        self._show_buttons()
        self.notice.show_error(error)
