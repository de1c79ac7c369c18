import { toJson } from "@bufbuild/protobuf";
import { type Command, InvalidArgumentError } from "commander";
import { DebugService, FlushCallResponseSchema } from "../../gen/clue/debug/v1/debug_pb.js";
import { commandWith, type Run } from "./command.js";
import { countOf } from "./count.js";
import { exitCodes } from "./failure.js";

/** `flush <id>`: writes what a call holds back to the server's log. */
export function flushCommand(run: Run): Command {
  return commandWith("flush", "write the log lines that a call holds back to the server's log", ["flush 42"])
    .argument("<id>", "the call's id, as calls and tail show it", callId)
    .action((id: bigint, _: object, command: Command) =>
      run(command, async ({ client, screen, isJson, options }) => {
        const answer = await client(DebugService).flushCall({ id }, options);
        if (isJson) await screen.json(toJson(FlushCallResponseSchema, answer, { alwaysEmitImplicit: true }));
        else await screen.write(`${countOf(answer.lines, "line")} of call ${id} written`);
        return exitCodes.ok;
      }),
    );
}

function callId(text: string): bigint {
  const id = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
  if (id !== BigInt.asUintN(64, id)) throw new InvalidArgumentError("Expected a number, as calls shows it.");
  return id;
}
