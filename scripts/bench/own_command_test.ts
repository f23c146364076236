import assert from "node:assert/strict";
import { ownCommand } from "./own_command.ts";

Deno.test("ownCommand() keeps the options and names no folder of this machine", () => {
  assert.equal(ownCommand(["engine", "--models", "a,b"]), "deno task bench engine --models a,b");
  assert.equal(
    ownCommand(["photographs", "--root", "/data/of/mine/val", "--out=/tmp/x.json", "--weights", "sub/w"]),
    "deno task bench photographs --root val --out=x.json --weights sub/w",
  );
});
