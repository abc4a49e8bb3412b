# GPT2-124M on OpenWebText as in Table 4 of "Rotational Equilibrium" (Kosson et al., 2024), AdamW baseline.
# A configuration of nanoGPT; train with
# $ python train.py config/gpt2-openwebtext.py

wandb_log = False
wandb_project = 'owt'
wandb_run_name = 'gpt2-124M-openwebtext'

# the model: 124M parameters, no dropout
n_layer = 12
n_head = 12
n_embd = 768
dropout = 0.0
bias = False

# 12 sequences * 40 accumulated batches * 1024 tokens = 491,520 tokens an iteration
dataset = 'openwebtext'
batch_size = 12
block_size = 1024
gradient_accumulation_steps = 5 * 8

# 5000 iterations, about 20 tokens a parameter
max_iters = 5_000

# AdamW
learning_rate = 4.8e-3
weight_decay = 1e-1
beta1 = 0.9
beta2 = 0.95
grad_clip = 1.0

# warm up for 250 iterations, then a cosine down to zero
decay_lr = True
warmup_iters = 250
lr_decay_iters = max_iters
min_lr = 0.0

# evaluation
eval_interval = 250
eval_iters = 200
log_interval = 10
