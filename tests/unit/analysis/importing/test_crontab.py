"""A crontab: times, programs, what only a shell understands, and what cron does around them."""

import pytest

from rouage.recipes.reader import read


def recipe(settled):
    return read(settled.written.text.encode()).data


def test_a_job_becomes_a_schedule_and_a_program_in_the_home_folder(take):
    recipes = take("crontab.txt")
    assert list(recipes) == ["Sauvegarde de la nuit", "cd", "echo", "tmux", "mail", "mon"]
    data = recipe(recipes["Sauvegarde de la nuit"])
    assert data["when"] == [{"schedule.cron": {"expression": "30 2 * * *"}}]
    (step,) = data["do"]
    assert step["shell.run"] == {
        "command": ["/home/zoe/bin/sauvegarde.sh", "--tout"],
        "folder": "~",
        "timeout": "1h",
        "env": {"PATH": "/usr/local/bin:/usr/bin:/bin"},
    }


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/bin/a -b", ["/bin/a", "-b"]),
        ("'/opt/my tool' 'a b'", ["/opt/my tool", "a b"]),
        ("a | b", ["sh", "-c", "a | b"]),
        ("echo $HOME", ["sh", "-c", "echo $HOME"]),
        ("echo ~/a", ["sh", "-c", "echo ~/a"]),
        ("date +\\%d", ["date", "+%d"]),
        ("echo 'open", ["sh", "-c", "echo 'open"]),
    ],
)
def test_a_shell_reads_only_what_needs_one(take, command, words):
    (settled,) = take(f"0 1 * * * {command}\n").values()
    assert recipe(settled)["do"][0]["shell.run"]["command"] == words


def test_a_percent_sign_begins_the_standard_input(take):
    data = recipe(take("crontab.txt")["mail"])
    assert data["do"][0]["shell.run"]["stdin"] == "Bonjour\nà demain\n"


def test_text_that_looks_like_an_expression_stays_text(take):
    (settled,) = take("0 1 * * * echo '${{ secrets.key }}'\n").values()
    assert settled.problems == ()
    command = recipe(settled)["do"][0]["shell.run"]["command"]
    assert command[-1] == "echo '$${{ secrets.key }}'"


def test_a_start_of_the_machine_is_left_to_a_person(take):
    settled = take("crontab.txt")["tmux"]
    (piece,) = settled.draft.unfinished()
    assert "starts" in piece.reason.en
    assert recipe(settled)["enabled"] is False
    assert "when" not in recipe(settled)


def test_a_time_that_never_comes_becomes_a_comment_with_its_reason(take):
    (settled,) = take("0 25 * * * /bin/true\n").values()
    (piece,) = settled.draft.unfinished()
    assert "25" in piece.reason.fr
    assert settled.problems == ()


def test_the_user_of_a_system_crontab_is_no_part_of_the_command(take):
    (settled,) = take("17 * * * * root cd / && run-parts /etc/cron.hourly\n").values()
    command = recipe(settled)["do"][0]["shell.run"]["command"]
    assert command == ["sh", "-c", "cd / && run-parts /etc/cron.hourly"]
    assert "root" in settled.draft.advice[0].en


def test_nicknames_and_the_time_zone_are_taken_over(take):
    (settled,) = take("CRON_TZ=Europe/Paris\n@weekly /bin/true\n").values()
    data = recipe(settled)
    assert data["timezone"] == "Europe/Paris"
    assert data["when"][0]["schedule.cron"]["expression"] == "0 0 * * 0"
