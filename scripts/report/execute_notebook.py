"""Runs a notebook's cells in its own kernel and tells of each on standard output, one JSON object a line.

What the kernel and its children print goes to standard error: they inherit this process's file descriptors.

Usage: execute_notebook.py NOTEBOOK OUT FOLDER SECONDS_PER_CELL KERNEL. Only nbclient speaks Jupyter's protocol; all
else of the report is TypeScript. An empty KERNEL is the one that the notebook names.
"""
import json
import os
import sys
import time

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError


def stderr_of(cell) -> str:
    """What a cell wrote to standard error: tslab reports its errors there alone."""
    texts = [output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stderr"]
    return "".join(texts)


# What a kernel must not lose: newer kernels of Deno let some of many lines fall, or land in a later cell, each time. The
# pinned one may end a cell before its last lines left where the library does not gather them (lib/show/gather_lines.ts)
# and the machine is busy: so lines are lost if every try loses some.
LINES = 500
TRIES = 5
PRINT_LINES = f"for (let line = 1; line <= {LINES}; line++) console.log(`line ${{line}}`);"
PRINT_END = 'console.log("end");'


def lost_lines(printed, end) -> str:
    """What of the printed lines did not arrive in the cell that printed them; empty if all did."""
    texts = ["".join(output.text for output in cell.outputs if output.output_type == "stream") for cell in (printed, end)]
    arrived = sum(f"line {line}\n" in texts[0] for line in range(1, LINES + 1))
    if arrived == LINES and texts[1] == "end\n":
        return ""
    return f"of {LINES} printed lines {arrived} arrived, and {len(texts[1].splitlines())} in the cell after, which printed 1"


def main(source: str, out: str, folder: str, seconds: str, kernel: str) -> int:
    notebook = nbformat.read(source, as_version=4)
    kernel = kernel or notebook.metadata.get("kernelspec", {}).get("name", "deno")
    code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]
    state = {"number": 0, "start": time.monotonic()}

    events = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def tell(**facts: object) -> None:
        print(json.dumps(facts), file=events, flush=True)

    def start(cell, cell_index: int) -> None:
        if cell_index in code:
            state.update(number=code.index(cell_index) + 1, start=time.monotonic())
            tell(event="start", cell=state["number"], cells=len(code))

    def done(cell, cell_index: int, execute_reply) -> None:
        if cell_index in code:
            elapsed = time.monotonic() - state["start"]
            tell(event="done", cell=state["number"], cells=len(code), seconds=elapsed)

    def fail(kind: str, message: str) -> int:
        tell(event="error", cell=state["number"], cells=len(code), kind=kind, message=message)
        return 1

    probes = [nbformat.v4.new_code_cell(source) for _ in range(TRIES) for source in (PRINT_LINES, PRINT_END)]
    notebook.cells.extend(probes)
    client = NotebookClient(
        notebook,
        timeout=float(seconds),
        startup_timeout=120,
        iopub_timeout=60,  # on a busy machine more than nbclient's 4 s pass between two printed lines
        kernel_name=kernel,
        resources={"metadata": {"path": folder}},
        on_cell_start=start,
        on_cell_executed=done,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        said = stderr_of(notebook.cells[code[state["number"] - 1]])
        return fail("", said) if said and not error.evalue else fail(error.ename, error.evalue)
    except CellTimeoutError:
        return fail("timeout", f"the cell ran longer than {seconds} s")
    except DeadKernelError:
        return fail("dead kernel", "the kernel died")
    except NoSuchKernel:
        return fail("no kernel", f"there is no kernel named {kernel!r}")
    losses = [lost_lines(*probes[k : k + 2]) for k in range(0, len(probes), 2)]
    if all(losses):
        return fail("lost output", losses[0])
    del notebook.cells[-len(probes):]
    nbformat.write(notebook, out)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
