import optax

num_steps = 1000
lr = optax.cosine_decay_schedule(init_value=0.1, decay_steps=num_steps, alpha=0.01)
optimizer = optax.chain(optax.add_decayed_weights(5e-4), optax.sgd(lr, momentum=0.9, nesterov=True))
for i in range(num_steps):
    params, opt_state = update(params, opt_state)
