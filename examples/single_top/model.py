"""A plain dense network for two classes."""

import keras


def model(idim):
    """Return a compiled model that takes `idim` numbers an entry."""
    network = keras.Sequential(
        [
            keras.layers.Input(shape=(idim,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    network.compile(
        optimizer=keras.optimizers.Adam(learning_rate=1e-3),
        loss="binary_crossentropy",
        metrics=["accuracy", keras.metrics.AUC(name="auc")],
    )
    return network
