"""`tutela capture` asks for a capture as the desk does."""

from __future__ import annotations

from pathlib import Path

from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as
from tutela.surfaces.cli.main import COMMANDS

ADDRESS = "https://en.wiki.example/wiki/User_talk:ExampleMoss"


def test_an_address_of_a_known_wiki_is_wished_for_and_no_other(
    run, cast, reference, tmp_path: Path, settings
):
    path = tmp_path / "wikis.toml"
    path.write_text('[[wiki]]\nname = "examplewiki"\napi = "https://en.wiki.example/w/api.php"\n')
    settings.WIKIS_FILE = str(path)
    done = run("capture", ADDRESS, "--case", reference, by="juniper")
    assert done.exit_code == 0, done.output
    refused = run("capture", "https://evil.example/", "--case", reference, by="juniper")
    assert refused.exit_code != 0
    assert run("capture", ADDRESS, "--case", reference, by="sorrel").exit_code != 0
    with acting_as(cast.juniper):
        (effect,) = Effect.objects.filter(case__reference=reference, connector="wiki")
        assert effect.payload["address"] == ADDRESS
    assert "capture" in {name for one in COMMANDS for name in one.names}
