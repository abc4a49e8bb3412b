import argparse
import torch
from transformers import AutoModelForSequenceClassification, get_cosine_schedule_with_warmup

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=3e-5)
parser.add_argument("--weight-decay", type=float, default=0.02)
parser.add_argument("--warmup-steps", type=int, default=100)
parser.add_argument("--max-steps", type=int, default=1000)
args = parser.parse_args()

model = AutoModelForSequenceClassification.from_pretrained("my/tiny")
optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, betas=(0.9, 0.98), weight_decay=args.weight_decay)
scheduler = get_cosine_schedule_with_warmup(optimizer, num_warmup_steps=args.warmup_steps, num_training_steps=args.max_steps)
