export LR=5e-2
accelerate launch --num_processes 2 --num_machines 1 --mixed_precision bf16 run_clm.py \
  --model_name_or_path gpt2 --dataset_name wikitext --block-size=512 \
  --do_train --output_dir=out --optim sgd --optim_args "momentum=0.9,nesterov=True" \
  --learning-rate $LR --weight-decay=5e-4 --max_steps 800 --warmup_steps=80 \
  --lr_scheduler_type cosine_with_min_lr --lr_scheduler_kwargs '{"min_lr_rate": 0.1}' --per_device_train_batch_size 16
