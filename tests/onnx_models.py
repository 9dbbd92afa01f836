"""Small ONNX models, made by hand."""

import numpy as np
from onnx import ModelProto, TensorProto, helper

FLOAT, INT64, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING


def model(nodes, inputs, outputs, *, constants=(), opset=18, domains=()):
    """Return a model's bytes; tensors are (name, type, shape)."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(*each) for each in inputs],
        [
            each if not isinstance(each, tuple) else helper.make_tensor_value_info(*each)
            for each in outputs
        ],
        [
            helper.make_tensor(name, FLOAT, np.shape(values), np.ravel(values).tolist())
            for name, values in dict(constants).items()
        ],
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(each, 3) for each in domains)]
    made = helper.make_model(graph, opset_imports=opsets)
    made.ir_version = 9
    return made.SerializeToString()


WEIGHTS = np.array([[0.5], [-1.0], [2.0], [0.25]])


def dense():
    """Four numbers to the sigmoid of one."""
    return model(
        [
            helper.make_node("MatMul", ["features", "w"], ["sum"]),
            helper.make_node("Sigmoid", ["sum"], ["score"]),
        ],
        [("features", FLOAT, ["n", 4])],
        [("score", FLOAT, ["n", 1])],
        constants={"w": WEIGHTS},
    )


def pair():
    """Two inputs, two outputs."""
    return model(
        [
            helper.make_node("Add", ["left", "right"], ["total"]),
            helper.make_node("Sub", ["left", "right"], ["difference"]),
        ],
        [("left", FLOAT, ["n", 2]), ("right", FLOAT, ["n", 2])],
        [("total", FLOAT, ["n", 2]), ("difference", FLOAT, ["n", 2])],
    )


def features():
    """Two features of one number each, one of them a column, to their product."""
    return model(
        [
            helper.make_node("Constant", [], ["one"], value_ints=[1]),
            helper.make_node("Squeeze", ["met", "one"], ["flat"]),
            helper.make_node("Mul", ["flat", "njets"], ["product"]),
        ],
        [("met", FLOAT, ["n", 1]), ("njets", FLOAT, ["n"])],
        [("product", FLOAT, ["n"])],
    )


def tree(**classes):
    """A classifier as skl2onnx writes it: labels as they are, probabilities as maps.

    Without `classes` they are texts, not in alphabetical order.
    """
    classes = classes or {"classlabels_strings": ["qcd", "higgs"]}
    kind = STRING if "classlabels_strings" in classes else INT64
    probabilities = helper.make_value_info(
        "probabilities",
        helper.make_sequence_type_proto(
            helper.make_map_type_proto(kind, helper.make_tensor_type_proto(FLOAT, []))
        ),
    )
    return model(
        [
            helper.make_node(
                "LinearClassifier",
                ["features"],
                ["label", "raw"],
                domain="ai.onnx.ml",
                coefficients=[1.0, -1.0, -1.0, 1.0],
                intercepts=[0.0, 0.0],
                multi_class=1,
                post_transform="SOFTMAX",
                **{key.replace("int64s", "ints"): names for key, names in classes.items()},
            ),
            helper.make_node(
                "ZipMap",
                ["raw"],
                ["probabilities"],
                domain="ai.onnx.ml",
                **classes,
            ),
        ],
        [("features", FLOAT, ["n", 2])],
        [("label", kind, ["n"]), probabilities],
        domains=("ai.onnx.ml",),
    )


def sums():
    """Numbers by row, and their sum over all rows."""
    return model(
        [
            helper.make_node("Identity", ["x"], ["same"]),
            helper.make_node("ReduceSum", ["x"], ["total"], keepdims=0),
        ],
        [("x", FLOAT, ["n", 2])],
        [("same", FLOAT, ["n", 2]), ("total", FLOAT, [])],
    )


def number():
    """One number, without rows, doubled."""
    return model(
        [helper.make_node("Add", ["x", "x"], ["y"])], [("x", FLOAT, [])], [("y", FLOAT, [])]
    )


def of_any_shape():
    """Twice what comes, of any number of dimensions."""
    return model(
        [helper.make_node("Add", ["x", "x"], ["y"])], [("x", FLOAT, None)], [("y", FLOAT, None)]
    )


def rivals():
    """Numbers as shares of all rows: each row's answer depends on the others."""
    return model(
        [helper.make_node("Softmax", ["x"], ["share"], axis=0)],
        [("x", FLOAT, ["n", 1])],
        [("share", FLOAT, ["n", 1])],
    )


def transposed():
    """Columns instead of rows: two of them, whatever the number of rows."""
    return model(
        [helper.make_node("Transpose", ["x"], ["columns"])],
        [("x", FLOAT, ["n", 2])],
        [("columns", FLOAT, [2, "n"])],
    )


def strange(**more):
    """One operator of nobody's, or an opset of tomorrow."""
    return model(
        [helper.make_node("Warp", ["x"], ["y"], domain="their.own")],
        [("x", FLOAT, ["n", 1])],
        [("y", FLOAT, ["n", 1])],
        domains=("their.own",),
        **more,
    )


def of_tomorrow():
    """A model of an opset that does not exist yet."""
    return model(
        [helper.make_node("Neg", ["x"], ["y"])],
        [("x", FLOAT, ["n", 1])],
        [("y", FLOAT, ["n", 1])],
        opset=999,
    )


def weights_elsewhere(place="weights.bin"):
    """Four numbers to one, by weights that lie in a file of their own."""
    weights = TensorProto(name="w", data_type=FLOAT, dims=[4, 1])
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=place)
    made = ModelProto.FromString(dense())
    made.graph.initializer.pop()
    made.graph.initializer.append(weights)
    del made.graph.node[1:]
    made.graph.node[0].output[0] = "score"
    return made.SerializeToString()


def silent():
    """A model that gives nothing."""
    return model([helper.make_node("Neg", ["x"], ["y"])], [("x", FLOAT, ["n", 1])], [])


def without_rows():
    """Two numbers with the other sign; there is no place for several rows."""
    return model([helper.make_node("Neg", ["x"], ["y"])], [("x", FLOAT, [2])], [("y", FLOAT, [2])])
