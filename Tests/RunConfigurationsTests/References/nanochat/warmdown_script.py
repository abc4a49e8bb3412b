import math
import torch

# training horizon and schedule
num_iterations = 2000
warmup_steps = 50
warmdown_ratio = 0.4
final_lr_frac = 0.1
learning_rate = 3e-4

model = build_model()
optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, betas=(0.8, 0.95), eps=1e-10, weight_decay=0.01)
for group in optimizer.param_groups:
    group["initial_lr"] = group["lr"]

def get_lr_multiplier(it):
    warmdown_iters = round(warmdown_ratio * num_iterations)
    if it < warmup_steps:
        return (it + 1) / warmup_steps
    elif it <= num_iterations - warmdown_iters:
        return 1.0
    else:
        progress = (num_iterations - it) / warmdown_iters
        return progress * 1.0 + (1 - progress) * final_lr_frac

for step in range(num_iterations):
    loss = model(*next_batch())
    loss.backward()
    lrm = get_lr_multiplier(step)
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * lrm
    optimizer.step()
    model.zero_grad(set_to_none=True)
