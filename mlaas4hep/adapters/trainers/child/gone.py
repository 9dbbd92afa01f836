"""What model.py asks for and there is not here, as a name or a device, and what to write instead."""

import re
from collections.abc import Iterator, Mapping

_FUNCTIONAL = "the functional API: keras.Model(inputs, outputs)"
_JOINING = "keras.layers.Concatenate()([a, b]), Add, Multiply …, and keras.Model(inputs, outputs)"
_CUDNN = "without CuDNN: it is used by itself where there is a GPU"
_SCAN = "one model here, and let a scan vary its arguments (docs/training.md)"

#: a name, a module, or an attribute behind its module
_INSTEAD: Mapping[str, str] = {
    # Keras 1 and 2
    "MaxoutDense": "Dense(units * k), Reshape((k, units)) and GlobalMaxPooling1D()",
    "Highway": "a gate t = Dense(n, activation='sigmoid')(x), and t * Dense(n)(x) + (1 - t) * x",
    "TimeDistributedDense": "keras.layers.TimeDistributed(keras.layers.Dense(units))",
    "Merge": _JOINING,
    "merge": _JOINING,
    "Graph": _FUNCTIONAL,
    "AtrousConvolution1D": "keras.layers.Conv1D(…, dilation_rate=…)",
    "AtrousConvolution2D": "keras.layers.Conv2D(…, dilation_rate=…)",
    "AtrousConv1D": "keras.layers.Conv1D(…, dilation_rate=…)",
    "AtrousConv2D": "keras.layers.Conv2D(…, dilation_rate=…)",
    "Deconvolution2D": "keras.layers.Conv2DTranspose",
    "Deconvolution3D": "keras.layers.Conv3DTranspose",
    "Convolution3D": "keras.layers.Conv3D",
    "ParametricSoftplus": "keras.layers.PReLU, or Activation('softplus')",
    "SReLU": "keras.layers.PReLU",
    "CuDNNLSTM": f"keras.layers.LSTM, {_CUDNN}",
    "CuDNNGRU": f"keras.layers.GRU, {_CUDNN}",
    "multi_gpu_model": "the model itself: it learns on all devices that there are",
    "keras.contrib": "what Keras itself has now, or a layer of your own in model.py",
    "keras_contrib": "what Keras itself has now (InstanceNormalization is GroupNormalization(groups=-1),"
    " Swish is Activation('swish')), or a layer of your own in model.py",
    "keras_applications": "keras.applications",
    "keras_preprocessing": "keras.preprocessing, or layers such as keras.layers.TextVectorization",
    "keras_self_attention": "keras.layers.MultiHeadAttention",
    "keras_multi_head": "keras.layers.MultiHeadAttention",
    "keras_layer_normalization": "keras.layers.LayerNormalization",
    "keras_radam": "keras.optimizers.AdamW",
    "keras_adabound": "keras.optimizers.AdamW",
    "keras_tuner": _SCAN,
    "kerastuner": _SCAN,
    "autokeras": _SCAN,
    "talos": _SCAN,
    "hyperas": _SCAN,
    # TensorFlow 1 and what grew around TensorFlow
    "tensorflow_addons": "what Keras itself has now: keras.optimizers.AdamW, Lamb, Lion; keras.losses"
    ".BinaryFocalCrossentropy; keras.metrics.F1Score; keras.layers.GroupNormalization,"
    " SpectralNormalization; keras.activations.gelu, mish",
    "tensorflow.contrib": "keras.layers and keras.optimizers: tf.contrib ended with TensorFlow 1",
    "tflearn": "keras.layers",
    "tf_slim": "keras.layers",
    # scikit-learn
    "sklearn.externals": "`import joblib`",
    "sklearn.cross_validation": "sklearn.model_selection",
    "sklearn.grid_search": "sklearn.model_selection, or a scan (docs/training.md)",
    "sklearn.learning_curve": "sklearn.model_selection",
    "Imputer": "sklearn.impute.SimpleImputer",
}
_BY_ITSELF = (
    'the module without .cuda(), .to(…) and devices: with "device": "gpu" in the submission it is put '
    "on all GPUs that there are"
)
#: what PyTorch says of devices, and of processes that would meet
_SAID: Mapping[str, str] = {
    "Found no NVIDIA driver": _BY_ITSELF,
    "Torch not compiled with CUDA enabled": _BY_ITSELF,
    "not linked with support for": _BY_ITSELF,
    "server socket has failed": "the module itself, without torch.distributed: it learns on all devices that "
    "there are",
}
_QUOTED = re.compile(r"'([\w.]+)'")


def instead_of(error: BaseException) -> str:
    """Return what to write instead of what an error is about; empty if nobody knows."""
    said = str(error)
    if not isinstance(error, ImportError | AttributeError):
        return next((instead for phrase, instead in _SAID.items() if phrase in said), "")
    return next((_INSTEAD[name] for name in _names(str(error)) if name in _INSTEAD), "")


def _names(message: str) -> Iterator[str]:
    """Yield the names in a message, each with all that it begins with."""
    quoted = _QUOTED.findall(message)
    for name in (*quoted, ".".join(quoted[:2])):
        parts = name.split(".")
        yield from (".".join(parts[:length]) for length in range(len(parts), 0, -1))
