#!/bin/bash
deepspeed --num_gpus 8 llava/train/train_mem.py \
    --lora_enable True --lora_r 64 --lora_alpha 128 --mm_projector_lr 2e-5 \
    --deepspeed ./zero2.json \
    --model_name_or_path some/base-7b --version v1 \
    --data_path ./data/mix.json --image_folder ./data \
    --vision_tower some/clip --group_by_modality_length True \
    --bf16 True --output_dir ./out \
    --num_train_epochs 1 \
    --per_device_train_batch_size 8 \
    --gradient_accumulation_steps 2 \
    --evaluation_strategy "no" --save_strategy "steps" --save_steps 5000 \
    --learning_rate 1e-4 --weight_decay 0.02 \
    --warmup_ratio 0.03 --lr_scheduler_type "cosine" \
    --logging_steps 1 --tf32 True --model_max_length 2048 --lazy_preprocess True --report_to none
