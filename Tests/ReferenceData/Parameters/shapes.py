"""Writes the names and shapes of real networks, as their libraries have them: name,shape, and with the library's own answer to
which tensors decay (timm: param_groups_weight_decay; Hugging Face: Trainer.get_decay_parameter_names; buffers: blank).

Needs torch, timm and transformers. Nothing is downloaded: the networks are made without weights.
"""
import csv
import pathlib

import timm
import torch
import transformers
from timm.optim import param_groups_weight_decay
from torch import nn
from transformers.trainer_pt_utils import get_parameter_names

HERE = pathlib.Path(__file__).parent
FORBIDDEN = [r"bias", r"layernorm", r"rmsnorm", r"(?:^|\.)norm(?:$|\.)", r"_norm(?:$|\.)"]


def write(name, model, decaying):
    parameters = dict(model.named_parameters())
    with open(HERE / f"{name}.csv", "w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["name", "shape", "decays"])
        for key, tensor in model.state_dict().items():
            if key not in parameters and tensor.dim() == 0:
                continue
            flag = ("yes" if key in decaying else "no") if key in parameters else ""
            rows.writerow([key, "x".join(str(extent) for extent in tensor.shape), flag])


def of_timm(name, **options):
    model = timm.create_model(name, pretrained=False, **options)
    named = model.no_weight_decay() if hasattr(model, "no_weight_decay") else ()
    groups = param_groups_weight_decay(model, 0.1, no_weight_decay_list=named)
    decaying = {id(p) for group in groups if group["weight_decay"] > 0 for p in group["params"]}
    write(f"timm-{name}", model, {key for key, p in model.named_parameters() if id(p) in decaying})


def of_transformers(name, model):
    write(f"hf-{name}", model, set(get_parameter_names(model, [nn.LayerNorm], FORBIDDEN)))


with torch.device("meta"):
    of_timm("resnet50")
    of_timm("vit_small_patch16_224", depth=2)
    of_timm("mobilenetv2_100")
    of_timm("convnext_tiny")
    t = transformers
    of_transformers("gpt2", t.GPT2LMHeadModel(t.GPT2Config(n_layer=2)))
    of_transformers("llama", t.LlamaForCausalLM(t.LlamaConfig(
        hidden_size=2048, intermediate_size=8192, num_hidden_layers=2, num_attention_heads=32, num_key_value_heads=8,
        vocab_size=32000)))
    of_transformers("qwen3", t.Qwen3ForCausalLM(t.Qwen3Config(
        hidden_size=1024, intermediate_size=3072, num_hidden_layers=2, num_attention_heads=16, num_key_value_heads=8,
        head_dim=128, vocab_size=32000)))
    of_transformers("gemma2", t.Gemma2ForCausalLM(t.Gemma2Config(
        hidden_size=256, intermediate_size=1024, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        head_dim=64, vocab_size=1000)))
    of_transformers("bert", t.BertForMaskedLM(t.BertConfig(num_hidden_layers=2)))
    of_transformers("t5", t.T5ForConditionalGeneration(t.T5Config(num_layers=2)))
    of_transformers("gpt-oss", t.GptOssForCausalLM(t.GptOssConfig(
        hidden_size=288, intermediate_size=320, num_hidden_layers=1, num_local_experts=4, vocab_size=1000,
        num_attention_heads=4, num_key_value_heads=2, head_dim=32)))
    of_transformers("qwen3-moe", t.Qwen3MoeForCausalLM(t.Qwen3MoeConfig(
        hidden_size=256, moe_intermediate_size=96, num_hidden_layers=1, num_experts=8, vocab_size=1000,
        num_attention_heads=4, num_key_value_heads=2, head_dim=64)))
