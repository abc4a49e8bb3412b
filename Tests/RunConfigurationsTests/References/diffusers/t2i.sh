export MODEL=some/sd
accelerate launch --num_processes=2 --mixed_precision=fp16 train_text_to_image.py \
  --pretrained_model_name_or_path=$MODEL --dataset_name=some/pics \
  --use_ema --resolution=512 --center_crop --random_flip \
  --train_batch_size=4 --gradient_accumulation_steps=4 --gradient_checkpointing \
  --max_train_steps=1500 --learning_rate=1e-05 --max_grad_norm=1 \
  --lr_scheduler=cosine --lr_warmup_steps=100 --output_dir=out
