# SPDX-License-Identifier: ISC
"""What was measured, as tables."""

COLUMNS = (("wall s", "wall", 1, "%.3f"), ("CPU s", "cpu", 1, "%.3f"), ("CPU s/GiB", "per_gib", 1, "%.2f"),
           ("own MiB", "anon", 1024, "%.1f"), ("peak MiB", "rss", 1024, "%.1f"), ("MB received", "bytes", 1e6, "%.1f"),
           ("the other side's CPU s/GiB", "seeder", 1, "%.2f"), ("sender's CPU s", "sending", 1, "%.2f"),
           ("receiver's CPU s", "receiving", 1, "%.2f"), ("% of a core", "share", 1, "%.2f"),
           ("own KiB a peer", "each", 1, "%.1f"), ("peers let in", "peers", 1, "%d"),
           ("still there", "left", 1, "%d"), ("blocks", "blocks", 1, "%d"),
           ("ns a pick", "pick", 1, "%.0f"), ("ns a block", "block", 1, "%.0f"))


def aligned(rows):
    """The first row is the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rows = [rows[0], ["-" * width for width in widths]] + rows[1:]
    return ["| %s |" % " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows]


def ratio(base, other, key):
    return base[key] / other[key] if base.get(key) and other.get(key) else None


def cell(row, key, scale, form):
    """Times of milliseconds have a digit more."""
    if key not in row:
        return ""
    if key in ("wall", "cpu") and row[key] < 0.1:
        form = "%.4f"
    return form % (row[key] / scale)


def rows_of(medians, base, columns):
    for name, row in medians.items():
        cells = [cell(row, key, scale, form) for _, key, scale, form in columns]
        keys = ("wall", "per_gib" if "per_gib" in row else "cpu")
        pair = [ratio(medians[base], row, key) if name != base else None for key in keys]
        yield [name] + cells + ["%.2f" % r if r else "" for r in pair]


def one(work, medians, base):
    """The ratios are base's figure to each one's: below 1 it is the better one."""
    columns = [c for c in COLUMNS if any(c[1] in row for row in medians.values())]
    return aligned([[work] + [c[0] for c in columns] + [base + ": wall", "CPU"]] +
                   list(rows_of(medians, base, columns)))


def all_in_one(works):
    """Every pair: ours beside each other one."""
    columns = [c for c in COLUMNS if any(c[1] in row for work in works for row in work["medians"].values())]
    rows = [["work", "program"] + [c[0] for c in columns] + ["ours: wall", "CPU"]]
    for work in works:
        title = work["work"]
        for row in rows_of(work["medians"], work["base"], columns):
            rows.append([title] + row)
            title = ""
    return ["", "== All of it; the ratios are our figure to theirs", ""] + aligned(rows) if works else []


def aims(goals):
    rows = [["aim", "is", "at most", ""]]
    rows += [[goal["goal"], goal["figure"], goal["limit"], "met" if goal["met"] else "NOT MET"] for goal in goals]
    return ["", "== Aims", ""] + aligned(rows) if goals else []
