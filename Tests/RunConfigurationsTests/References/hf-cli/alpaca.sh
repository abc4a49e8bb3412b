torchrun --nproc_per_node=4 --master_port=29501 train.py \
    --model_name_or_path some/base --data_path ./data.json --bf16 True --output_dir out \
    --num_train_epochs 3 --per_device_train_batch_size 4 --per_device_eval_batch_size 4 \
    --gradient_accumulation_steps 8 --evaluation_strategy "no" --save_strategy "steps" --save_steps 2000 \
    --learning_rate 2e-5 --weight_decay 0.1 --warmup_steps 40 --lr_scheduler_type "linear" \
    --logging_steps 1 --fsdp "full_shard auto_wrap" --fsdp_transformer_layer_cls_to_wrap LlamaDecoderLayer --tf32 True
