"""Sources with hyperparameters in many forms, and with values that only look like hyperparameters.

The scan must find all marked values, and nothing else. The sources are written for these tests.
"""

IDIOMS = {
    "argparse": """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument('-b', '--batch-size', default=⟦batch_size: 64⟧, type=int)
parser.add_argument("-j", "--workers", default=4, type=int)
parser.add_argument('--lr', '--learning-rate', default=⟦learning_rate: 0.1⟧, type=float, dest='lr')
parser.add_argument("--start-epoch", default=0, type=int)
parser.add_argument("--epochs", type=int, default=⟦epochs: 90⟧, help="epochs")
parser.add_argument("--wd", default=⟦weight_decay: 1e-4⟧, type=float)
parser.add_argument("--print-freq", default=10, type=int)
parser.add_argument("--log-interval", type=int, default=100)
parser.add_argument("--save_every_epochs", type=int, default=5)
parser.add_argument("--momentum", default=⟦momentum: 0.9⟧, type=float)
parser.add_argument("--bn-momentum", default=0.1, type=float)
parser.add_argument("--ema-decay", default=0.9999, type=float)
parser.add_argument("--val-batch-size", default=⟦eval_batch_size: 256⟧, type=int)
parser.add_argument("--dropout", default=⟦dropout: 0.5⟧, type=float)
parser.add_argument("--use-dropout", default=False, action="store_true")
parser.add_argument("--amsgrad", action=argparse.BooleanOptionalAction)
parser.add_argument("--resume-epoch", default=12, type=int)
parser.add_argument("--lr-scheduler", default="cosine")
parser.add_argument("--epochs-between-saves", default=3, type=int)
""",
    "argparse_kind_by_help": """
import argparse
p = argparse.ArgumentParser()
p.add_argument("-n", type=int, default=⟦epochs: 20⟧, help="number of epochs to train for")
p.add_argument("--eta", type=float, default=⟦learning_rate: 0.3⟧, help="initial learning rate")
p.add_argument("--mb", type=int, default=⟦batch_size: 16⟧, help="batch size for training")
p.add_argument("--decay", type=float, default=⟦weight_decay: 5e-4⟧, help="Weight decay (L2 loss on parameters).")
p.add_argument("--epoch", type=int, default=0, help="epoch to start training from")
p.add_argument("--gamma", type=float, default=0.99, help="discount factor")
p.add_argument("--factor", type=float, default=⟦gamma: 0.1⟧, help="LR is multiplied by it on schedule")
p.add_argument("--checkpoint", type=int, default=5, help="number of epochs between checkpoints")
""",
    "argparse_kind_by_use": """
import argparse, torch
from torch.utils.data import DataLoader
parser = argparse.ArgumentParser()
group = parser.add_argument_group("training")
group.add_argument("-b", type=int, default=⟦batch_size: 128⟧)
group.add_argument("--niter", type=int, default=⟦epochs: 25⟧)
group.add_argument("--gamma", type=float, default=⟦gamma: 0.7⟧)
group.add_argument("--reg", type=float, default=⟦weight_decay: 1e-3⟧)
group.add_argument("--first", type=int, default=3)
args = parser.parse_args()
loader = DataLoader(data, batch_size=args.b // 2, shuffle=True)
optimizer = torch.optim.SGD(model.parameters(), ⟦learning_rate: 0.1⟧, ⟦momentum: 0.9⟧, weight_decay=float(args.reg))
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, ⟦step_size: 1⟧, args.gamma)
for epoch in range(args.first, args.niter + 1):
    train()
""",
    "argparse_helpers": """
import argparse
def add_training(parser):
    group = parser.add_argument_group("training")
    add = group.add_argument
    add("--lr", type=float, default=⟦learning_rate: 0.1⟧)
    add("--epochs", type=int, default=⟦epochs: 3⟧)
def main():
    parser = argparse.ArgumentParser()
    add_training(parser)
    commands = parser.add_subparsers()
    fit = commands.add_parser("fit")
    fit.add_argument("--batch-size", type=int, default=⟦batch_size: 8⟧)
    fit.add_argument("--seed", type=int, default=⟦seed: 1⟧)
    fit.set_defaults(verbose=3)
""",
    "argparse_set_defaults": """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1.0)
parser.add_argument("--epochs", type=int)
parser.set_defaults(lr=⟦learning_rate: 0.25⟧, epochs=⟦epochs: 7⟧)
""",
    "flags": """
import click, typer
from absl import flags
import tensorflow as tf
flags.DEFINE_float("learning_rate", ⟦learning_rate: 0.1⟧, "The learning rate.")
flags.DEFINE_integer(name="num_epochs", default=⟦epochs: 10⟧, help="epochs")
flags.DEFINE_integer("log_every_steps", 100, "")
tf.app.flags.DEFINE_integer("batch_size", ⟦batch_size: 100⟧, "Batch size.")
tf.flags.DEFINE_float("dropout_keep_prob", ⟦dropout: 0.5⟧, "Dropout keep probability")
@click.command()
@click.option("--lr", default=⟦learning_rate: 0.01⟧, help="rate", show_default=True)
@click.option("-e", "--epochs", "epochs", type=int, default=⟦epochs: 4⟧)
@click.option("--name", default="run")
def main(lr, epochs, name): ...
app = typer.Typer()
@app.command()
def fit(epochs: int = ⟦epochs: 5⟧, lr: float = typer.Option(⟦learning_rate: 0.2⟧, "--rate"), out: str = "x"): ...
""",
    "constants": """
EPOCHS = ⟦epochs: 20⟧
LR, BATCH = ⟦learning_rate: 1e-3⟧, ⟦batch_size: 32⟧
a = weight_decay = ⟦weight_decay: 5e-4⟧
start_epoch = 0
best_epoch = 0
n_epochs_without_improvement = 0
epoch = 0
epoch += 1
LOG_EVERY = 10
def main():
    dropout_rate: float = ⟦dropout: 0.3⟧
    num_epochs = int(⟦epochs: 1e2⟧)
    batch_size = x.size(0)
    running_lr = None
    learning_rate = -1
""",
    "mappings": """
config = {"lr": ⟦learning_rate: 0.1⟧, "optim": {"momentum": ⟦momentum: 0.9⟧, "nesterov": ⟦other: True⟧}, "epoch": 0}
params = dict(batch_size=⟦batch_size: 64⟧, num_workers=4)
config["num_epochs"] = ⟦epochs: 5⟧
rate = config.get("dropout", ⟦dropout: 0.2⟧)
checkpoint = {"epoch": epoch + 1, "lr": lr}
norm_cfg = dict(type="BN", momentum=0.01)
""",
    "fields": """
from dataclasses import dataclass, field
class Config:
    LR = ⟦learning_rate: 0.1⟧
    EPOCHS: int = ⟦epochs: 5⟧
    EVAL_EVERY_EPOCHS = 1
@dataclass
class Training:
    batch_size: int = field(default=⟦batch_size: 16⟧, metadata={"help": "batch"})
    warmup_epochs: int = ⟦warmup: 5⟧
class Trainer:
    def __init__(self):
        self.lr = ⟦learning_rate: 0.01⟧
        self.epoch = 0
        self.running_momentum = 0.99
cfg.SOLVER.BASE_LR = ⟦learning_rate: 0.02⟧
cfg.SOLVER.WEIGHT_DECAY = ⟦weight_decay: 0.0001⟧
cfg.MODEL.BN.MOMENTUM = 0.1
args = Namespace(epochs=⟦epochs: 3⟧)
""",
    "parameters": """
def train(model, epochs=⟦epochs: 10⟧, *, lr=⟦learning_rate: 0.1⟧, device="cpu", epoch=0): ...
class Net:
    def __init__(self, drop_rate=⟦dropout: 0.5⟧, n=3): ...
train(model, ⟦epochs: 20⟧, lr=⟦learning_rate: 0.2⟧)
Net(⟦dropout: 0.1⟧)
def loader(size): return DataLoader(data, size)
loader(⟦batch_size: 48⟧)
from torch.utils.data import DataLoader
""",
    "torch_calls": """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim
from torch.optim.lr_scheduler import MultiStepLR, ReduceLROnPlateau, ExponentialLR as Decay
class Net(nn.Module):
    def __init__(self):
        self.drop = nn.Dropout(⟦dropout: 0.25⟧)
        self.drop2 = torch.nn.Dropout2d(p=⟦dropout: 0.5⟧)
        self.bn = nn.BatchNorm2d(64, eps=1e-5, momentum=0.1)
        self.lstm = nn.LSTM(8, 8, dropout=⟦dropout: 0.2⟧)
        self.act = nn.PReLU(num_parameters=1, init=0.25)
        self.leaky = nn.LeakyReLU(0.2)
    def forward(self, x):
        return F.dropout(x, ⟦dropout: 0.1⟧, self.training)
optimizer = optim.Adam(net.parameters(), lr=⟦learning_rate: 1e-3⟧, betas=(⟦beta1: 0.5⟧, ⟦beta2: 0.999⟧),
    eps=⟦epsilon: 1e-8⟧)
groups = optim.SGD([{"params": a, "lr": ⟦learning_rate: 1e-5⟧}, {"params": b}],
    ⟦learning_rate: 0.1⟧, ⟦momentum: 0.9⟧, ⟦other: 0⟧, ⟦weight_decay: 5e-4⟧)
s1 = MultiStepLR(optimizer, milestones=⟦milestones: [30, 60]⟧, gamma=⟦gamma: 0.1⟧)
s2 = ReduceLROnPlateau(optimizer, "min", ⟦gamma: 0.5⟧, ⟦other: 5⟧)
s3 = Decay(optimizer, ⟦gamma: 0.95⟧)
s4 = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=⟦learning_rate: 0.3⟧, epochs=⟦epochs: 9⟧,
    steps_per_epoch=len(loader))
train_loader = torch.utils.data.DataLoader(train_set, ⟦batch_size: 64⟧, True)
test_loader = torch.utils.data.DataLoader(test_set, ⟦eval_batch_size: 1000⟧)
loaders = {"train": torch.utils.data.DataLoader(sets[0], batch_size=⟦batch_size: 4⟧),
    "val": torch.utils.data.DataLoader(sets[1], batch_size=⟦eval_batch_size: 8⟧)}
nn.utils.clip_grad_norm_(net.parameters(), ⟦clip: 5.0⟧)
loss = nn.CrossEntropyLoss(label_smoothing=⟦label_smoothing: 0.1⟧)
torch.manual_seed(⟦seed: 0⟧)
focal = FocalLoss(gamma=2, alpha=0.25)
""",
    "keras_calls": """
from tensorflow import keras
from tensorflow.keras import layers, regularizers
from tensorflow.keras.optimizers import Adam, SGD
from tensorflow.keras.callbacks import EarlyStopping, ReduceLROnPlateau
import tensorflow as tf
model = keras.Sequential([
    layers.Dense(10, kernel_regularizer=regularizers.l2(⟦weight_decay: 1e-4⟧)),
    layers.BatchNormalization(momentum=0.8),
    layers.Dropout(⟦dropout: 0.5⟧),
    layers.LSTM(4, recurrent_dropout=⟦dropout: 0.3⟧),
])
model.compile(optimizer=Adam(⟦learning_rate: 1e-3⟧), loss="mse")
model.compile(SGD(lr=⟦learning_rate: 0.1⟧, momentum=⟦momentum: 0.9⟧, nesterov=⟦other: True⟧), loss="mse")
model.fit(x, y, ⟦batch_size: 32⟧, ⟦epochs: 10⟧,
    callbacks=[ReduceLROnPlateau("val_loss", ⟦gamma: 0.2⟧, patience=⟦other: 3⟧)])
model.fit(x, y, batch_size=⟦batch_size: 16⟧, epochs=⟦epochs: 5⟧, initial_epoch=2,
    validation_batch_size=⟦eval_batch_size: 64⟧)
model.evaluate(x_test, y_test, batch_size=⟦eval_batch_size: 128⟧)
model.predict(x, batch_size=⟦eval_batch_size: 256⟧)
train_ds = tf.data.Dataset.from_tensor_slices(x).shuffle(1000).batch(⟦batch_size: 24⟧)
test_ds = tf.data.Dataset.from_tensor_slices(x_test).batch(⟦eval_batch_size: 48⟧)
rate = keras.optimizers.schedules.ExponentialDecay(⟦learning_rate: 0.01⟧, ⟦step_size: 10000⟧, ⟦gamma: 0.9⟧)
tf.random.set_seed(⟦seed: 7⟧)
""",
    "jax_calls": """
import jax, optax
from flax import linen as nn
from jax.example_libraries import optimizers
step_size = ⟦learning_rate: 0.001⟧
opt_init, opt_update, get_params = optimizers.momentum(step_size, mass=⟦momentum: 0.9⟧)
tx = optax.chain(optax.clip_by_global_norm(⟦clip: 1.0⟧), optax.sgd(⟦learning_rate: 0.1⟧, ⟦momentum: 0.9⟧))
schedule = optax.exponential_decay(⟦learning_rate: 1e-2⟧, transition_steps=⟦step_size: 100⟧, decay_rate=⟦gamma: 0.96⟧)
tx = optax.adamw(schedule, weight_decay=⟦weight_decay: 1e-4⟧)
x = nn.Dropout(⟦dropout: 0.1⟧, deterministic=False)(x)
x = nn.BatchNorm(use_running_average=False, momentum=0.9)(x)
ema = optax.incremental_update(new, old, step_size=0.001)
key = jax.random.PRNGKey(⟦seed: 42⟧)
""",
    "lightning_and_huggingface": """
import pytorch_lightning as pl
from transformers import TrainingArguments
class Model(pl.LightningModule):
    def __init__(self, lr=⟦learning_rate: 2e-4⟧): self.save_hyperparameters()
    def train_dataloader(self): return DataLoader(data, batch_size=⟦batch_size: 32⟧)
    def val_dataloader(self): return DataLoader(data, batch_size=⟦eval_batch_size: 64⟧)
    def configure_optimizers(self): return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)
trainer = pl.Trainer(max_epochs=⟦epochs: 3⟧, gradient_clip_val=⟦clip: 0.5⟧, log_every_n_steps=50,
    check_val_every_n_epoch=2)
arguments = TrainingArguments("out", per_device_train_batch_size=⟦batch_size: 8⟧,
    per_device_eval_batch_size=⟦eval_batch_size: 16⟧,
    num_train_epochs=⟦epochs: 3⟧, learning_rate=⟦learning_rate: 2e-5⟧, warmup_steps=⟦warmup: 500⟧, save_steps=1000)
""",
    "tensorflow_1": """
import tensorflow as tf
import tensorflow.contrib.slim as slim
keep_prob = tf.placeholder(tf.float32)
h = tf.nn.dropout(x, keep_prob)
h2 = tf.nn.dropout(x, ⟦dropout: 0.8⟧)
opt = tf.train.MomentumOptimizer(⟦learning_rate: 0.01⟧, ⟦momentum: 0.9⟧)
rate = tf.train.exponential_decay(⟦learning_rate: 0.1⟧, step, ⟦step_size: 1000⟧, ⟦gamma: 0.95⟧, staircase=True)
reg = slim.l2_regularizer(⟦weight_decay: 4e-4⟧)
net = slim.batch_norm(net, decay=0.997, epsilon=1e-5)
average = tf.train.ExponentialMovingAverage(0.999)
sess.run(train_op, feed_dict={x: a, keep_prob: ⟦dropout: 0.5⟧})
sess.run(accuracy, feed_dict={x: b, keep_prob: 1.0})
loss = cross_entropy + ⟦weight_decay: 1e-4⟧ * l2_loss
""",
    "loops": """
for epoch in range(⟦epochs: 200⟧):
    for x, y in loader:
        loss.backward()
for epoch in tqdm(range(1, ⟦epochs: 11⟧)): train(epoch)
for ep in trange(⟦epochs: 4⟧): train(ep)
for i in range(3):
    print(i)
for epoch in range(start_epoch, start_epoch + ⟦epochs: 100⟧): train(epoch)
for step in range(⟦train_steps: 500⟧):
    loss.backward()
    optimizer.step()
for _ in range(⟦epochs: 6⟧):
    for batch in loader:
        optimizer.step()
while epoch < ⟦epochs: 50⟧:
    epoch += 1
for run in range(5):
    for epoch in range(epochs): train(epoch)
for fold in range(10): train(fold)
for i in range(len(names)): plot(i)
""",
    "expressions": """
def adjust_learning_rate(optimizer, epoch):
    lr = args.lr * (⟦gamma: 0.1⟧ ** (epoch // ⟦step_size: 30⟧))
    for group in optimizer.param_groups:
        group["lr"] = lr
def schedule(epoch):
    return ⟦learning_rate: 0.01⟧ * ⟦gamma: 0.5⟧ ** epoch
if epoch in ⟦milestones: [40, 80]⟧:
    lr *= ⟦gamma: 0.2⟧
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lr_lambda=lambda epoch: ⟦gamma: 0.95⟧ ** epoch)
lr = 0.5 * base_lr * (1 + math.cos(math.pi * epoch / epochs))
lr = args.lr * (1 - step / total) ** 0.9
optimizer = torch.optim.SGD(p, lr=⟦learning_rate: 0.1⟧ if big else ⟦learning_rate: 0.01⟧)
batch_size = ⟦batch_size: 32⟧ * gpus
w -= ⟦learning_rate: 0.05⟧ * w.grad
import torch, math
""",
    "reinforcement_learning": """
import gym
GAMMA = 0.99
gamma = 0.95
class Agent:
    def __init__(self, gamma=0.99, lr=⟦learning_rate: 1e-3⟧, batch_size=⟦batch_size: 64⟧):
        self.gamma = gamma
config = {"gamma": 0.9}
target = reward + GAMMA * best
""",
    "searches": """
import optuna, wandb
from ray import tune
def objective(trial):
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    batch_size = trial.suggest_categorical("batch_size", [16, 32])
rate = hp.Float("dropout", 0.0, 0.6, default=0.5)
dropout = hp.Float("dropout", 0.0, 0.6, step=0.1, default=0.5)
space = {"lr": tune.loguniform(1e-4, 1e-1), "dropout": tune.choice([0.1, 0.5])}
param_grid = {"lr": [0.1, 0.01], "epochs": [10, 20], "batch_size": 16}
sweep = {"parameters": {"lr": {"values": [0.1, 0.2]}, "momentum": {"min": 0.5, "max": 0.9}}}
for lr in [0.1, 0.01]:
    train(lr)
epochs = ⟦epochs: 3⟧
""",
    "keras_of_old": """
from keras.models import Sequential
from keras.layers.core import Dense, Dropout, Activation
from keras.layers import *
from keras.regularizers import l2
from keras.optimizers import SGD
from keras.preprocessing.image import ImageDataGenerator
from keras.callbacks import LearningRateScheduler
nb_epoch = ⟦epochs: 20⟧
model.add(Dropout(⟦dropout: 0.5⟧))
model.add(Dense(10, W_regularizer=l2(⟦weight_decay: 0.01⟧)))
model.add(SpatialDropout1D(⟦dropout: 0.2⟧))
sgd = SGD(lr=⟦learning_rate: 0.01⟧, decay=1e-6, momentum=⟦momentum: 0.9⟧, nesterov=⟦other: True⟧)
model.fit(X, Y, nb_epoch=⟦epochs: 12⟧, batch_size=⟦batch_size: 32⟧, verbose=1)
model.fit_generator(flow, samples_per_epoch=2000, nb_epoch=⟦epochs: 50⟧, validation_data=other, nb_val_samples=800)
train_generator = datagen.flow_from_directory("data/train", target_size=(150, 150), batch_size=⟦batch_size: 16⟧)
validation_generator = datagen.flow_from_directory("data/validation", batch_size=⟦eval_batch_size: 8⟧)
def step_decay(epoch):
    initial_lrate = ⟦learning_rate: 0.1⟧
    drop = ⟦gamma: 0.5⟧
    epochs_drop = ⟦step_size: 10.0⟧
    return initial_lrate * math.pow(drop, math.floor((1 + epoch) / epochs_drop))
callback = LearningRateScheduler(lambda epoch: ⟦learning_rate: 1e-3⟧ * ⟦gamma: 0.9⟧ ** epoch)
datagen = ImageDataGenerator(rotation_range=20, zoom_range=0.15)
""",
    "numpy_from_scratch": """
import numpy as np
alpha = ⟦learning_rate: 0.01⟧
eta = ⟦learning_rate: 0.5⟧
class Network:
    def __init__(self, sizes): self.sizes = sizes
    def fit(self, data, epochs, mini_batch_size, eta, lmbda=0.0):
        for j in range(epochs):
            for mini_batch in batches: self.update(mini_batch, eta)
    def update(self, batch, rate):
        self.w -= rate * self.gradient
net = Network([784, 30, 10])
net.fit(data, ⟦epochs: 30⟧, ⟦batch_size: 10⟧, ⟦learning_rate: 3.0⟧)
W = W - alpha * dW
b -= eta * grad_b
for i in range(⟦train_steps: 1000⟧):
    loss.backward()
""",
    "short_names": """
BS = ⟦batch_size: 32⟧
INIT_LR = ⟦learning_rate: 1e-3⟧
EPOCH = ⟦epochs: 25⟧
mb_size = ⟦batch_size: 128⟧
batch_sz = ⟦batch_size: 64⟧
maxEpoch = ⟦epochs: 40⟧
numEpochs, learningRate, batchSize = ⟦epochs: 3⟧, ⟦learning_rate: 0.1⟧, ⟦batch_size: 8⟧
lr_rate = ⟦learning_rate: 0.02⟧
p_dropout = ⟦dropout: 0.1⟧
attn_drop = ⟦dropout: 0.6⟧
drop_last = 1
lr_drop = ⟦step_size: 200⟧
D_LR = ⟦learning_rate: 1e-4⟧
lr_g = ⟦learning_rate: 2e-4⟧
l2_lambda = ⟦weight_decay: 1e-4⟧
max_epochs = ⟦epochs: 9⟧
lr_decay = ⟦gamma: 0.5⟧
lr_decay_epochs = ⟦step_size: 30⟧
lr_steps = ⟦milestones: [10, 20]⟧
n_epochs_stop = 5
batch_norm_momentum = 0.1
target_momentum = 0.996
batch_idx = 3
num_batches = 10
image_size = 224
display_epoch = 1
warmup_lr = ⟦other: 1e-6⟧
dropout = True
""",
    "other_libraries": """
import tflearn, lasagne, mxnet as mx
from fastai.vision.all import *
from mxnet import gluon
from stable_baselines3 import PPO
net = tflearn.regression(net, optimizer=⟦optimizer: "adam"⟧, learning_rate=⟦learning_rate: 0.001⟧)
model.fit(X, Y, n_epoch=⟦epochs: 10⟧, batch_size=⟦batch_size: 96⟧)
updates = lasagne.updates.nesterov_momentum(loss, params, learning_rate=⟦learning_rate: 0.01⟧,
    momentum=⟦momentum: 0.9⟧)
layer = lasagne.layers.DropoutLayer(layer, p=⟦dropout: 0.5⟧)
trainer = gluon.Trainer(parameters, "sgd", {"learning_rate": ⟦learning_rate: 0.1⟧, "wd": ⟦weight_decay: 1e-4⟧})
agent = PPO("MlpPolicy", env, learning_rate=⟦learning_rate: 3e-4⟧, batch_size=⟦batch_size: 64⟧,
    n_epochs=⟦epochs: 10⟧, gamma=0.99)
agent.learn(total_timesteps=⟦train_steps: 100000⟧)
""",
    "hugging_face_arguments": """
from dataclasses import dataclass, field
from transformers import HfArgumentParser, get_linear_schedule_with_warmup
@dataclass
class Arguments:
    learning_rate: float = field(default=⟦learning_rate: 5e-5⟧, metadata={"help": "rate"})
    num_train_epochs: float = ⟦epochs: 3.0⟧
    eval_steps: int = 100
    optim: str = field(default=⟦optimizer: "adamw_torch"⟧)
parser = HfArgumentParser(Arguments)
no_decay = ["bias"]
groups = [
    {"params": a, "weight_decay": ⟦weight_decay: 0.01⟧},
    {"params": b, "weight_decay": 0.0},
]
scheduler = get_linear_schedule_with_warmup(optimizer, num_warmup_steps=⟦warmup: 100⟧, num_training_steps=total)
""",
    "fire": """
import fire
def train(base_model: str = "x", batch_size: int = ⟦batch_size: 128⟧, num_epochs: int = ⟦epochs: 3⟧,
    lora_dropout: float = ⟦dropout: 0.05⟧, val_set_size: int = 2000):
    gradient_accumulation_steps = batch_size // 4
fire.Fire(train)
""",
    "names_followed": """
import torch, os
from torch.utils.data import DataLoader
x = ⟦learning_rate: 0.3⟧
def build(parameters, rate=⟦learning_rate: 0.05⟧, m=⟦momentum: 0.8⟧):
    return torch.optim.SGD(parameters, lr=rate, momentum=m)
build(p, rate=⟦learning_rate: 0.07⟧)
build(p, ⟦learning_rate: 0.08⟧)
hp = {"a": ⟦batch_size: 12⟧, "b": 3}
loader = DataLoader(data, batch_size=hp["a"])
optimizer = torch.optim.Adam(p, lr=x)
size = int(os.environ.get("SIZE", ⟦batch_size: 256⟧))
loader2 = DataLoader(data, size)
total = ⟦epochs: 33⟧
for epoch in range(total): train()
mom = ⟦momentum: 0.7⟧
bn = torch.nn.BatchNorm2d(3, momentum=m2)
m2 = 0.1
""",
    "what_only_looks_alike": """
import numpy as np
import tensorflow as tf
class Model:
    def __init__(self, sampling=False):
        if sampling:
            self.batch_size = 1
        else:
            self.batch_size = ⟦batch_size: 50⟧
loss = 2 * tf.nn.l2_loss(a - b)
loss += ⟦weight_decay: 5e-4⟧ * tf.nn.l2_loss(w)
factor = ReduceLROnPlateau(factor=np.sqrt(⟦gamma: 0.1⟧), cooldown=0)
eta = max(floor, initial_lr * ⟦gamma: 0.85⟧ ** (i // ⟦step_size: 100⟧))
tokens = data.map(tokenize, batched=True, batch_size=1000)
size = max(8, batch_size // 2)
per_gpu = batch_size // 4
lr_after = args.lr * 0.5 * (1 + np.cos(x))
schedule(⟦learning_rate: 0.3⟧)
def schedule(lr, batch=None): ...
plot(lr=lr, epoch=3, title="x")
save(model, epoch=1)
print(dict(epoch=0), "lr = 0.1")
x = x if momentum > 0.5 else y
from keras.callbacks import ReduceLROnPlateau
""",
}
"""By name of the form, a source."""
