from mlaas4hep.core.models.bundle.conversion import NotMade
from mlaas4hep.core.models.registry import ModelCard, ModelVersion, Provenance, markdown


def test_nobody_adds_html_or_lines_to_the_card_of_a_model():
    evil = "x\n## Figures\n<img src=x onerror=alert(1)>"
    origin = Provenance(
        trained_as=evil,
        task=evil,
        columns=(evil,),
        classes=(evil,),
        inputs=((evil, evil),),
        specs_digest=evil,
        code=evil,
        preproc="{}\n```\n<script>alert(1)</script>\n````\n",
        versions=((evil, evil),),
        metrics=((evil, 0.5),),
    )
    version = ModelVersion(
        version="v1",
        served=True,
        aliases=("production",),
        stored_at="",
        description="<script>alert(1)</script> **mine**",
        provenance=origin,
    )

    text = markdown(
        ModelCard(
            model="m",
            owner="o",
            version=version,
            files=(evil,),
            not_made=(NotMade(file=evil, reason=evil),),
        )
    )

    before, code, after = text.split("`````")
    assert code == f"json\n{origin.preproc}\n"
    assert "<" not in before + after
    assert "**mine**" in before
    assert (before + after).splitlines().count("## Figures") == 1


def test_names_of_others_are_no_links_and_no_images_of_a_card():
    evil = r"![x](https://elsewhere.example/seen) \[y](javascript:alert(1))"
    origin = Provenance(
        trained_as="luca_1",
        task="binary",
        columns=(evil, "Jet_pt"),
        classes=(),
        inputs=(),
        specs_digest="",
        code="",
        preproc="",
        versions=(),
        metrics=(),
    )
    version = ModelVersion(
        version="v1", served=True, aliases=(), stored_at="", description="", provenance=origin
    )

    text = markdown(ModelCard(model="m", owner="o", version=version, files=()))

    shown = r"!\[x](https://elsewhere.example/seen) \\\[y](javascript:alert(1)), Jet_pt"
    assert f"- columns: {shown}" in text.splitlines()
