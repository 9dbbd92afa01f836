"""predict: every model of bucket models behind TFaaS's, TensorFlow Serving's and KServe's routes."""

from mlaas4hep.faas.function import asgi
from mlaas4hep.http.predict.app import make_app

function = asgi("predict", make_app)
