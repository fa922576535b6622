"""Find a person: are they on the list or not, why, and what happened on both sides (design §8, `why`)."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from PySide6.QtCore import QStringListModel, Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QCompleter,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QVBoxLayout,
    QWidget,
)

from ccdesk.core.errors import CcdeskError
from ccdesk.core.why import FoundPerson, Why
from ccdesk.gui import formats
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.table_models import Column, PagedModel, of_rows
from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import SELECTABLE, Badge, Card, button, disable, label, plain_tip, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.named_people import NamedPeople
from ccdesk.gui.translation import marked, say
from ccdesk.service import why_words

HINT = marked("Type an email, a part of it, a customer id of Kibo, or a name.")
READING = marked("Reading both sides…")
NOTHING_KEPT = (
    marked("Nothing happened yet"),
    marked("Nothing was stated about this person, and no run has named them."),
)
SUGGESTIONS = 12
COLUMNS = (
    Column("at", marked("When"), lambda one: formats.long_date(one.latest), width=26),
    Column(
        "what",
        marked("What happened"),
        lambda one: say(why_words.what_happened(one, formats.long_date, formats.day_in_sentence)),
    ),
)


def find_person(context: Context, parent: QWidget, who: str = "", *, live: bool = False) -> None:
    """Show the search, and the answer about `who` if somebody is named; one that is open is used again.

    `live`: both sides are read at once, where what is remembered would contradict what has just been shown.
    """
    found = parent.findChild(FindPersonDialog, options=Qt.FindChildOption.FindDirectChildrenOnly)
    shown = found if found is not None and found.isVisible() else FindPersonDialog(context, parent)
    shown.show()
    shown.raise_()
    shown.activateWindow()
    shown.begin(who, live=live)


class FindPersonDialog(QDialog):
    """Asks for a person and shows the verdict, both sides, what is next and the time line, newest first.

    It stays beside the window and stops no other work.
    """

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._asked = self._shown = ""  # whom the question, and the answer shown, is about
        self._remembered = ""  # for which moments the answer shown is known
        self._cancel = threading.Event()
        self.setObjectName("dlg_find_person")
        self.setWindowTitle(say("Find a person"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self.resize(820, 560)
        self._build_search()
        self._build_answer()
        self._lay_out()
        self._show_nobody()
        self.finished.connect(self._on_finished)

    # building

    def _build_search(self) -> None:
        self.txt_who = QLineEdit()
        self.txt_who.setObjectName("txt_find_who")
        self.txt_who.setAccessibleName(say("Person"))
        self.txt_who.setPlaceholderText(say("Email, customer id, or name"))
        self._names = QStringListModel(self)
        self.completer = QCompleter(self._names, self)
        self.completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._popup = QListView()
        self._popup.setObjectName("completions")
        self.completer.setPopup(self._popup)
        self.txt_who.setCompleter(self.completer)
        self.completer.activated.connect(self.begin)
        self.txt_who.textEdited.connect(self._on_edited)
        self.txt_who.returnPressed.connect(self._on_ask)
        self.btn_ask = button(say("&Find"), "btn_find_ask", self._on_ask, primary=True)

    def _build_answer(self) -> None:
        self.lbl_hint = label(say(HINT), "muted", name="lbl_find_hint")
        self.badge = Badge()
        self.badge.setObjectName("badge_find")
        self.lbl_verdict = label(name="lbl_find_verdict", role="title")
        self.lbl_rule = label(role="muted", name="lbl_find_rule")
        self.lbl_shop = label(name="lbl_find_shop")
        self.lbl_mail = label(name="lbl_find_mail")
        self.lbl_next = label(name="lbl_find_next")
        self.lbl_as_of = label(role="muted", name="lbl_find_as_of")
        for one in (self.lbl_verdict, self.lbl_rule, self.lbl_shop, self.lbl_mail, self.lbl_next):
            one.setTextInteractionFlags(SELECTABLE)
        self.notice = Notice("notice_find")
        self.named = NamedPeople(self._context)
        self.named.chosen.connect(self.begin)
        self.named.failed.connect(self.notice.show_error)
        self.timeline = PagedModel(self._context.tasks, COLUMNS, None, self)
        self.table = PagedTable("tbl_find_timeline", self.timeline, NOTHING_KEPT)
        self.table.setAccessibleName(say("What happened, newest first"))
        self.table.show_whole_texts()
        self.btn_read = button(say("&Read Now"), "btn_find_read", self._on_read, icon="refresh")
        self.btn_read.setToolTip(say("Ask Kibo and Constant Contact now; nothing is written"))
        self.btn_close = button(say("C&lose"), "btn_find_close", self.reject)

    def _lay_out(self) -> None:
        who = QLabel(say("&Person"))
        who.setBuddy(self.txt_who)
        self.answer = QWidget()
        answer = QVBoxLayout(self.answer)
        answer.setContentsMargins(0, 0, 0, 0)
        answer.setSpacing(10)
        answer.addLayout(row(self.badge, None))
        answer.addWidget(self.lbl_verdict)
        answer.addWidget(self.lbl_rule)
        sides = QHBoxLayout()
        for title, shown in (("Kibo", self.lbl_shop), ("Constant Contact", self.lbl_mail)):
            card = Card(title)
            card.body.addWidget(shown)
            card.body.addStretch(1)
            sides.addWidget(card, 1)
        answer.addLayout(sides)
        answer.addWidget(self.lbl_next)
        answer.addLayout(row(label(say("What happened, newest first"), "label", wrap=False), None))
        answer.addWidget(self.table, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(10)
        layout.addLayout(row(who, self.txt_who, self.btn_ask))
        layout.addWidget(self.lbl_hint)
        layout.addWidget(self.notice)
        layout.addWidget(self.named)
        layout.addWidget(self.lbl_as_of)
        layout.addWidget(self.answer, 1)
        layout.addStretch(0)
        layout.addLayout(row(self.btn_read, None, self.btn_close))

    # asking

    @Slot(str)
    def begin(self, who: str = "", *, live: bool = False) -> None:
        """Answer about a person, with both sides read now if `live`, or wait for somebody to be named."""
        if who.strip():
            self.txt_who.setText(who.strip())
            self._asked = who.strip()
            self._ask(live=live)
            return
        self.txt_who.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.txt_who.selectAll()

    @Slot()
    def _on_ask(self) -> None:
        self.begin(self.txt_who.text())

    @Slot()
    def _on_read(self) -> None:
        self._ask(live=True)

    def _ask(self, *, live: bool = False) -> None:
        who = self._asked if live else self.txt_who.text().strip()
        self._asked = who
        self._cancel.set()  # what is being read is asked for no more
        cancel = self._cancel = threading.Event()
        self._context.tasks.drop(self, "suggest")
        self._popup.hide()
        self.notice.clear()
        self.named.withdraw()
        self.lbl_as_of.show()
        disable(self.btn_read, self.txt_who)
        self.lbl_as_of.setText(say(READING) if live else "")
        desk = self._context.desk
        self._context.tasks.run(
            self,
            lambda: desk.why(who, live=live, cancel=cancel),
            done=self._show,
            failed=self._on_failed,
            key="why",
            cancel=cancel,
        )

    @Slot(str)
    def _on_edited(self, text: str) -> None:
        text = text.strip()
        if self.named.isVisible():
            self.named.offer(text)  # “this name” is the one that stands there
        if not text:
            self._context.tasks.drop(self, "suggest")
            return
        desk = self._context.desk
        self._context.tasks.run(
            self,
            lambda: desk.find_people(text, SUGGESTIONS),
            done=partial(self._suggest, text),
            failed=self.notice.show_error,
            key="suggest",
        )

    def _suggest(self, text: str, people: Sequence[FoundPerson]) -> None:
        """Offer people while somebody types; one whose email was forgotten by the customer id."""
        if self.txt_who.text().strip() != text:
            return
        names = [one.email or str(next(iter(one.customer_ids), "")) for one in people]
        self._names.setStringList([name for name in names if name])
        if self._names.stringList() and self.txt_who.hasFocus():
            self.completer.complete()
        else:
            self._popup.hide()

    # answering

    def _show_nobody(self) -> None:
        self.lbl_hint.show()
        self.answer.hide()
        self.btn_read.setEnabled(False)
        self.lbl_as_of.setText("")

    def _show(self, found: Why) -> None:
        self._shown = self._asked
        self.lbl_hint.hide()
        self.answer.show()
        self.lbl_verdict.setText(say(why_words.headline(found, self._asked)))
        self.lbl_rule.setText(say(why_words.rule_sentence(found)) if found.known else "")
        self.lbl_rule.setToolTip(plain_tip(say(why_words.rule_name(found))) if found.known else "")
        self.lbl_rule.setVisible(found.known)
        self._show_badge(found)
        if not found.known:
            self.named.offer(self._asked)  # an answer about nobody would only be in the way of it
            self.answer.setVisible(self.named.isHidden())
        shop = [why_words.shop_line(found, _when), *why_words.account_lines(found, _when)]
        mail = [why_words.mail_line(found, _when), why_words.contact_line(found)]
        self.lbl_shop.setText(_sentences([*map(say, shop), _read(found.shop.read_at)]))
        self.lbl_mail.setText(_sentences([*map(say, mail), _read(found.mail.read_at)]))
        step = say(why_words.next_line(found, _when))
        self.lbl_next.setText(say("Next: {step}").format(step=step))
        self.timeline.show_source(of_rows(found.timeline[::-1]))
        self._remembered = "" if found.live else say(why_words.as_of_line(found, _when))
        read = say("Both sides were read {time}.").format(time=_when(_read_at(found)))
        self.lbl_as_of.setText(self._remembered or read)
        self.lbl_as_of.setVisible(self.named.isHidden())
        self.btn_read.setEnabled(True)

    def _show_badge(self, found: Why) -> None:
        if not found.known:
            self.badge.show_state(say("Not known"), "circle", Tone.NEUTRAL)
        elif found.mail.on_list is None:  # nothing is in step that was never read
            self.badge.show_state(say("Not compared yet"), "circle", Tone.NEUTRAL)
        elif found.verdict.in_step:
            words = say("In step") if found.live else say("In step when last read")
            self.badge.show_state(words, "check-circle", Tone.GOOD)
        elif why_words.only_waits(found):
            self.badge.show_state(say("A change waits"), "warning", Tone.WARNING)
        else:
            self.badge.show_state(say("Both sides differ"), "warning", Tone.WARNING)

    def _on_failed(self, error: CcdeskError) -> None:
        """Say why there is no answer; one about the same person that is shown already stays."""
        if self._asked != self._shown:
            self._show_nobody()
        else:
            self.lbl_as_of.setText(self._remembered)
            self.btn_read.setEnabled(True)
        self.notice.show_error(error)
        QTimer.singleShot(0, self, self._make_room)

    @Slot()
    def _make_room(self) -> None:
        """Grow for a message above the answer, whose last lines would be cut."""
        layout = self.layout()
        if layout is not None and layout.hasHeightForWidth():
            wanted = layout.totalHeightForWidth(self.width())
            self.resize(self.width(), max(self.height(), min(wanted, self.screen().availableSize().height())))

    @Slot(int)
    def _on_finished(self, _result: int) -> None:
        self._cancel.set()
        self.named.withdraw()


def _when(at: datetime) -> str:
    return formats.in_sentence(at)


def _read(at: datetime | None) -> str:
    return say("read {time}").format(time=_when(at)) if at else ""


def _read_at(found: Why) -> datetime:
    known = [at for at in (found.shop.read_at, found.mail.read_at) if at is not None]
    return min(known) if known else datetime.now().astimezone()


def _sentences(lines: Sequence[str]) -> str:
    return "\n".join(f"{line[:1].upper()}{line[1:]}" for line in lines if line)
