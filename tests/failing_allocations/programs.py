#!/usr/bin/env python3
"""Runs the example programs while every allocation fails in turn.

    programs.py --library failing_malloc.so --programs FOLDER [--data FOLDER] [--first N] [--stride N] [--only NAME]

Each command runs once to count its allocations. Then allocation first, first + stride, ... fails, alone and with all
later ones. A run must end with exit code 0 and the right output, or with another exit code and a message on standard
error. It must not be ended by a signal, change its inputs, leave an incomplete model, or leave any other file behind.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

SMALL = ["--hidden-size", "4", "--embedding-size", "4", "--threads", "1"]


def commands(programs, data):
    """(name, command, standard input, outputs)"""
    translate, sentiment = programs / "translate", programs / "sentiment"
    pytorch, dates, report = programs / "from_pytorch", programs / "dates", programs / "report"
    tiny = ["--hidden-size", "2", "--embedding-size", "2", "--threads", "1", "--out", "."]
    train = ["train", "--pairs", "pairs.tsv", "--dev", "dev.tsv", "--epochs", "2", "--batch-size", "3"] + SMALL
    line = "a b a\nb a\n"
    return [
        ("translate-run", [translate, "run", "--model", "model.safetensors"], line, []),
        ("translate-run-beam", [translate, "run", "--model", "model.safetensors", "--beam-size", "3", "--n-best", "2"], line,
         []),
        ("translate-evaluate", [translate, "evaluate", "--model", "model.safetensors", "--pairs", "dev.tsv"], "", []),
        ("translate-score", [translate, "score", "--model", "model.safetensors", "--pairs", "dev.tsv"], "", []),
        ("translate-align", [translate, "align", "--model", "model.safetensors", "--pairs", "dev.tsv"], "", []),
        ("translate-train", [translate] + train + ["--save", "out.safetensors"], "", ["out.safetensors"]),
        ("translate-train-two-threads", [translate] + train[:-1] + ["2", "--save", "out.safetensors"], "",
         ["out.safetensors"]),
        ("translate-help", [translate, "train", "--help"], "", []),
        ("translate-wrong-option", [translate, "train", "--hiden", "3"], "", []),
        ("sentiment-run", [sentiment, "run", "--model", "labels.safetensors"], line, []),
        ("sentiment-train", [sentiment, "train", "--train", "labelled.tsv", "--save", "out.safetensors", "--epochs", "1",
                             "--hidden-size", "3", "--embedding-size", "3"], "", ["out.safetensors"]),
        ("from-pytorch-save", [pytorch, data / "luong.safetensors", "--save", "out.safetensors"], "",
         ["out.safetensors"]),
        ("from-pytorch-run", [pytorch, data / "luong.safetensors"], "a b\n", []),
        ("dates-model", [dates, "--model", "model.safetensors"], "a b\n", []),
        ("dates-train", [dates, "--pairs", "64", "--unseen", "2", "--claim", "0", "--epochs", "1"] + tiny, "",
         ["model.safetensors", "alignment.svg"]),
        ("report-train", [report, "--pairs", "64", "--unseen", "2", "--claim", "0", "--epochs", "1"] + tiny, "",
         ["model.safetensors", "alignment.svg"]),
        ("caption", [programs / "caption", "--images", "16", "--unseen", "2", "--alignment", "2", "--figures", "1"] +
         tiny, "", ["caption.svg"]),
        ("length", [programs / "length", "--data", ".", "--hidden-size", "2", "--epochs", "1", "--threads", "1", "--out",
                    "."], "", ["plain.safetensors", "bahdanau.safetensors", "length.svg"]),
    ]


def prepare(folder, programs):
    """Makes the small inputs of all commands."""
    pairs = "".join(f"{s}\t{t}\n" for s, t in [("a b", "b a"), ("b", "b"), ("a a b", "b a a"), ("b a", "a b"),
                                                 ("a", "a"), ("b b", "b b")])
    (folder / "pairs.tsv").write_text(pairs)
    (folder / "train.tsv").write_text(pairs)
    (folder / "dev.tsv").write_text("a b\tb a\nb\tb\n")
    (folder / "test_lenbuckets.tsv").write_text("".join(f"{'a ' * n}\ta\n" for n in range(3, 31, 4)))
    labels = "".join(f"{label}\t{words}\n" for label, words in [("good", "a b"), ("bad", "b b"), ("good", "a a"),
                                                                ("bad", "b"), ("good", "a"), ("bad", "b a b")])
    (folder / "labelled.tsv").write_text(labels)
    quiet = {"cwd": folder, "check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([programs / "translate", "train", "--pairs", "pairs.tsv", "--save", "model.safetensors", "--epochs",
                    "1"] + SMALL, **quiet)
    if not (programs / "sentiment").exists():
        return
    subprocess.run([programs / "sentiment", "train", "--train", "labelled.tsv", "--save", "labels.safetensors",
                    "--epochs", "1", "--hidden-size", "3", "--embedding-size", "3"], **quiet)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def run(command, text, folder, library, **settings):
    environment = dict(os.environ, LD_PRELOAD=str(library), LC_ALL="C")
    environment.update({f"HEED_{name}": str(value) for name, value in settings.items()})
    try:
        return subprocess.run([str(word) for word in command], input=text.encode(), cwd=folder, env=environment,
                              capture_output=True, timeout=120)
    except subprocess.TimeoutExpired:
        return None


def without_times(text):
    return re.sub(rb"[0-9][0-9.e-]* s\b", b"", text)


def fault(result, expected, inputs, complete, outputs, folder):
    """What is wrong with a run, or None."""
    found = content(folder)
    if result is None:
        return "does not end"
    if result.returncode < 0:
        return f"is ended by {signal.Signals(-result.returncode).name}: {result.stderr[-200:]!r}"
    for name, old in inputs.items():
        if name not in outputs and found.pop(name, None) != old:
            return f"changes or removes {name}"
    for name in outputs:
        bytes_found = found.pop(name, None)
        if bytes_found is None and result.returncode == expected.returncode == 0:
            return f"ends with 0 and writes no {name}"
        if bytes_found is not None and bytes_found != complete[name] and result.returncode == 0:
            return f"ends with 0 and writes another {name}"
        whole = bytes_found is None or (bytes_found.endswith(b"</svg>\n") if name.endswith(".svg")
                                        else bytes_found[8:9] == b"{")
        if not whole:
            return f"leaves an incomplete {name}"
    leftover = [name for name in found if ".training" not in name]  # the state of an unfinished run may stay
    if leftover:
        return f"leaves {' '.join(leftover)} behind"
    if result.returncode == expected.returncode and not (result.returncode and result.stderr.strip()):
        same = without_times(result.stdout) == without_times(expected.stdout)
        same = same or b"Usage:" in expected.stdout  # CLI11 writes its help to a stream that swallows exceptions
        return None if same else f"prints something else: {result.stdout[-200:]!r}"
    if not result.stderr.strip():
        return f"ends with {result.returncode} and says nothing"
    return None


def check(name, command, text, outputs, template, library, first, stride, report):
    with tempfile.TemporaryDirectory() as scratch:
        folder, counter = Path(scratch) / "work", Path(scratch) / "count"
        shutil.copytree(template, folder)
        inputs = content(folder)
        expected = run(command, text, folder, library, COUNT_FILE=counter)
        complete = content(folder)
        count = int(counter.read_text())
        faults = runs = 0
        for later in (False, True):
            for n in range(first, count + 1, stride):
                for extra in set(content(folder)) - set(inputs):
                    (folder / extra).unlink()
                for output in set(outputs) & set(inputs):
                    (folder / output).write_bytes(inputs[output])
                settings = {"FAIL_AT": n, "FAIL_LATER": 1} if later else {"FAIL_AT": n}
                wrong = fault(run(command, text, folder, library, **settings), expected, inputs, complete, outputs,
                              folder)
                runs += 1
                if wrong:
                    faults += 1
                    if faults <= report:
                        print(f"{name}: allocation {n}{' and all later ones' if later else ''}: {wrong}", flush=True)
                    for path, old in inputs.items():
                        (folder / path).write_bytes(old)
        print(f"{name}: {count} allocations, {runs} runs, {faults} faults", flush=True)
        return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, required=True, help="the preloaded library")
    parser.add_argument("--programs", type=Path, required=True, help="folder of the built examples")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "examples" / "from_pytorch",
                        help="folder of the PyTorch models")
    parser.add_argument("--first", type=int, default=1, help="the first allocation that fails")
    parser.add_argument("--stride", type=int, default=1, help="only every so many-th allocation fails")
    parser.add_argument("--only", default="", help="only commands whose name contains this")
    parser.add_argument("--report", type=int, default=5, help="faults to print for a command")
    options = parser.parse_args()
    faults = 0
    with tempfile.TemporaryDirectory() as scratch:
        template = Path(scratch)
        programs = options.programs.resolve()
        prepare(template, programs)
        for name, command, text, outputs in commands(programs, options.data.resolve()):
            if options.only in name and Path(command[0]).exists():
                faults += check(name, command, text, outputs, template, options.library.resolve(), options.first,
                                options.stride, options.report)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
