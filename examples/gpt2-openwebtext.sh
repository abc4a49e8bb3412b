#!/bin/bash
# nanoGPT's training command with the configuration beside this file; the arguments win.
torchrun --standalone --nproc_per_node=8 train.py gpt2-openwebtext.py --wandb_log=False --wandb_run_name=gpt2-8-gpus
