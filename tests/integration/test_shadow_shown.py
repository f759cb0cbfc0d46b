"""A run that only plays asks about files that are not there (features N-6)."""

import textwrap

from rouage.web.questions import APPROVALS

RECIPE = """
    name: Shows
    trust: shadow
    when: [{manual.start: {}}]
    do:
      - files.write: {path: files/out.txt, text: ready}
        id: made
      - approve:
          ask: Send it?
          show: ["${{ steps.made.path }}"]
          timeout: 3d
          on_timeout: refuse
"""


async def test_what_a_played_step_would_make_is_told_in_words(site, wait_until):
    site.recipe("shows", textwrap.dedent(RECIPE))
    async with site.running() as daemon:
        run = (await daemon.start_run("shows")).runs[0]

        async def asked():
            return bool(await daemon.reader.list_waits(kinds=APPROVALS))

        await wait_until(asked, seconds=30)
        [wait] = await daemon.reader.list_waits(kinds=APPROVALS)
        assert wait.run == run
        assert wait.question["show"] == [
            {"text": "the file that the step made would make: out.txt"}
        ]
        assert not (site.folder / "files" / "out.txt").exists()
