torchrun --nproc_per_node 4 -m open_clip_train.main --train-data '/data/cc/{00000..00331}.tar' --train-num-samples 1000000 --batch-size=320 --epochs=4 --model ViT-B-32
