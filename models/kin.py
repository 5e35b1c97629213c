#!/usr/bin/env python3
"""Makes `kin-v1.bin`: for each word that the house embedder knows, the words whose vectors are much like its own.

Words with one stem are one word; its vector is the mean of their unit vectors. Words of less than two letters, pieces
of words and numbers are left out. Reads `house-v1.bin` and nothing else. Needs Python >= 3.11 with numpy==2.4.6 and
snowballstemmer==3.1.1; takes ten seconds.

  python models/kin.py models/house-v1.bin models/kin-v1.bin
"""

import pathlib
import struct
import sys

import numpy as np
import snowballstemmer

MAGIC = b"GRKINDS1"
"""Eight bytes; the digit is the version of the layout, described in README.md."""
HOUSE_HEADER = 56
LEAST = 0.4
"""Least cosine of two words that are kin; picked on half of LoCoMo, where 0.4 to 0.5 were within noise."""
MOST = 64
"""Most kin of one word, the nearest; most have about twenty."""


def read(house):
    """Unit vectors and words of the pieces that are whole words and count for something."""
    dim, pieces, size = struct.unpack("<III", house[8:20])
    scales = np.frombuffer(house, "<f4", pieces, HOUSE_HEADER)
    rows = np.frombuffer(house, np.int8, pieces * dim, HOUSE_HEADER + 4 * pieces).reshape(pieces, dim)
    text = house[HOUSE_HEADER + 4 * pieces + pieces * dim:][:size].decode()
    words = text.split("\n")[:pieces]
    lengths = np.linalg.norm(rows.astype(np.float32), axis=1)
    fits = [at for at, word in enumerate(words)
            if word.isalpha() and len(word) > 1 and scales[at] > 0 and lengths[at] > 0]
    return [words[at] for at in fits], rows[fits].astype(np.float32) / lengths[fits, None]


def main():
    house, out = (pathlib.Path(argument) for argument in sys.argv[1:3])
    house = house.read_bytes()
    words, vectors = read(house)
    stems = {}
    for at, stem in enumerate(snowballstemmer.stemmer("english").stemWords(words)):
        stems.setdefault(stem, []).append(at)
    # A stem goes by its shortest word; whoever reads the file stems it again.
    names = [min((words[at] for at in group), key=len) for group in stems.values()]
    means = np.array([vectors[group].mean(axis=0) for group in stems.values()])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    counts, entries = [], bytearray()
    for at, mean in enumerate(means):
        cosines = means @ mean
        cosines[at] = 0
        kin = [other for other in np.argsort(-cosines, kind="stable")[:MOST] if cosines[other] > LEAST]
        counts.append(len(kin))
        for other in kin:
            likeness = round(255 * (float(cosines[other]) - LEAST) / (1 - LEAST))
            entries += struct.pack("<HB", other, likeness)
    text = "\n".join(names).encode()
    head = MAGIC + house[24:56] + struct.pack("<III", len(names), len(text), len(entries) // 3)
    out.write_bytes(head + np.array(counts, np.uint8).tobytes() + bytes(entries) + text)
    print(f"{len(names)} words, {len(entries) // 3} kin, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
