"""Runs a notebook's cells in its own kernel and tells of each on standard output, one JSON object a line.

Usage: execute_notebook.py NOTEBOOK OUT FOLDER SECONDS_PER_CELL. Only nbclient speaks Jupyter's protocol; all else
of the report is TypeScript.
"""
import json
import sys
import time

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError


def main(source: str, out: str, folder: str, seconds: str) -> int:
    notebook = nbformat.read(source, as_version=4)
    kernel = notebook.metadata.get("kernelspec", {}).get("name", "deno")
    code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]
    state = {"number": 0, "start": time.monotonic()}

    def tell(**facts: object) -> None:
        print(json.dumps(facts), flush=True)

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

    client = NotebookClient(
        notebook,
        timeout=float(seconds),
        startup_timeout=120,
        kernel_name=kernel,
        resources={"metadata": {"path": folder}},
        on_cell_start=start,
        on_cell_executed=done,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        return fail(error.ename, error.evalue)
    except CellTimeoutError:
        return fail("timeout", f"the cell ran longer than {seconds} s")
    except DeadKernelError:
        return fail("dead kernel", "the kernel died")
    except NoSuchKernel:
        return fail("no kernel", f"there is no kernel named {kernel!r}")
    nbformat.write(notebook, out)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
