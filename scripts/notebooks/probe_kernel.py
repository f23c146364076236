"""Drives a kernel as JupyterLab does and tells what came back, one JSON object a cell.

Usage: probe_kernel.py KERNEL FOLDER < CELLS, where CELLS is a JSON list of {code, interruptAfter?: seconds from the
cell's first output}. Answers hold `status`, the `streams` and `displays` that arrived for the cell, and the `seconds`
from the interrupt to its end.
"""
import json
import queue
import sys
import time

from jupyter_client.manager import KernelManager

LONGEST = 60
# After an error tslab drops, for a fifth of a second, what was asked for meanwhile.
PAUSE_AFTER_ERROR = 1


def run_cell(manager, client, code: str, interrupt_after=None) -> dict:
    request = client.execute(code, allow_stdin=False)
    streams, displays, interrupted, deadline = [], [], None, time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        try:
            message = client.get_iopub_msg(timeout=0.1)
        except queue.Empty:
            message = None
        kind, content = (message["msg_type"], message["content"]) if message else (None, {})
        ours = message is not None and message["parent_header"].get("msg_id") == request
        if ours and kind == "stream":
            streams.append(content["text"])
        elif ours and kind in ("display_data", "update_display_data"):
            displays.append({"kind": kind, "id": content.get("transient", {}).get("display_id"), "types": list(content["data"])})
        if ours and kind == "status" and content["execution_state"] == "idle":
            break
        if (streams or displays) and interrupt_after is not None and interrupted is None:
            time.sleep(interrupt_after)
            manager.interrupt_kernel()
            interrupted = time.monotonic()
    while (reply := client.get_shell_msg(timeout=10))["parent_header"].get("msg_id") != request:
        pass
    seconds = None if interrupted is None else time.monotonic() - interrupted
    return {"status": reply["content"]["status"], "streams": "".join(streams), "displays": displays, "seconds": seconds}


def main(kernel: str, folder: str) -> None:
    manager = KernelManager(kernel_name=kernel)
    manager.start_kernel(cwd=folder, stdout=sys.stderr, stderr=sys.stderr)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        for cell in json.load(sys.stdin):
            answer = run_cell(manager, client, cell["code"], cell.get("interruptAfter"))
            if answer["status"] != "ok":
                time.sleep(PAUSE_AFTER_ERROR)
            print(json.dumps({**answer, "alive": manager.is_alive()}), flush=True)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
