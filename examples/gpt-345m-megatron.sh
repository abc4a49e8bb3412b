#!/bin/bash
# A GPT of 345 million parameters with Megatron-LM: the sizes and hyperparameters of its distributed GPT example.
GPUS_PER_NODE=8
NUM_NODES=1
DATA_PATH=$1

LAUNCH=(--nproc_per_node $GPUS_PER_NODE --nnodes $NUM_NODES)

MODEL=(
  --num-layers 24
  --hidden-size 1024
  --num-attention-heads 16
  --seq-length 1024
  --max-position-embeddings 1024
)
TRAINING=(
  --micro-batch-size 8
  --global-batch-size 64
  --train-iters 500000
  --lr 0.00015 --min-lr 1.0e-5
  --lr-decay-style cosine --lr-decay-iters 320000 --lr-warmup-fraction .01
  --weight-decay 1e-2 --clip-grad 1.0
  --fp16
)
INPUT=(--data-path $DATA_PATH --vocab-file gpt2-vocab.json --merge-file gpt2-merges.txt --split 949,50,1)

torchrun ${LAUNCH[@]} pretrain_gpt.py \
  ${MODEL[@]} \
  ${TRAINING[@]} \
  ${INPUT[@]} \
  --log-interval 100 --save-interval 10000 --eval-interval 1000 --eval-iters 10 \
  --save checkpoints --load checkpoints
