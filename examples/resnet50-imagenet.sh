#!/bin/bash
# ResNet-50 on ImageNet-1k with timm's train.py: row "ImageNet-1k, ResNet-50" of the paper's Table 4.
# The table states optimizer, learning rate, weight decay, momentum, batch (256), epochs and warm-up; the rest is assumed.
GPUS=8
BATCH=256

OPTIMIZER=(
  --opt momentum  # timm's sgd would have Nesterov momentum
  --momentum 0.9
  --weight-decay 1e-4
  --lr 0.1
)
SCHEDULE=(
  --sched cosine --sched-on-updates
  --epochs 90
  --warmup-epochs 5 --warmup-lr 1e-6
  --min-lr 0
)

./distributed_train.sh $GPUS --data-dir "${DATA:-/data/imagenet}" --dataset torch/imagenet \
  --model resnet50 --batch-size $((BATCH / GPUS)) \
  "${OPTIMIZER[@]}" "${SCHEDULE[@]}" \
  --amp -j 8 --experiment resnet50-imagenet 2>&1 | tee train.log
