#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The examples of the man pages, as a reader sees them, and those of README.md.

    examples.py [ROOT]             the name of each: "ugat-pick(1): Only the films"
    examples.py ROOT NAME          its text, prompts taken off

An example's name is its page and the sentence that stands before it. In a page all displays of the section
EXAMPLES are examples; in README.md all blocks below the headings that SECTIONS names.
"""
import glob
import os
import re
import subprocess
import sys

SECTIONS = ("First login", "Five pipelines worth stealing")
PROMPT = re.compile(r"^[$#] ", re.M)


def rendered(page):
    text = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=1000", page],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    return re.sub(".\b", "", text).splitlines()


def of_lines(lines, indent):
    """(sentence, text) of each block that is indented at least so far, in lines of one section."""
    sentence, block = None, []
    for line in lines + ["."]:
        if line.startswith(" " * indent):
            block.append(line[indent:])
        elif line == "" and block:
            block.append("")
        elif line != "":
            if block:
                yield sentence, "\n".join(block).rstrip("\n") + "\n"
                sentence, block = None, []
            sentence = line.strip().rstrip(":.").replace("`", "'")


def of_page(page):
    name = "%s(%s)" % tuple(os.path.basename(page).rsplit(".", 1))
    lines = rendered(page)
    start = next((i + 1 for i, line in enumerate(lines) if line == "EXAMPLES"), len(lines))
    end = next((i for i in range(start, len(lines)) if re.match(r"\S", lines[i])), len(lines))
    return [(name, *one) for one in of_lines(lines[start:end], 11)]


def of_readme(path):
    found = []
    for section in open(path).read().split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        if title in SECTIONS:
            found += [("README", *one) for one in of_lines(body.splitlines(), 4)]
    return found


def examples(root, page="*"):
    """Of all pages and README.md, or of the one of that name."""
    found = []
    for path in sorted(glob.glob(os.path.join(root, "man", page + ".[1-8]"))):
        found += of_page(path)
    readme = os.path.join(root, "README.md")
    if page in ("*", "README") and os.path.exists(readme):
        found += of_readme(readme)
    return [("%s: %s" % (page, sentence), text) for page, sentence, text in found]


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../..")
    if len(sys.argv) > 2:
        named = dict(examples(root, re.split(r"[(:]", sys.argv[2])[0]))
        if sys.argv[2] not in named:
            sys.exit("examples.py: no such example: " + sys.argv[2])
        sys.stdout.write(PROMPT.sub("", named[sys.argv[2]]))
        return
    for name, _ in examples(root):
        print(name)


if __name__ == "__main__":
    main()
