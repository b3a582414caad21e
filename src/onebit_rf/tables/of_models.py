"""The columns by which tables of trained models tell them apart."""

import pyarrow as pa

from onebit_rf.tables.columns import WORD, field

MODEL = [
    field("training", WORD, "name of the training"),
    field("cell", WORD, "the training's name, or TRAINING/LEAF~VALUE/… of its sweep"),
    field("model", WORD, "quantizer of the hidden weights: KIND:BITS, or float"),
    field("weight_decay", pa.float64(), "decoupled weight decay"),
]
PROTOCOL = field("protocol", WORD, "fixed_epochs, matched_loss or early_stopping")
SEED = field("seed", pa.int32(), "root seed of the replicate")
