import torch
from dataclasses import dataclass

@dataclass
class Hyperparameters:
    num_iterations = 1500
    cooldown_frac = 0.4
args = Hyperparameters()

model = make_model()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.008, betas=(0.8, 0.95), eps=1e-10, weight_decay=0.0, fused=True)
for group in optimizer.param_groups:
    group["initial_lr"] = group["lr"]

def get_lr(step: int):
    x = step / args.num_iterations
    assert 0 <= x < 1
    if x < 1 - args.cooldown_frac:
        return 1.0
    else:
        w = (1 - x) / args.cooldown_frac
        return w * 1.0 + (1 - w) * 0.1

for step in range(args.num_iterations + 1):
    last_step = (step == args.num_iterations)
    if last_step:
        break
    model(*batch()).backward()
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * get_lr(step)
    optimizer.step()
    model.zero_grad(set_to_none=True)
