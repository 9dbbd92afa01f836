"""What names of branches say."""

import pytest

from mlaas4hep.core.selection.roles import role

IDENTIFIERS = """
    run event luminosityBlock eventNumber runNo EventNumber evt_no evtNo evt_number bunchCrossing
    mcChannelNumber lbn runNumber nCandidate GpsTime EVENTNUMBER EventInfoAuxDyn.eventNumber lumi_section
    id Idx row_id row_number Unnamed:0
"""
WEIGHTS = """
    weight_nominal genWeight mcEventWeight puWeight evt_wgt xsec LHEWeight_x weight w wgt_up
    w_pileup w_PU w_lumi wPU PUWeightUp LHEWeight_originalXWGTUP LHEPdfWeight PSWeight
    L1PreFiringWeight_Nom btagSF lepSF Muon_SF sf_btag kFactor scale1fb XSection mcWeight SumWeights
    scaleFactor_PILEUP weight_leptonSF kfac filteff genFiltEff nsig_sw sWeight sw evtwt puw gbWeight lumiWeight lumi_sf
"""
TRUTH = """
    truth_pt mc_eta MCtype GenPart_pt Jet_genJetIdx LHE_HT nGenPart is_true mcPt MC_x genjet_pt
    Jet_hadronFlavour Jet_partonFlavour Muon_genPartFlav genTtbarId HTXS_Higgs_pt Pileup_nTrueInt
    Generator_x1 HadronConeExclTruthLabelID lep_truthMatched jet_trueflav mu_TRUEID B_TRUEP_X
    B_BKGCAT B_MC_MOTHER_ID TruthParticlesAuxDyn.px Muon_pdgId isMC
"""
LABELS = "label target isSignal is_signal class isSig y"
FEATURES = """
    Muon_pt met nJet general_x mcmillan generic height truthy yield classy runway pt m_bb dR
    Muon_charge partonPt generalised eventShape event_njets mcut mcorr w_pt w_mass W_eta isSF
    Electron_looseId sumPt PV_npvs fixedGridRhoFastjetAll swap_x wide nbtag
    Muon.id Muon_id mvaId ident
"""


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (IDENTIFIERS, "identifier"),
        (WEIGHTS, "weight"),
        (TRUTH, "truth"),
        (LABELS, "label"),
        (FEATURES, "feature"),
    ],
    ids=["identifiers", "weights", "truth", "labels", "features"],
)
def test_a_name_tells_what_a_branch_is_for(names, wanted):
    assert {name: role(name) for name in names.split()} == dict.fromkeys(names.split(), wanted)
