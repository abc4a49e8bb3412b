#!/bin/bash
# Transformer-S on IWSLT2014 German to English with fairseq: row "IWSLT2014 de-en" of the paper's Table 4.
# The paper states optimizer, batch, steps and schedule. It has no zero-shot cell for this row: learning rate, weight
# decay and the second coefficient are those of the authors' script.
TEXT=iwslt14.tokenized.de-en
DATA=data-bin/$TEXT

fairseq-preprocess --source-lang de --target-lang en \
  --trainpref $TEXT/train --validpref $TEXT/valid --testpref $TEXT/test \
  --destdir $DATA --workers 20

CUDA_VISIBLE_DEVICES=0 fairseq-train $DATA \
  --arch transformer_iwslt_de_en --share-decoder-input-output-embed \
  --optimizer adam --adam-betas '(0.9, 0.98)' --clip-norm 0.0 \
  --lr 5e-4 --lr-scheduler cosine --warmup-updates 4000 --max-update 22021 \
  --dropout 0.3 --weight-decay 0.0001 \
  --criterion label_smoothed_cross_entropy --label-smoothing 0.1 \
  --max-tokens 4096 \
  --eval-bleu --eval-bleu-detok moses --eval-bleu-remove-bpe \
  --best-checkpoint-metric bleu --maximize-best-checkpoint-metric
