accelerate launch --num_processes 4 train_dreambooth.py --pretrained_model_name_or_path some/sd \
 --instance_data_dir pics --instance_prompt "a photo of sks dog" --output_dir out --train_text_encoder \
 --train_batch_size 1 --gradient_accumulation_steps 2 --learning_rate 2e-6 --scale_lr --use_8bit_adam \
 --adam_weight_decay 0.02 --max_train_steps 800
