extension CommandLineProgram {
  /// Scripts that hand their flags to the Trainer's arguments, whatever they are called: `train_mem.py`, `run_clm.py`.
  static let huggingFace = CommandLineProgram(
    identifier: "huggingface", name: "a script of Hugging Face's Trainer", scripts: [],
    flags: CommandLineFlags(
      """
      output_dir learning_rate weight_decay adam_beta1 adam_beta2 adam_epsilon max_grad_norm num_train_epochs max_steps
      lr_scheduler_type lr_scheduler_kwargs warmup_ratio warmup_steps optim optim_args adafactor? deepspeed fsdp*
      per_device_train_batch_size per_gpu_train_batch_size per_device_eval_batch_size per_gpu_eval_batch_size
      gradient_accumulation_steps gradient_checkpointing? dataloader_drop_last? group_by_length? run_name
      model_name_or_path config_name tokenizer_name dataset_name dataset_config_name train_file validation_file data_path
      image_folder do_train? do_eval? do_predict? bf16? fp16? tf32? evaluation_strategy eval_strategy eval_steps
      save_strategy save_steps save_total_limit logging_steps logging_strategy logging_dir logging_first_step? report_to
      seed data_seed dataloader_num_workers preprocessing_num_workers model_max_length max_seq_length block_size
      overwrite_output_dir? overwrite_cache? load_best_model_at_end? metric_for_best_model ddp_timeout
      ddp_find_unused_parameters? fsdp_transformer_layer_cls_to_wrap fsdp_config torch_dtype low_cpu_mem_usage?
      remove_unused_columns? lora_r lora_alpha lora_dropout lora_enable? bits auto_find_batch_size?
      resume_from_checkpoint push_to_hub? label_smoothing_factor neftune_noise_alpha mm_projector_lr version
      vision_tower mm_projector_type mm_vision_select_layer mm_use_im_start_end? mm_use_im_patch_token?
      image_aspect_ratio group_by_modality_length? lazy_preprocess? tune_mm_mlp_adapter? pretrain_mm_mlp_adapter
      fp16_full_eval? bf16_full_eval? include_inputs_for_metrics? torch_compile? use_cpu? no_cuda? local_rank
      """, separator: "_"),
    telling: [
      "per_device_train_batch_size", "per_gpu_train_batch_size", "num_train_epochs", "lr_scheduler_type",
      "gradient_accumulation_steps", "save_strategy", "evaluation_strategy", "warmup_ratio", "adam_beta2",
      "per_device_eval_batch_size", "save_total_limit", "overwrite_output_dir", "deepspeed",
    ], supporting: ["output_dir", "model_name_or_path", "do_train"], takesOthers: true)
}
