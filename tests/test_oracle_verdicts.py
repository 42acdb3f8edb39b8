"""The oracle itself: what it says of programs whose verdict a person can see."""

import pytest

from tests.oracle.execution import Nonsense, behaviours, story
from tests.oracle.syntax import program
from tests.oracle.verdict import answers, leaks


def _answers(function: str) -> list[set[str]]:
    return [set(answers(seen)) for seen in behaviours(program(function))]


def test_a_session_nobody_releases_is_never_closed() -> None:
    function = """
        def subject(engine):
            s = Session(engine)
            s.execute("select 1")
    """
    assert _answers(function) == [{"SES102"}]


def test_a_return_before_the_close_is_an_early_exit() -> None:
    function = """
        def subject(engine, c1):
            s = Session(engine)
            if c1:
                return
            s.close()
    """
    assert _answers(function) == [{"SES103"}]


def test_a_raise_written_in_the_code_is_an_early_exit() -> None:
    function = """
        def subject(engine, c1):
            s = Session(engine)
            if c1:
                raise Fault
            s.close()
    """
    assert _answers(function) == [{"SES103"}]


def test_a_release_under_an_unknown_condition_is_an_early_exit() -> None:
    function = """
        def subject(engine, c1):
            s = Session(engine)
            if c1:
                s.close()
    """
    assert _answers(function) == [{"SES103"}]


def test_an_error_before_the_close_skips_it() -> None:
    function = """
        def subject(engine):
            s = Session(engine)
            s.commit()
            s.close()
    """
    assert _answers(function) == [{"SES104"}]


def test_a_rollback_right_before_the_close_does_not_fail() -> None:
    function = """
        def subject(engine):
            s = Session(engine)
            s.rollback()
            s.close()
    """
    assert _answers(function) == [{"SES101"}]


def test_a_finally_releases_on_every_way() -> None:
    function = """
        def subject(engine):
            s = Session(engine)
            try:
                s.execute("select 1")
            finally:
                s.close()
    """
    assert _answers(function) == [{"SES101"}]


def test_a_handler_for_exception_misses_a_cancellation() -> None:
    function = """
        async def subject(engine):
            s = AsyncSession(engine)
            try:
                await s.execute("select 1")
            except Exception:
                await s.close()
                raise
            await s.close()
    """
    assert _answers(function) == [{"SES104"}]


def test_a_handler_for_exception_catches_all_that_a_plain_call_raises() -> None:
    function = """
        def subject(engine):
            s = Session(engine)
            try:
                s.execute("select 1")
            except Exception:
                s.close()
                raise
            s.close()
    """
    assert _answers(function) == [{"SES101"}]


def test_two_failures_in_a_row_are_tried() -> None:
    function = """
        def subject(engine):
            s = Session(engine)
            try:
                s.execute("select 1")
            except Exception:
                work()
                s.close()
                raise
            s.close()
    """
    assert _answers(function) == [{"SES104"}]


def test_a_context_manager_is_silent() -> None:
    function = """
        def subject(engine):
            s = Session(engine)
            with closing(s):
                s.execute("select 1")
    """
    assert _answers(function) == [{""}]


def test_a_factory_is_silent_although_a_failure_loses_the_session() -> None:
    function = """
        def subject(engine):
            s = Session(engine)
            s.execute("select 1")
            return s
    """
    assert _answers(function) == [{""}]


def test_a_continue_past_the_close_leaks_in_the_loop() -> None:
    function = """
        def subject(engine):
            for item in items:
                s = Session(engine)
                try:
                    work()
                except Exception:
                    continue
                s.close()
    """
    assert _answers(function) == [{"SES105"}]


def test_a_loop_that_always_closes_is_a_matter_of_style() -> None:
    function = """
        def subject(engine):
            while choose(2):
                s = Session(engine)
                x = 1
                s.close()
    """
    assert _answers(function) == [{"SES105 style"}]


def test_a_close_that_follows_at_once_may_be_a_matter_of_style() -> None:
    function = """
        def subject(engine):
            s = Session(engine)
            s.close()
    """
    assert _answers(function) == [{"SES101", ""}]


def test_a_bare_yield_is_left_by_an_exception_in_the_body() -> None:
    function = """
        @contextmanager
        def subject(engine):
            s = Session(engine)
            yield s
            s.close()
    """
    assert _answers(function) == [{"SES106"}]


def test_a_handler_for_exception_around_a_yield_misses_the_closing_of_the_generator() -> None:
    function = """
        async def subject(engine):
            s = AsyncSession(engine)
            try:
                yield s
            except Exception:
                await s.close()
                raise
            else:
                await s.close()
    """
    assert _answers(function) == [{"SES106"}]


def test_a_guard_in_the_finally_knows_whether_the_session_was_made() -> None:
    function = """
        def subject(engine):
            s = None
            try:
                s = Session(engine)
            finally:
                if s is not None:
                    s.close()
    """
    assert _answers(function) == [{"SES101"}]


def test_a_session_released_under_an_ownership_flag_is_silent() -> None:
    function = """
        def subject(engine, s=None):
            own = s is None
            if own:
                s = Session(engine)
            try:
                work()
            finally:
                if own:
                    s.close()
    """
    assert _answers(function) == [{""}]


def test_acquiring_over_an_open_session_leaks_the_first_only() -> None:
    function = """
        def subject(engine):
            s = Session(engine)
            s = Session(engine)
            s.close()
    """
    assert _answers(function) == [{"SES102"}, {"SES101", ""}]


def test_the_helper_of_the_module_releases() -> None:
    function = """
        def subject(engine):
            s = Session(engine)
            close_it(s)
    """
    assert _answers(function) == [{"SES101", ""}]


def test_a_story_tells_the_leaking_run() -> None:
    function = """
        def subject(engine, c1):
            s = Session(engine)
            if c1:
                s.commit()
            s.close()
    """
    drawn = program(function)
    (seen,) = behaviours(drawn)
    (left,) = [way for ending, way in seen.endings.items() if ending.how == "left"]
    assert story(drawn, left) == ["line 19: answer 1", "line 20: StrayError"]


def test_too_many_runs_leave_the_verdict_open() -> None:
    function = """
        def subject(engine):
            while choose(2):
                work()
            s = Session(engine)
            s.close()
    """
    (seen,) = behaviours(program(function), runs=2)
    assert leaks(seen) is None


def test_a_program_that_fails_by_itself_is_nonsense() -> None:
    function = """
        def subject(engine):
            s = Session(engine)
            s = None
            s.close()
    """
    with pytest.raises(Nonsense):
        behaviours(program(function))


def test_a_session_that_may_be_lost_before_its_with_is_silent() -> None:
    function = """
        def subject(engine):
            s = Session(engine)
            work()
            with s:
                s.close()
    """
    assert _answers(function) == [{""}]


def test_nothing_is_wanted_of_a_site_that_no_run_reaches() -> None:
    function = """
        def subject(engine):
            own = False
            if own:
                s = Session(engine)
    """
    assert {"", "SES101", "SES102"} <= _answers(function)[0]


def test_a_session_that_is_lost_on_the_way_to_nonsense_is_never_closed() -> None:
    function = """
        def subject(engine):
            try:
                work()
                return
            except Fault:
                pass
            s = Session(engine)
            s = None
            s.close()
    """
    assert _answers(function) == [{"SES102"}]


def test_nobody_knows_whether_a_fault_is_a_value_error() -> None:
    function = """
        def subject(engine):
            s = Session(engine)
            try:
                raise Fault
            except ValueError:
                s.close()
    """
    assert _answers(function) == [{"SES103"}]


def test_the_release_of_another_session_may_fail_or_not() -> None:
    function = """
        def subject(engine):
            s = Session(engine)
            t = Session(engine)
            s.close()
            t.close()
    """
    assert _answers(function) == [{"SES104"}, {"SES101", "SES104"}]


def test_a_block_that_fails_when_it_is_left_skips_the_close() -> None:
    function = """
        def subject(engine):
            with guard():
                s = Session(engine)
            s.close()
    """
    assert _answers(function) == [{"SES104"}]


def test_a_with_in_asynchronous_code_may_be_cancelled_when_it_is_entered() -> None:
    function = """
        async def subject(engine):
            s = AsyncSession(engine)
            t = AsyncSession(engine)
            async with s:
                await t.close()
    """
    assert _answers(function) == [{""}, {"SES104"}]
