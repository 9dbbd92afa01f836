"""Hints for typos."""

from mlaas4hep.core.nearest import nearest


def test_a_typo_finds_the_name_that_was_meant():
    assert nearest("epoch", ["epochs", "seed"]) == "did you mean 'epochs'?"


def test_the_case_does_not_matter():
    assert nearest("muon_PT", ["Muon_pt", "Jet_mass"]) == "did you mean 'Muon_pt'?"


def test_several_close_names_are_all_offered():
    assert nearest("log3", ["log", "log2", "sqrt"]) == "did you mean 'log' or 'log2'?"


def test_without_a_close_name_a_few_known_ones_are_listed():
    assert nearest("zzz", ["b", "a"]) == "known: a, b"


def test_a_name_that_is_too_long_for_a_typo_is_compared_with_none():
    assert nearest("epochs" * 50, ["epochs" * 50 + "x", "seed"]).startswith("known: ")


def test_without_a_close_name_many_known_ones_are_not_listed():
    assert nearest("zzz", [f"branch{i}" for i in range(1600)]) == ""
