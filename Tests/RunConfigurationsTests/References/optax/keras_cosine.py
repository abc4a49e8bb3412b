import keras

steps_per_epoch = 250
epochs = 8
total_steps = steps_per_epoch * epochs
lr = keras.optimizers.schedules.CosineDecay(
    initial_learning_rate=0.0, decay_steps=total_steps - 100, alpha=0.1, warmup_target=5e-4, warmup_steps=100)
model.compile(optimizer=keras.optimizers.AdamW(learning_rate=lr), loss="sparse_categorical_crossentropy")
model.fit(x, y, epochs=epochs, steps_per_epoch=steps_per_epoch)
