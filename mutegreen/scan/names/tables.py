"""Which kind has a name in a table? `hidden_size=128`: hidden; `optimizer="adam"`: optimizer."""

from __future__ import annotations

from collections.abc import Callable

from mutegreen.model import Kind
from mutegreen.scan.names.meaning import UNKNOWN, Meaning, is_number
from mutegreen.scan.names.words import words

_Fits = Callable[[object], bool]


def table_meaning(parts: tuple[str, ...], value: object) -> Meaning:
    """Return the kind that a table has for a name; if the value does not fit the kind, the name is unknown."""
    for kind, names, fits in _NAMES:
        if parts in names:
            return Meaning(kind) if fits(value) else UNKNOWN
    for kind, needed, without, fits in _WORDS:
        if needed <= set(parts) and not without & set(parts):
            return Meaning(kind) if fits(value) else UNKNOWN
    return UNKNOWN


def _whole(value: object) -> bool:
    return is_number(value, 1, whole=True)


def _text(value: object) -> bool:
    return isinstance(value, str) and value.replace("_", "").replace("-", "").isalnum()


def _several(value: object) -> bool:
    return isinstance(value, (list, tuple))


def _named(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(words(name) for name in text.split())


_NAMES: list[tuple[Kind, frozenset[tuple[str, ...]], _Fits]] = [
    (
        Kind.TRAIN_STEPS,
        _named("iterations episodes iters steps_per_epoch iters_per_epoch n_iter_per_epoch kimg updates"),
        _whole,
    ),
    (
        Kind.STEP_SIZE,
        _named("decay_steps step_size decay_step decay_every stepsize transition_steps decay_iters decay_interval"),
        _whole,
    ),
    (Kind.OPTIMIZER, _named("optimizer opt optimizer_name optimizer_type solver optim_name"), _text),
    (Kind.BETA1, _named("beta1 beta_1 b1 adam_beta1 adam_b1"), is_number),
    (Kind.BETA2, _named("beta2 beta_2 b2 adam_beta2 adam_b2"), is_number),
    (Kind.EPSILON, _named("adam_eps adam_epsilon opt_eps optimizer_eps"), is_number),
    (
        Kind.CLIP,
        _named(
            "gradient_clip_value grad_clip_value weight_clip weight_clip_value weight_clipping clip_weights "
            "clip_gradients clip_grad_value clip_grad_norm gradient_clip_norm gradient_clipnorm max_norm "
            "grad_norm_max gradient_clip_threshold grad_clip_thresh clip_threshold clip_gradient_norm gradient_norm "
            "gradient_max_norm grad_max_norm max_gradient_norm clip_eps clip_epsilon clipping clip_range_vf "
            "clip grad_clip clip_grad max_grad_norm gradient_clip_val clip_norm clipnorm clipvalue "
            "grad_norm_clip gradient_clip grad_clip_norm clip_max_norm clip_value grad_norm clip_coef "
            "clip_param max_gradient_norm eps_clip clip_gradient gradient_clipping l2_norm_clip clip_ratio "
            "clip_range"
        ),
        is_number,
    ),
    (Kind.LABEL_SMOOTHING, _named("label_smoothing smoothing label_smooth label_smoothing_factor"), is_number),
    (Kind.THRESHOLD, _named("threshold thresh conf_threshold"), is_number),
    (Kind.TEMPERATURE, _named("temperature temp"), is_number),
    (
        Kind.HIDDEN,
        _named(
            "hidden hidden_size hidden_dim hidden_units n_hidden num_hidden nhid nhidden embed_dim "
            "embedding_dim emsize embed_size d_model n_embd emb_dim embedding_size hidden_channels latent_dim "
            "dim_feedforward num_heads nheads n_head n_heads nhead num_attention_heads intermediate_size d_ff "
            "ngf ndf nz d_inner d_k d_v rnn_size word_dim num_filters num_units z_dim w_dim hidden_nodes "
            "hidden_layer_size base_channels latent_size enc_hid_dim dec_hid_dim enc_emb_dim dec_emb_dim "
            "hidden1 hidden2 attention_dim decoder_dim encoder_dim lora_r widen_factor heads layer_1_size "
            "layer_2_size width"
        ),
        _whole,
    ),
    (
        Kind.DEPTH,
        _named(
            "depth num_layers n_layers nlayers n_layer enc_layers dec_layers num_hidden_layers layers "
            "num_blocks n_blocks num_layer hidden_layers layer_num num_encoder_layers num_decoder_layers "
            "gnn_layers"
        ),
        _whole,
    ),
    (
        Kind.OTHER,
        _named(
            "gradient_accumulation_steps grad_accum accum_steps accumulation_steps gradient_accumulate_every "
            "accum_iter eta_min t_max gae_lambda ent_coef vf_coef mixup cutmix mixup_alpha cutmix_alpha "
            "patience early_stop early_stopping dampening rho lambda_gp n_critic margin buffer_size memory_size "
            "replay_size replay_memory memory_capacity replay_buffer_size epsilon_start epsilon_end eps_start "
            "eps_end eps_decay epsilon_decay initial_epsilon final_epsilon power lora_alpha target_update "
            "noise_multiplier"
        ),
        is_number,
    ),
]
_WORDS: list[tuple[Kind, frozenset[str], frozenset[str], _Fits]] = [
    (Kind.WARMUP, frozenset({"warmup"}), frozenset(), is_number),
    (Kind.MILESTONES, frozenset({"milestones"}), frozenset(), _several),
    (Kind.SEED, frozenset({"seed"}), frozenset({"file"}), is_number),
    (Kind.SEED, frozenset({"random", "state"}), frozenset(), is_number),
]
