"""Sources with hyperparameters in tables, in objects of settings and in computed values."""

FLOW_IDIOMS = {
    "tables": """
RATES = {"mnist": ⟦learning_rate: 0.1⟧, "cifar": ⟦learning_rate: 0.01⟧}
PASSES = {"mnist": ⟦epochs: 10⟧, "cifar": ⟦epochs: 200⟧}
args.lr = RATES[args.data.lower()]
lrs = {"a": ⟦learning_rate: 0.3⟧, "b": ⟦learning_rate: 0.03⟧}
args.base_lr = lrs[args.data] / (4 * gpus) * args.batch_size
args.epochs = PASSES.get(args.data, ⟦epochs: 20⟧)
batch_size = {"small": ⟦batch_size: 32⟧, "large": ⟦batch_size: 256⟧}[args.size]
classes = {"mnist": 10, "cifar": 100}
outputs = classes[args.data]
""",
    "settings_handed_on": """
import argparse, torch
from types import SimpleNamespace
opts = dict(lr=⟦learning_rate: 0.1⟧, momentum=⟦momentum: 0.9⟧)
opts["weight_decay"] = ⟦weight_decay: 1e-4⟧
opts.update(nesterov=⟦other: True⟧)
optimizer = torch.optim.SGD(model.parameters(), **opts)
given = {"lr": ⟦learning_rate: 0.1⟧, "n_epochs": ⟦epochs: 10⟧}
args = argparse.Namespace(**given)
cfg = SimpleNamespace(bs=⟦batch_size: 32⟧, wd=⟦weight_decay: 0.01⟧)
""",
    "settings_of_an_owner": """
from yacs.config import CfgNode as CN
_C = CN()
_C.SOLVER.BASE_LR = ⟦learning_rate: 0.001⟧
_C.SOLVER.IMS_PER_BATCH = ⟦batch_size: 64⟧
_C.SOLVER.STEPS = ⟦milestones: (30, 55)⟧
_C.SOLVER.GAMMA = ⟦gamma: 0.1⟧
_C.TEST.IMS_PER_BATCH = ⟦eval_batch_size: 128⟧
lr_config = dict(policy="step", warmup_iters=⟦warmup: 500⟧, gamma=⟦gamma: 0.1⟧)
data = dict(samples_per_gpu=⟦batch_size: 2⟧, workers_per_gpu=2)
agent.GAMMA = 0.95
""",
    "pairs_of_betas": """
import torch, argparse
betas = [⟦beta1: 0.5⟧, ⟦beta2: 0.999⟧]
settings = {"adam_betas": (⟦beta1: 0.6⟧, ⟦beta2: 0.9⟧)}
p = argparse.ArgumentParser()
p.add_argument("--betas", nargs=2, default=[⟦beta1: 0.9⟧, ⟦beta2: 0.98⟧])
def build(betas=(⟦beta1: 0.9⟧, ⟦beta2: 0.95⟧)): ...
torch.optim.Adam(p, betas=betas)
torch.optim.Adam(p, ⟦learning_rate: 0.1⟧, (⟦beta1: 0.8⟧, ⟦beta2: 0.99⟧))
""",
    "clipped_by_hand": """
import argparse, numpy as np, tensorflow as tf
c = ⟦clip: 0.01⟧
bound = ⟦clip: 5⟧
for p in net.parameters():
    p.data.clamp_(-c, c)
    p.grad.data.clamp_(⟦clip: -1⟧, ⟦clip: 1⟧)
    np.clip(grads["w"], -bound, bound, out=grads["w"])
pairs = [(tf.clip_by_value(grad, ⟦clip: -1.⟧, clip_value_max=⟦clip: 1.⟧), v) for grad, v in pairs]
x = np.clip(x, 0, 1)
y = img.data.clamp_(0, 1)
gradient_clip_value = ⟦clip: 0.05⟧
parser = argparse.ArgumentParser()
parser.add_argument("--weight_clip", default=⟦clip: 0.02⟧, type=float)
clip_len = 16
""",
    "milestones": """
import torch, argparse
parser = argparse.ArgumentParser()
parser.add_argument("--schedule", type=int, nargs="+", default=⟦milestones: [81, 122]⟧)
parser.add_argument("--step1", default=⟦milestones: 80⟧, type=int, help="epochs before first lr decrease")
marks = [int(⟦milestones: 0.5⟧ * total), int(total * ⟦milestones: 0.75⟧)]
torch.optim.lr_scheduler.MultiStepLR(opt, marks, gamma=⟦gamma: 0.2⟧)
torch.optim.lr_scheduler.MultiStepLR(opt, [e * len(loader) for e in ⟦milestones: [30, 60]⟧])
lr_decay_epochs = [int(⟦milestones: 0.4⟧ * total), int(⟦milestones: 0.8⟧ * total)]
def adjust_learning_rate(optimizer, epoch):
    if epoch < ⟦milestones: 60⟧:
        divisor = 1.0
    elif epoch < ⟦milestones: 120⟧:
        divisor = 5.0
    else:
        divisor = 25.0
    if epoch < 7:
        colour = 1.0
    for group in optimizer.param_groups:
        group["lr"] = args.lr / divisor
def lr_schedule(epoch, lr):
    if epoch <= 5:
        return lr * epoch / 5
    if epoch >= ⟦milestones: 42⟧ and epoch <= ⟦milestones: 71⟧:
        return lr * ⟦gamma: 0.1⟧
    return lr
""",
    "penalties": """
import argparse
import tensorflow as tf
loss = loss + ⟦weight_decay: 1e-4⟧ * reg_loss
loss += ⟦weight_decay: 5e-4⟧ * tf.add_n([tf.nn.l2_loss(v) for v in weights])
loss = tf.reduce_mean(ce + ⟦weight_decay: 1e-3⟧ * regularizers)
loss = loss + 0.1 * reg
regular_coef = ⟦weight_decay: 5e-4⟧
reg_lambda = ⟦weight_decay: 0.01⟧
gan_reg = 5e-4
""",
    "widths_and_depths": """
class Net:
    def __init__(self, features=⟦hidden: [32, 64]⟧, d_hidden=⟦hidden: 64⟧, n_conv_layers=⟦depth: 3⟧, img_dim=784): ...
hidden_layer_width = ⟦hidden: 512⟧
NUM_LAYERS_ENC = ⟦depth: 2⟧
num_filters1 = ⟦hidden: 150⟧
hidden_units = ⟦hidden: [100]⟧
word_embedding_size = ⟦hidden: 20⟧
vocab_embedding_size, max_seq_size, kernel_size, num_classes, model_size = 1000, 100, 3, 10, 3
features = [0, 1]
hidden_size = 0
net = Transformer(dim=⟦hidden: 512⟧)
y = reduce(x, dim=1)
""",
    "tuned_without_a_kind": """
mse_loss_weight = ⟦other: 0.3⟧
model.compile(loss_weights=⟦other: [1, 0.5]⟧)
early_stopping_patience = ⟦other: 10⟧
teacher_forcing = ⟦other: 0.5⟧
lambda_cycle = ⟦other: 10.0⟧
mem_size = ⟦other: 100000⟧
accumulate_grad_batches = ⟦other: 4⟧
weights = 0.5
""",
    "steps_and_batches": """
import keras
model.fit(gen, steps_per_epoch=len(x) // ⟦batch_size: 32⟧, validation_steps=len(v) // ⟦eval_batch_size: 16⟧)
model.fit(gen, steps_per_epoch=⟦train_steps: 200⟧, epochs=⟦epochs: 35⟧)
half = len(x) // 2
n_iter_per_epoch = ⟦train_steps: 20⟧
batch = mnist.train.next_batch(⟦batch_size: 50⟧)
batch_size = ⟦batch_size: 12⟧
for i in range(j * batch_size, (j + 1) * batch_size):
    opt.step()
n_epochs = ⟦epochs: 5000⟧ + ⟦epochs: 100⟧
""",
    "evaluations": """
def Evaluate(model, batch_size=⟦eval_batch_size: 32⟧): ...
Evaluate(model, batch_size=⟦eval_batch_size: 64⟧)
def input_fn(data, num_epochs, batch_size): ...
model.train(input_fn=lambda: input_fn(train_data, ⟦epochs: 9⟧, ⟦batch_size: 8⟧))
model.evaluate(input_fn=lambda: input_fn(test_data, 1, ⟦eval_batch_size: 8⟧))
""",
    "kind_by_spelling_or_help": """
import argparse
l_rate = ⟦learning_rate: 0.1⟧
LRate = ⟦learning_rate: 0.2⟧
bsize = ⟦batch_size: 10⟧
keep_rate = ⟦dropout: 0.6⟧
epoch_size = 5000
cycle_epochs = 10
momentum_buffer = 0
parser = argparse.ArgumentParser()
parser.add_argument("--niter", type=int, default=⟦epochs: 100⟧, help="# of epochs at starting learning rate")
parser.add_argument("--tasks_num", type=int, default=⟦batch_size: 32⟧, help="meta batch size, namely task num")
parser.add_argument("--e", type=int, default=⟦epochs: 7⟧, help="epochs")
parser.add_argument("--dropout", default="00", type=str, help="position of dropouts")
""",
    "methods_of_objects": """
class Network:
    def train(self, data, n_epochs, eta):
        self.w = self.w - eta * grad
class Other:
    def train(self, data, size, colour): ...
net = Network()
net.train(data, ⟦epochs: 30⟧, ⟦learning_rate: 0.5⟧)
other = Other()
other.train(data, 30, 0.5)
class Deeper(Network): ...
class Base:
    def fit_all(self, n_epochs): ...
deeper = Deeper()
deeper.fit_all(⟦epochs: 3⟧)
""",
    "fastai": """
from fastai.vision.all import ImageDataLoaders
dls = ImageDataLoaders.from_folder(path, bs=⟦batch_size: 64⟧)
learn.fit_one_cycle(⟦epochs: 5⟧, ⟦learning_rate: 1e-3⟧)
learn.fine_tune(⟦epochs: 4⟧)
""",
}
"""By name of the form, a source."""
