"""What names of branches say."""

import pytest

from mlaas4hep.core.selection.roles import role


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ("run event luminosityBlock eventNumber runNo EventNumber evt_no", "identifier"),
        ("weight_nominal genWeight mcEventWeight puWeight evt_wgt xsec LHEWeight_x", "weight"),
        ("truth_pt mc_eta MCtype GenPart_pt Jet_genJetIdx LHE_HT nGenPart is_true", "truth"),
        ("label target isSignal is_signal class y", "label"),
        (
            "Muon_pt met nJet general_x mcmillan generic height truthy yield classy runway",
            "feature",
        ),
    ],
)
def test_a_name_tells_what_a_branch_is_for(names, wanted):
    assert {name: role(name) for name in names.split()} == dict.fromkeys(names.split(), wanted)
