from tensorflow import keras

schedule = keras.optimizers.schedules.ExponentialDecay(0.05, decay_steps=500, decay_rate=0.9, staircase=True)
opt = keras.optimizers.SGD(learning_rate=schedule, momentum=0.9)
model.compile(optimizer=opt, loss="mse")
model.fit(ds, epochs=6, steps_per_epoch=400)
