import signal
import subprocess
import sys

from pipeline.sample.drawing import draw_pair, draw_pairs, plan_jobs, with_distinct_texts
from tests.tiny import ROOT

JOBS = plan_jobs({"train": (3, 8), "dev": (3, 2), "test": (3, 3)})


def test_jobs_are_numbered_throughout_the_splits() -> None:
    assert [job.pair_id for job in JOBS] == [f"s{number:05d}" for number in range(1, 14)]
    assert [job.split for job in JOBS] == ["train"] * 8 + ["dev"] * 2 + ["test"] * 3


def test_the_number_of_processes_changes_nothing() -> None:
    assert list(draw_pairs(JOBS, processes=3)) == list(draw_pairs(JOBS, processes=1))


def test_a_text_that_another_pair_has_is_written_again() -> None:
    drawn = list(draw_pairs(JOBS, processes=1))
    repeated = [drawn[0], drawn[0], *drawn[2:]]

    found = list(with_distinct_texts(JOBS, repeated))

    assert found == drawn
    assert found[1] == draw_pair(JOBS[1], {drawn[0].text})


def test_no_process_outlives_the_one_that_is_killed() -> None:
    code = (
        "from pipeline.sample.drawing import draw_pairs, plan_jobs\n"
        "drawn = draw_pairs(plan_jobs({'train': (0, 200)}), processes=2)\n"
        "print(next(drawn), flush=True)\n"
        "input()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    # The others hold the pipe as well: it ends when they do.
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
