import optax

TOTAL_STEPS = 4000
schedule = optax.warmup_cosine_decay_schedule(
    init_value=0.0, peak_value=1e-3, warmup_steps=200, decay_steps=TOTAL_STEPS, end_value=1e-5)
tx = optax.chain(
    optax.clip_by_global_norm(1.0),
    optax.adamw(learning_rate=schedule, b2=0.95, weight_decay=0.1),
)
for step in range(TOTAL_STEPS):
    state = train_step(state, next(batches))
