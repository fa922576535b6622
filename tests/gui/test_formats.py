from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ccdesk.core.clock import ordinal, spoken_date
from ccdesk.core.errors import Cancelled, QuotaUsedUp
from ccdesk.core.runs import Progress, Run, RunKind, RunStatus, Trigger
from ccdesk.gui import formats
from ccdesk.gui.translation import number, speak

CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2015, 12, 16, 11, 15, tzinfo=UTC), "December 16th 2015, 11:15:00 am"),
        (datetime(2015, 12, 16, 9, 45, 2, tzinfo=UTC), "December 16th 2015, 9:45:02 am"),
        (datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC), "January 1st 2026, 12:00:05 am"),
        (datetime(2026, 2, 2, 12, 0, 0, tzinfo=UTC), "February 2nd 2026, 12:00:00 pm"),
        (datetime(2026, 3, 3, 23, 59, 59, tzinfo=UTC), "March 3rd 2026, 11:59:59 pm"),
        (datetime(2026, 5, 21, 1, 1, 1, tzinfo=UTC), "May 21st 2026, 1:01:01 am"),
        (datetime(2026, 5, 22, 13, 1, 1, tzinfo=UTC), "May 22nd 2026, 1:01:01 pm"),
        (datetime(2026, 5, 23, 13, 1, 1), "May 23rd 2026, 1:01:01 pm"),
    ],
)
def test_long_dates_read_as_in_the_seed(moment, words):
    assert formats.long_date(moment) == words


def test_dates_are_local():
    moment = datetime(2015, 12, 16, 3, 15, tzinfo=UTC)
    assert formats.long_date(moment, CHICAGO) == "December 15th 2015, 9:15:00 pm"
    assert formats.calendar_date(moment, moment, CHICAGO) == "Today at 9:15 PM"


@pytest.mark.parametrize(
    ("moment", "english", "german"),
    [
        (datetime(2026, 5, 3, 12, tzinfo=UTC), "May 3rd", "3. Mai"),
        (datetime(2026, 5, 3, 2, tzinfo=UTC), "May 2nd", "2. Mai"),
        (datetime(2026, 1, 1, 2, tzinfo=UTC), "December 31st 2025", "31. Dezember 2025"),
    ],
)
def test_a_day_within_a_sentence_has_its_year_where_it_is_another(qapp, moment, english, german):
    now = datetime(2026, 11, 28, tzinfo=UTC)
    assert formats.day_in_sentence(moment, now, CHICAGO) == english
    speak(qapp, "de")
    try:
        assert formats.day_in_sentence(moment, now, CHICAGO) == german
    finally:
        speak(qapp, "en")


@pytest.mark.parametrize("day", [11, 12, 13, 4, 20, 30])
def test_most_days_end_in_th(day):
    assert ordinal(day) == f"{day}th"


def test_a_date_alone():
    assert spoken_date(datetime(2026, 11, 27, 23, 59, tzinfo=UTC)) == "November 27th, 2026"
    assert spoken_date(datetime(2027, 1, 1, tzinfo=UTC)) == "January 1st, 2027"


NOW = datetime(2015, 12, 16, 11, 5, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2015, 12, 16, 11, 0, tzinfo=UTC), "Today at 11:00 AM"),
        (datetime(2015, 12, 16, 0, 0, tzinfo=UTC), "Today at 12:00 AM"),
        (datetime(2015, 12, 16, 23, 59, tzinfo=UTC), "Today at 11:59 PM"),
        (datetime(2015, 12, 15, 23, 59, tzinfo=UTC), "Yesterday at 11:59 PM"),
        (datetime(2015, 12, 17, 0, 30, tzinfo=UTC), "Tomorrow at 12:30 AM"),
        (datetime(2015, 12, 14, 2, 30, tzinfo=UTC), "Last Monday at 2:30 AM"),
        (datetime(2015, 12, 10, 2, 30, tzinfo=UTC), "Last Thursday at 2:30 AM"),
        (datetime(2015, 12, 9, 2, 30, tzinfo=UTC), "12/09/2015"),
        (datetime(2015, 12, 19, 14, 0, tzinfo=UTC), "Saturday at 2:00 PM"),
        (datetime(2014, 12, 16, 11, 0, tzinfo=UTC), "12/16/2014"),
    ],
)
def test_the_event_grid_reads_like_a_calendar(moment, words):
    assert formats.calendar_date(moment, NOW) == words


@pytest.fixture
def german(qapp):
    speak(qapp, "de")
    yield
    speak(qapp, "en")


@pytest.mark.usefixtures("german")
def test_another_language_has_dates_of_its_own():
    moment = datetime(2015, 12, 16, 16, 5, 9, tzinfo=UTC)
    assert formats.long_date(moment) == "16. Dezember 2015, 16:05:09"
    assert formats.day(moment.date()) == "16. Dezember 2015"
    assert formats.short_time(moment) == "16:05"
    assert formats.calendar_date(datetime(2014, 12, 6, tzinfo=UTC), NOW) == "06.12.2014"
    assert formats.calendar_date(datetime(2015, 12, 19, 14, tzinfo=UTC), NOW).startswith("Samstag")
    assert formats.in_local_time("after 2015-12-17 00:00 UTC") == "after 17. Dezember 2015, 00:00:00"


def test_next_run_line():
    assert formats.next_run(datetime(2015, 12, 16, 11, 15, tzinfo=UTC)) == (
        "Next Run time : December 16th 2015, 11:15:00 am"
    )
    assert formats.next_run(None) == "Next Run time : none while the application is not enabled"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "a few seconds left"),
        (42, "about 40 seconds left"),
        (61, "about 1 minute left"),
        (600, "about 10 minutes left"),
        (7200, "about 2 hours left"),
    ],
)
def test_time_left(seconds, words):
    assert formats.time_left(seconds) == words


def run(**more):
    return Run(1, RunKind.EXPORT, Trigger.MANUAL, RunStatus.COMPLETE, NOW, **more)


def test_counts_and_durations():
    assert number(1234567) == "1,234,567"
    assert formats.took(run()) == ""
    assert formats.took(run(finished_at=NOW + timedelta(seconds=93))) == "1 min 33 s"
    assert formats.took(run(finished_at=NOW + timedelta(seconds=3))) == "3 seconds"


def test_counts_line_names_every_outcome_and_unknown_counts():
    counted = run(counts={"added": 1200, "opted_out": 2, "ignored": 7, "unchanged": 0}, error_count=3)
    assert formats.counts_line(counted) == "1,200 added · 2 opted out · 7 ignored · 3 errors"
    assert formats.counts_line(run()) == "Nothing had to be changed"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (RunStatus.COMPLETE, "Nothing had to be changed"),
        (RunStatus.FAILED, "Nothing was changed"),
        (RunStatus.WAITING, "Nothing was changed"),
        (RunStatus.RUNNING, "Nothing so far"),
        (RunStatus.INTERRUPTED, "What was done was not counted"),
    ],
)
def test_a_run_without_figures_claims_no_more_than_is_known(status, words):
    assert formats.summary(replace(run(), status=status), "0 people") == words


def test_a_summary_counts_its_people():
    assert formats.summary(run(total_contacts=1), "1 person") == "1 person: Nothing had to be changed"


def test_utc_dates_in_messages_are_shown_as_all_dates_are():
    said = "It goes on by itself after 2015-12-17 00:00 UTC."
    assert formats.in_local_time(said) == "It goes on by itself after December 17th 2015, 12:00:00 am."
    assert formats.in_local_time("2015-99-17 00:00 UTC") == "2015-99-17 00:00 UTC"
    assert formats.holder("a lookout") == "a lookout"


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (0.01, "about 1 a minute"),
        (0.5, "about 30 a minute"),
        (31.7, "about 1,900 a minute"),
        (2000, "about 120,000 a minute"),
    ],
)
def test_a_pace_is_no_more_exact_than_it_is_steady(rate, words):
    assert formats.pace(rate) == words


def progress(*figures, **more):
    return formats.progress_line(Progress(1, RunKind.EXPORT, "Phase", *figures, **more))


def test_the_total_stands_with_the_figure_that_moves():
    assert progress(4_200, read=4_200) == "4,200 read · no errors"
    assert progress(0, 9_012, read=9_012) == "9,012 read · no errors"
    assert progress(3_000, 8_100, 2, read=9_012, sent=3_000) == (
        "9,012 read · 3,000 of 8,100 sent · 0 done · 2 errors"
    )
    assert progress(700, 9_012, 1, read=9_012, sent=8_100, confirmed=700) == (
        "9,012 read · 8,100 sent · 700 of 9,012 done · 1 error"
    )
    assert progress(12, 40) == "12 of 40 · no errors"
    assert progress(12) == "12 read · no errors"
    assert progress() == "no errors"


def test_how_a_run_goes_on_is_said():
    run = Run(1, RunKind.EXPORT, Trigger.MANUAL, RunStatus.CANCELLED, datetime(2026, 5, 1, tzinfo=UTC))
    stopped = "Stopped. What was done stands. The next export goes on where this one stopped."
    assert formats.run_words(replace(run, message=Cancelled().text)) == stopped
    assert formats.run_words(replace(run, status=RunStatus.COMPLETE)) == ""
    gone_on = replace(run, status=RunStatus.FAILED, message="Cut short. Continued in run 2.")
    assert formats.run_words(gone_on) == "Cut short. Continued in a later run."
    assert formats.run_words(replace(run, kind=RunKind.INBOUND)) == "Stopped. What was done stands."
    assert formats.run_words(replace(run, resumes=7)).startswith("Continued from an earlier run. Stopped.")


def test_a_wait_for_the_next_day_is_told_once_and_in_local_time():
    until = datetime(2026, 5, 2, tzinfo=UTC)
    said = QuotaUsedUp(until).text
    waiting = replace(run(message=said), status=RunStatus.WAITING, waiting_until=until)
    words = formats.run_words(waiting)
    assert words == (
        "Today's calls to Constant Contact are used up. Constant Contact allows a number of calls a day for "
        "each API key. Nothing was lost. It goes on by itself after May 2nd 2026, 12:00:00 am (00:00 UTC)."
    )
    slowed = formats.run_words(replace(waiting, message="", waiting_until=until + timedelta(seconds=90)))
    assert slowed == "It goes on by itself after May 2nd 2026, 12:01:30 am."
    gone_on = formats.run_words(replace(waiting, message=f"{waiting.message} Continued in run 9."))
    assert gone_on.endswith("Nothing was lost. Continued in a later run.")


def test_a_question_that_was_answered_is_no_run_that_somebody_stopped():
    question, answered = "93 of 181 people would be opted out in Kibo.", "Answered: a later run went through."
    asked = f"{question} {answered}"
    run = Run(1, RunKind.EXPORT, Trigger.MANUAL, RunStatus.CANCELLED, NOW, counts={"held": 93}, message=asked)
    assert formats.run_words(run) == formats.reason(run) == f"{answered} {question}"
    assert formats.run_words(replace(run, counts={}, message=question)).startswith("Stopped.")
