#!/bin/bash
deepspeed --num_gpus=4 run_clm.py \
    --deepspeed ds_auto.json \
    --model_name_or_path gpt2 --dataset_name wikitext \
    --do_train --output_dir out \
    --per_device_train_batch_size 4 --gradient_accumulation_steps 2 \
    --learning_rate 3e-5 --weight_decay 0.05 --adam_beta2 0.98 \
    --lr_scheduler_type cosine --warmup_steps 50 --max_steps 600 --bf16
