#!/bin/bash
export OMP_NUM_THREADS=2
torchrun --nproc_per_node=4 main_pretrain.py \
    --batch_size 32 --accum_iter 4 \
    --model mae_vit_base_patch16 --norm_pix_loss --mask_ratio 0.75 \
    --epochs 12 --warmup_epochs 2 \
    --blr 1.5e-4 --weight_decay 0.05 \
    --data_path /data/small-in --output_dir runs/mae_b
