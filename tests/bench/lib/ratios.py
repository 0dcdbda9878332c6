# SPDX-License-Identifier: ISC
"""The ratios of our figures to the best rival's in the same run, kept from release to release: a
file of lines "part TAB work TAB wall|CPU TAB ratio".
"""
import os
import sys

MARGIN = 1.15
NOT_RIVALS = ("ugat", "limit", "ideal")


def best_ratio(line, key):
    ours = line["medians"][line["base"]].get(key)
    theirs = [row[key] for name, row in line["medians"].items() if not name.startswith(NOT_RIVALS) and row.get(key)]
    return ours / min(theirs) if ours and theirs else None


def of(lines):
    """{(part, work, what): ratio}; of what was measured twice, the better one."""
    ratios = {}
    for line in lines:
        if "work" not in line or not line["base"].startswith("ugat"):
            continue
        per_gib = "per_gib" in line["medians"][line["base"]]
        for what, key in (("wall", "wall"), ("CPU", "per_gib" if per_gib else "cpu")):
            ratio, name = best_ratio(line, key), (line["part"], line["work"], what)
            if ratio:
                ratios[name] = min(ratio, ratios.get(name, ratio))
    return ratios


def keep(path, ratios):
    with open(path, "w") as to:
        for (part, work, what), ratio in sorted(ratios.items()):
            print(part, work, what, "%.3f" % ratio, sep="\t", file=to)


def read(path):
    if not os.path.exists(path):
        sys.exit("run: no %s: `run -k` writes it, on a quiet machine" % path)
    with open(path) as kept:
        return {tuple(words[:3]): float(words[3]) for words in (line.rstrip("\n").split("\t") for line in kept)}


def slower(kept, now):
    """Those that are, and those that were not measured: (part, work, what, was, is)."""
    return [(*name, was, now.get(name, float("inf"))) for name, was in sorted(kept.items())
            if now.get(name, float("inf")) > was * MARGIN]
