python -m torch.distributed.launch --nproc_per_node=8 main_dino.py --arch vit_small --data_path /data/im/train --output_dir out
