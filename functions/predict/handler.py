"""predict: every model of bucket models behind TFaaS's, TensorFlow Serving's and KServe's routes."""

from mlaas4hep.api.predict import make_app
from mlaas4hep.function import asgi

function = asgi("predict", make_app)
