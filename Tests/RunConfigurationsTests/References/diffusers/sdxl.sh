accelerate launch --num_processes 2 train_text_to_image_lora_sdxl.py --pretrained_model_name_or_path some/sdxl \
 --dataset_name some/pics --train_batch_size 2 --num_train_epochs 5 --gradient_accumulation_steps 3 \
 --learning_rate 1e-4 --lr_scheduler constant_with_warmup --lr_warmup_steps 60 --output_dir out
