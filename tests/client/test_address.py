"""One address reaches every function."""

import pytest

from mlaas4hep.client.address import Address
from mlaas4hep.errors import InvalidRequestError


@pytest.mark.parametrize(
    ("text", "workflow", "predict"),
    [
        (text, "http://127.0.0.1:8080/function/workflow", "http://127.0.0.1:8080/function/predict")
        for text in (
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8080/",
            " http://127.0.0.1:8080/function/workflow ",
            "http://127.0.0.1:8080/function/predict/",
        )
    ]
    + [
        (
            "https://site.example/ml/function/workflow.openfaas-fn",
            "https://site.example/ml/function/workflow.openfaas-fn",
            "https://site.example/ml/function/predict.openfaas-fn",
        ),
        (
            "https://workflow.example:8433",
            "https://workflow.example:8433/function/workflow",
            "https://workflow.example:8433/function/predict",
        ),
        (
            "http://[::1]:8080",
            "http://[::1]:8080/function/workflow",
            "http://[::1]:8080/function/predict",
        ),
    ],
)
def test_functions_are_found_from_any_of_their_addresses(text, workflow, predict):
    address = Address.parse(text)

    assert (address.of("workflow"), address.of("predict")) == (workflow, predict)


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1:8080", "localhost", "ftp://x", "http://", "http://x:y", "http://x?a=1"]
)
def test_what_is_no_address_is_refused_and_quoted(text):
    with pytest.raises(InvalidRequestError) as caught:
        Address.parse(text)

    assert repr(text) in str(caught.value)
    assert caught.value.problem.hint.endswith("http://127.0.0.1:8080")
