"""Keys that were renamed, and the names that other trainers use for ours.

The command line refuses each of them with the key to use instead. The first word of a value is a
key of `oldbook fit`; what follows it is advice.
"""

# old key: new key; a group's entry holds for all keys below it
RENAMED: dict[str, str] = {
    "bad_steps.max_in_a_row": "bad_steps.max_consecutive",
    "checkpoint.every_n_steps": "checkpoint.every_n_train_steps",
    "checkpoint.keep": "checkpoint.save_top_k",
    "choose": "selection",
    "choose.rule.agreement_loss": "selection.rule.max_clip_score_drop",
    "choose.rule.copying_p": "selection.rule.min_copying_p",
    "choose.rule.diversity": "selection.rule.min_diversity",
    "choose.rule.identified_loss": "selection.rule.max_rank_drop",
    "choose.rule.level": "selection.rule.alpha",
    "choose.rule.steering": "selection.rule.max_style_leakage",
    "model.adapter": "model.method",
    "model.loss": "model.objective",
    "data.allow_changes": "data.stream.allow_changes",
    "data.global_batch": "data.global_batch_size",
    "data.held_out.num_watched": "data.held_out.num_monitored",
    "data.held_out.share": "data.held_out.fraction",
    "data.limits": "data.images",
    "data.max_bad_share": "data.images.max_bad_fraction",
    "data.network": "data.stream.network",
    "data.random_flip": "data.images.random_flip",
    "data.revision": "data.stream.revision",
    "data.shuffle_window": "data.stream.shuffle_buffer_size",
    "data.split": "data.stream.split",
    "selection.rule.max_recall_drop": "selection.rule.max_rank_drop",
    "render.contrast": "render.negatives_dir",
    "render.num_apart": "render.probe_samples_per_prompt",
    "render.num_seeds": "render.samples_per_prompt",
    "render.sampling.num_steps": "render.sampling.num_inference_steps",
    "render.sampling.sampler": "render.sampling.scheduler",
    "render.steered": "render.off_style_prompts",
}

# flags of diffusers' train_text_to_image_lora.py, and names that are usual elsewhere
FOREIGN: dict[str, str] = {
    "adam_beta1": "model.optimizer.init_args.betas",
    "adam_beta2": "model.optimizer.init_args.betas",
    "adam_epsilon": "model.optimizer.init_args.eps",
    "adam_weight_decay": "model.optimizer.init_args.weight_decay",
    "allow_tf32": "trainer.precision",
    "batch_size": "data.batch_size",
    "cache_dir": "data.cache.folder",
    "caption_column": "data.columns.caption",
    "center_crop": "data.resolution, which always crops the centre",
    "checkpointing_steps": "checkpoint.every_n_train_steps",
    "checkpoints_total_limit": "checkpoint.save_top_k",
    "dataloader_num_workers": "data.num_workers",
    "dataset": "data.path",
    "dataset_name": "data.path",
    "epochs": "trainer.max_steps",
    "gpus": "trainer.devices with trainer.accelerator gpu",
    "gradient_accumulation_steps": "trainer.accumulate_grad_batches",
    "gradient_checkpointing": "model.gradient_checkpointing",
    "image_column": "data.columns.image",
    "learning_rate": "model.optimizer.init_args.lr",
    "log_dir": "trainer.logger.init_args.save_dir",
    "logging_dir": "trainer.logger.init_args.save_dir",
    "lora_alpha": "model.method.init_args.alpha",
    "lora_rank": "model.method.init_args.rank",
    "lr": "model.optimizer.init_args.lr",
    "lr_scheduler": "model.lr_scheduler.class_path",
    "lr_warmup_steps": "model.lr_scheduler.class_path",
    "max_epochs": "trainer.max_steps",
    "max_grad_norm": "trainer.gradient_clip_val",
    "max_train_steps": "trainer.max_steps",
    "mixed_precision": "trainer.precision",
    "model_name": "model.pretrained",
    "num_epochs": "trainer.max_steps",
    "num_gpus": "trainer.devices with trainer.accelerator gpu",
    "num_train_epochs": "trainer.max_steps",
    "num_validation_images": "render.samples_per_prompt",
    "num_workers": "data.num_workers",
    "output": "trainer.logger.init_args.save_dir",
    "output_dir": "trainer.logger.init_args.save_dir",
    "prediction_type": "model.pretrained, whose scheduler decides",
    "pretrained_model_name_or_path": "model.pretrained",
    "prompt": "render.prompts, a list",
    "prompts": "render.prompts, a list",
    "random_flip": "data.images.random_flip",
    "rank": "model.method.init_args.rank",
    "report_to": "trainer.logger.class_path",
    "resolution": "data.resolution",
    "resume": "ckpt_path last",
    "resume_from_checkpoint": "ckpt_path last",
    "revision": "model.revision",
    "save_every": "checkpoint.every_n_train_steps",
    "save_steps": "checkpoint.every_n_train_steps",
    "seed": "seed_everything",
    "size": "data.resolution",
    "snr_gamma": "model.objective.init_args.snr_gamma",
    "steps": "trainer.max_steps",
    "train_batch_size": "data.batch_size",
    "train_data_dir": "data.path",
    "use_8bit_adam": "model.optimizer.class_path bitsandbytes.optim.AdamW8bit",
    "validation_epochs": "checkpoint.every_n_train_steps",
    "validation_prompt": "render.prompts, a list",
    "variant": "model.variant",
    "weight_decay": "model.optimizer.init_args.weight_decay",
}

# the same for `oldbook render`, whose keys have no groups
FOREIGN_TO_RENDER: dict[str, str] = {
    "cfg_scale": "guidance_scale",
    "lora": "adapter",
    "model": "base",
    "num_steps": "num_inference_steps",
    "output": "out",
    "pretrained_model_name_or_path": "base",
    "sampler": "scheduler",
    "size": "resolution",
    "steps": "num_inference_steps",
}

# flags of the same script that nothing here answers to
WITHOUT_COUNTERPART: dict[str, str] = {
    "dataset_config_name": "the dataset's default configuration is read",
    "enable_xformers_memory_efficient_attention": "PyTorch's own efficient attention is always on",
    "hub_model_id": "adapters are files in checkpoints/ of the run's folder",
    "hub_token": "log in with `hf auth login`",
    "image_interpolation_mode": "images are always resized with Lanczos",
    "local_rank": "the launcher tells it by itself",
    "max_train_samples": "the number of training images is that of the dataset",
    "noise_offset": "it is model.objective.init_args.noise_offset of DenoisingLoss",
    "push_to_hub": "adapters are files in checkpoints/ of the run's folder",
    "scale_lr": "the learning rate is used as it is given",
}


def renamed(key: str) -> str:
    """The present name of a key; itself where it was never renamed."""
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        if new := RENAMED.get(".".join(parts[:length])):
            return ".".join([new, *parts[length:]])
    return key


def advice(command: str, key: str) -> str:
    """What to use instead of a key that a command does not know; empty where nobody can tell."""
    if (new := renamed(key)) != key:
        return f"it is {new} now"
    name = key.replace("-", "_")
    table = FOREIGN_TO_RENDER if command == "render" else FOREIGN
    if name in table:
        return f"use --{table[name]}"
    if name in WITHOUT_COUNTERPART and command != "render":
        return f"leave it out: {WITHOUT_COUNTERPART[name]}"
    return ""
